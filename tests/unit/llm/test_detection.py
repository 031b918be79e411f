"""Detection of a wire format: the format taken, the events kept, and when detection stops."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sse_cli.llm import detection
from sse_cli.llm.detection import ENOUGH_SECONDS, MAX_EVENTS, SETTLING, Detector
from sse_cli.llm.extractor import Envelope
from sse_cli.text import json_values
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


def test_events_are_kept_up_to_the_one_that_shows_the_format() -> None:
    detector = Detector(FORMATS, keep=True)
    detector.feed(envelope(UNKNOWN), 1, 0.5)
    detector.feed(envelope(CHAT), 2, 0.7)
    assert detector.kept() == [(envelope(UNKNOWN), 1, 0.5), (envelope(CHAT), 2, 0.7)]
    detector.drop_kept()
    assert detector.kept() == []


def test_no_event_is_kept_unless_asked_for() -> None:
    detector = Detector(FORMATS)
    detector.feed(envelope(UNKNOWN), 1, 0.0)
    assert detector.kept() == []


def test_a_search_that_keeps_events_goes_on_and_the_other_ends() -> None:
    kept, unkept = Detector(FORMATS, keep=True), Detector(FORMATS)
    for n in range(1, MAX_EVENTS + 10):
        kept.feed(envelope(UNKNOWN), n, 0.0)
        if not unkept.is_settled:
            unkept.feed(envelope(UNKNOWN), n, 0.0)
            assert unkept.is_settled is (n == MAX_EVENTS)
    assert not kept.is_settled
    assert len(kept.kept()) <= 1
    assert kept.feed(envelope(CHAT), MAX_EVENTS + 10, 600.0) is not None
    assert kept.kept() == [(envelope(CHAT), MAX_EVENTS + 10, 600.0)]


def test_kept_events_are_bounded_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "MAX_SIZE", 10)
    detector = Detector(FORMATS, keep=True)
    for n in range(1, 20):
        detector.feed(envelope(UNKNOWN, "x" * 6), n, 0.0)
        assert len(detector.kept()) <= 3
    assert not detector.is_settled


# A more specific format


def test_a_more_specific_format_takes_over_within_the_next_events() -> None:
    detector = Detector(FORMATS, keep=True)
    detector.feed(envelope({"jsonrpc": "2.0", "id": 1, "result": {}}), 1, 0.0)
    assert detector.format is BY_NAME["mcp"]
    task = {"jsonrpc": "2.0", "id": 1, "result": {"kind": "task", "id": "t", "contextId": "c"}}
    detector.feed(envelope(task), 2, 0.0)
    assert detector.format is BY_NAME["a2a-v03"]


def test_a_format_is_settled_after_some_events() -> None:
    detector = Detector(FORMATS, keep=True)
    for n in range(1, SETTLING + 1):
        detector.feed(envelope(CHAT), n, 0.0)
        assert not detector.is_settled
    detector.feed(envelope(CHAT), SETTLING + 1, 0.0)
    assert detector.is_settled


def test_a_more_general_format_never_takes_over() -> None:
    detector = Detector(FORMATS, keep=True)
    detector.feed(envelope({"result": {"kind": "task", "id": "t", "contextId": "c"}}), 1, 0.0)
    detector.feed(envelope({"jsonrpc": "2.0", "id": 1, "result": {}}), 2, 0.0)
    detector.feed(envelope("text", "text"), 3, 0.0)
    assert detector.format is BY_NAME["a2a-v03"]


# Tentative formats


def texts(*data: str) -> list[Envelope]:
    return [envelope(json_values.parse(one), one) for one in data]


def detected(*events: Envelope, seconds: float = 0.0) -> str | None:
    """Return the name of the format that is known before the end of the stream."""
    detector = Detector(FORMATS, keep=True)
    for n, event in enumerate(events):
        detector.feed(event, n + 1, n * seconds)
    return detector.format.name if detector.format else None


def test_plain_text_needs_several_events_or_the_end_of_the_stream() -> None:
    assert detected(*texts("one")) is None
    assert detected(*texts("one", "two")) is None
    assert detected(*texts("one", "two"), seconds=ENOUGH_SECONDS) == "plain"
    assert detected(*texts("one", "two", "three")) == "plain"
    assert detected(*texts("one", "[DONE]")) == "plain"
    detector = Detector(FORMATS, keep=True)
    detector.feed(texts("one")[0], 1, 0.0)
    detector.finish()
    assert detector.format is BY_NAME["plain"]


@pytest.mark.parametrize(
    "noise",
    [
        [": PROCESSING"] * 30,
        ["connected"],
        ["connected", "ok", "start", "go"],
        ['{"choices": [{"delta"'],
        ['"a"', '"b"', '"c"', '"d"'],
        ["5", "6", "7"],
        ['{"unheard": "of"}', "wait"],
    ],
)
def test_noise_before_the_first_json_event_does_not_make_a_stream_plain(noise: list[str]) -> None:
    assert detected(*texts(*noise), envelope(CHAT)) == "openai-chat"


def test_text_is_plain_only_if_it_outnumbers_the_json_objects() -> None:
    objects = [envelope(UNKNOWN)] * 3
    assert detected(*objects, *texts("a", "b", "c")) is None
    assert detected(*objects, *texts("a", "b", "c", "d")) == "plain"


def test_json_strings_are_told_from_plain_text_by_the_majority() -> None:
    assert detected(*texts('"a"', '"b"', '"c"')) == "json-strings"
    assert detected(*texts("connected", '"b"', '"c"')) == "json-strings"
    assert detected(*texts("a", '"b"', "c")) == "plain"
    assert detected(*texts('"a"', "1", '"b"', "true", "null")) == "json-strings"
    assert detected(*texts('"a"', "1", "2", "3", "true")) == "json-strings"
    assert detected(*texts("1", "2", "3")) == "json-strings"  # it is JSON
    assert detected(*texts("1", "2", "a")) == "plain"
    assert detected(*texts("true", "true", "null")) == "plain"
