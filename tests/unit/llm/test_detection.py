"""Detection of a wire format: the format taken, the events kept, and when detection stops."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sse_cli.llm import detection
from sse_cli.llm.detection import MAX_EVENTS, MAX_SECONDS, Detector
from sse_cli.llm.extractor import Envelope
from tests.support.format_corpus import BY_NAME, FORMATS

CHAT: Final = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
UNKNOWN: Final = {"unheard": "of"}


def envelope(data: Any, raw: str = "…") -> Envelope:
    return {"event": "message", "id": None, "data": data, "raw": raw}


def test_the_first_format_that_matches_an_event_is_taken() -> None:
    detector = Detector(FORMATS)
    assert detector.feed(envelope(UNKNOWN), 1, 0.0) is None
    assert detector.format is None
    extractor = detector.feed(envelope(CHAT), 2, 0.0)
    assert extractor is not None
    assert detector.extractor is extractor
    assert detector.format is BY_NAME["openai-chat"]


def test_a_single_format_is_taken_at_once() -> None:
    assert Detector([BY_NAME["gemini"]]).format is BY_NAME["gemini"]


def test_a_format_that_starts_with_the_stream_matches_the_first_event_only() -> None:
    first, second = Detector(FORMATS), Detector(FORMATS)
    assert first.feed(envelope("Hello", "Hello"), 1, 0.0) is not None
    assert first.format is BY_NAME["plain"]
    second.feed(envelope(UNKNOWN), 1, 0.0)
    assert second.feed(envelope("Hello", "Hello"), 2, 0.0) is None


def test_events_are_kept_up_to_the_one_that_shows_the_format() -> None:
    detector = Detector(FORMATS, keep=True)
    detector.feed(envelope(UNKNOWN), 1, 0.5)
    detector.feed(envelope(CHAT), 2, 0.7)
    assert detector.take_kept() == [(envelope(UNKNOWN), 1, 0.5), (envelope(CHAT), 2, 0.7)]
    assert detector.take_kept() == []


def test_no_event_is_kept_unless_asked_for() -> None:
    detector = Detector(FORMATS)
    detector.feed(envelope(UNKNOWN), 1, 0.0)
    assert detector.take_kept() == []


@pytest.mark.parametrize("keep", [False, True])
def test_detection_ends_after_a_number_of_events(keep: bool) -> None:
    detector = Detector(FORMATS, keep=keep)
    for n in range(1, MAX_EVENTS):
        detector.feed(envelope(UNKNOWN), n, 0.0)
    assert not detector.gave_up
    detector.feed(envelope(UNKNOWN), MAX_EVENTS, 0.0)
    assert detector.gave_up
    assert detector.take_kept() == []
    assert detector.feed(envelope(CHAT), MAX_EVENTS + 1, 0.0) is None
    assert detector.format is None


@pytest.mark.parametrize("keep", [False, True])
def test_detection_that_keeps_events_ends_after_some_seconds(keep: bool) -> None:
    detector = Detector(FORMATS, keep=keep)
    detector.feed(envelope(UNKNOWN), 1, 3.0)
    detector.feed(envelope(UNKNOWN), 2, 2.9 + MAX_SECONDS)
    assert not detector.gave_up
    detector.feed(envelope(UNKNOWN), 3, 3.0 + MAX_SECONDS)
    assert detector.gave_up is keep


@pytest.mark.parametrize("keep", [False, True])
def test_detection_that_keeps_events_ends_after_their_size(
    keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "MAX_SIZE", 10)
    detector = Detector(FORMATS, keep=keep)
    detector.feed(envelope(UNKNOWN, "x" * 10), 1, 0.0)
    assert not detector.gave_up
    detector.feed(envelope(UNKNOWN, "x"), 2, 0.0)
    assert detector.gave_up is keep


def test_an_event_that_shows_the_format_late_is_not_too_late() -> None:
    detector = Detector(FORMATS, keep=True)
    detector.feed(envelope(UNKNOWN), 1, 0.0)
    assert detector.feed(envelope(CHAT), 2, 60.0) is not None
    assert not detector.gave_up
