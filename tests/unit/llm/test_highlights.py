"""Highlights of single events in `watch`: text, reasoning and tool calls, nothing kept."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.detection import MAX_EVENTS
from sse_cli.llm.highlights import Highlight, Highlights
from sse_cli.model.events import Chunk, Message, Opened
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from tests.support import long_runs
from tests.support.format_corpus import BY_NAME, FORMATS, STREAMS, expected_of, mutated


def row(payload: Any, n: int = 1, at: float = 0.0, kind: str = "message") -> Row:
    data = payload if isinstance(payload, str) else json.dumps(payload)
    return Row(Message(kind, data, "", None, at, 0, len(data), n))


def chat(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


def test_the_strings_of_an_event_are_told_apart() -> None:
    highlights = Highlights(FORMATS)
    function = {"name": "f", "arguments": '{"x"'}
    event = chat(content="é", reasoning="hm", tool_calls=[{"index": 0, "function": function}])
    assert highlights.feed(row(event)) == [
        Highlight("reasoning", "hm"),
        Highlight("text", "é"),
        Highlight("tool", '{"x"'),
        Highlight("tool", "f"),
    ]
    assert highlights.format is not None
    assert highlights.format.name == "openai-chat"


def test_the_first_of_each_kind_and_the_token_count_are_kept() -> None:
    highlights = Highlights(FORMATS)
    for n, delta in enumerate(({"reasoning": "a"}, {"reasoning": "b"}, {"content": "c"})):
        highlights.feed(row(chat(**delta), n, at=float(n)))
    highlights.feed(row({"choices": [], "usage": {"completion_tokens": 5}}, 4))
    highlights.feed(row({"choices": [], "usage": {"prompt_tokens": 1}}, 5))
    assert highlights.first == {"reasoning": 0.0, "text": 2.0}
    assert highlights.tokens == 5


def test_an_event_without_text_has_no_highlights() -> None:
    highlights = Highlights(FORMATS)
    assert highlights.feed(row("[DONE]")) == []
    assert highlights.feed(row(chat(role="assistant", content=""))) == []
    assert highlights.feed(row("[DONE]")) == []
    assert highlights.feed(row({"other": 1})) == []


def test_plain_text_has_no_highlights() -> None:
    highlights = Highlights(FORMATS)
    assert highlights.feed(row("plain text")) == []
    assert highlights.feed(row({"unheard": "of"})) == []
    assert highlights.format is None


def test_detection_of_a_format_stops_after_a_while() -> None:
    highlights = Highlights(FORMATS)
    for n in range(MAX_EVENTS):
        highlights.feed(row({"unheard": "of"}, n))
    assert highlights.feed(row(chat(content="late"))) == []
    assert highlights.format is None


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_highlights_have_the_format_and_the_strings_that_tail_joins(path: Path) -> None:
    expected = expected_of(path)
    highlights, accumulator = Highlights(FORMATS), Accumulator([BY_NAME[expected["format"]]])
    for one in _rows(path):
        texts = [part.text for part in highlights.feed(one) if part.kind == "text"]
        accumulator.feed([one])
        said = "".join(texts)
        typed = "".join(piece.value for piece in one.deltas if piece.kind == "text")
        # Highlights do not join surrogate pairs; text after the end is not part of the answer.
        if highlights.format and not accumulator.done and said.isprintable():
            # Events of cumulative formats hold the text so far, and tail prints only the new part.
            assert said.endswith(typed)
    found = highlights.format.name if highlights.format else None
    assert found == (None if expected["format"] == "plain" else expected["format"])


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
@long_runs.count("rounds", 4, 100)
def test_no_payload_makes_highlights_fail(seed: int, rounds: int, path: Path) -> None:
    dice = random.Random(f"{seed} {path.stem}")
    rows = list(_rows(path))
    for _ in range(rounds):
        highlights = Highlights(FORMATS)
        for one in rows:
            payload = one.payload
            if isinstance(payload, dict) and dice.random() < 0.5:
                payload = mutated(dice, payload)
            parts = highlights.feed(row(payload, kind=one.message.type))
            assert all(isinstance(part.text, str) for part in parts)


def _rows(path: Path) -> list[Row]:
    """Return the messages of a stream of the corpus."""
    session = Session()
    session.feed(Opened(0.0, "", media="ndjson" if path.suffix == ".ndjson" else "event-stream"))
    events = session.feed(Chunk(0.0, path.read_bytes()))
    return [Row(event) for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name)
def test_highlights_and_tail_agree_on_whether_a_stream_is_complete(path: Path) -> None:
    session, highlights, whole = Session(), Highlights(FORMATS), Accumulator(FORMATS)
    session.feed(Opened(0.0, "", media="ndjson" if path.suffix == ".ndjson" else "event-stream"))
    for event in session.feed(Chunk(0.0, path.read_bytes())):
        if isinstance(event, Message):
            highlights.feed(Row(event))
            whole.feed([Row(event)])
            if highlights.format and whole.format and not whole.format.tentative and not whole.done:
                assert highlights.is_whole == whole.is_whole, event.n
