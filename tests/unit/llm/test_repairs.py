"""Payloads that a gateway broke: one document in several events, encoded twice, framed twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_cli.llm.accumulator import Accumulator
from sse_cli.model.events import Message
from sse_cli.model.row import Row
from tests.support.format_corpus import FORMATS


def event(content: str) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": content}}]})


def answer_of(*data: str) -> tuple[str, str | None, dict[Any, int]]:
    """Return the text, the format and the repairs of a stream of events with these data."""
    accumulator = Accumulator(FORMATS)
    for n, one in enumerate(data, 1):
        accumulator.feed([Row(Message("message", one, "", None, 0.0, 0, 0, n))])
    accumulator.finish(0.0)
    wire = accumulator.format
    return str(accumulator.choice().text), wire.name if wire else None, accumulator.repairs.counts


@pytest.mark.parametrize("cut", [1, 9, -2])
def test_two_halves_of_a_document_are_read_as_one(cut: int) -> None:
    one, two, three = event("a"), event("b"), event("c")
    chat = "openai-chat"
    assert answer_of(one[:cut], one[cut:], two, three) == ("abc", chat, {"parts": 2})
    assert answer_of(one, two[:cut], two[cut:], three) == ("abc", chat, {"parts": 2})


def test_more_parts_of_a_document_are_read_as_one() -> None:
    one, two, three = event("a"), event("b"), event("c")
    chat = "openai-chat"
    assert answer_of(one[:9], one[9:20], one[20:], two) == ("ab", chat, {"parts": 3})
    assert answer_of(one, *two, three) == ("abc", chat, {"parts": len(two)})  # numbers, too
    lines = json.dumps(json.loads(one), indent=1).splitlines()
    assert answer_of(*lines, two) == ("ab", chat, {"parts": len(lines)})


def test_a_document_that_was_never_completed_does_not_spoil_the_next() -> None:
    one, two = event("a"), event("b")
    assert answer_of(two, one[:9], two[:9], two[9:]) == ("bb", "openai-chat", {"parts": 2})
    assert answer_of(two, one[:9], two, one[9:]) == ("bb", "openai-chat", {})


def test_a_half_alone_is_not_joined_to_a_whole_event() -> None:
    one, two = event("a"), event("b")
    assert answer_of(one[:9], two) == ("b", "openai-chat", {})
    assert answer_of(two, one[:9], one[:9], two, "[DONE]") == ("bb", "openai-chat", {})


def test_json_that_was_encoded_twice_is_read() -> None:
    twice = [json.dumps(event(text)) for text in "ab"]
    assert answer_of(*twice, "[DONE]") == ("ab", "openai-chat", {"encoded": 2})


def test_events_that_were_framed_twice_are_read() -> None:
    framed = [f"data: {event(text)}" for text in "ab"]
    assert answer_of(*framed, "data: [DONE]", event("c")) == ("ab", "openai-chat", {"framed": 3})


def test_plain_text_is_never_repaired() -> None:
    assert answer_of("a ", "{", '"b": 1}', " c", "d") == ('a {"b": 1} cd', "plain", {})
    assert answer_of(*map(json.dumps, ["a", "{}", "b", "c"])) == ("a{}bc", "json-strings", {})
