"""Events that no format can read, in a stream that is JSON otherwise."""

from __future__ import annotations

import pytest

from sse_cli.model.events import Message
from sse_cli.model.row import Row
from sse_cli.run.unread_events import UnreadEvents


def unread(*events: str | tuple[str, str]) -> list[tuple[str, int, int]]:
    """Return the faults of a stream: what, how many, the first; an event may have a type."""
    pairs = [("message", event) if isinstance(event, str) else event for event in events]
    counter = UnreadEvents()
    for n, (kind, data) in enumerate(pairs, 1):
        counter.rows([Row(Message(kind, data, "", None, 0.0, 0, 0, n=n))])
    return [(one.fault, one.number, one.first) for one in counter.found()]


OK = '{"a":1}'


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([OK + "\n" + OK, OK, OK], [("two documents", 1, 1)]),
        ([": PROCESSING", ": PROCESSING", OK, OK, OK], [("not JSON", 2, 1)]),
        ([OK, '{"a"', OK, "{oops"], [("broken", 2, 2)]),
        ([OK, '{"a"', OK, OK, "x", OK + OK],
         [("broken", 1, 2), ("not JSON", 1, 5), ("two documents", 1, 6)]),
        ([OK, "[DONE]"], []),
        ([OK, "", " "], []),
        ([OK, ("ping", "2026-01-01"), "ping", "Keep-Alive"], []),
        ([OK, '"a string"', "1"], []),
        (["a", "b", "{", OK, "[1] see"], []),  # a text about code
        (["f(", "{", "[x", "})"], []),
        ([("endpoint", "/messages?id=1"), OK, OK], []),
        ([("output", "a"), ("output", "b"), ("done", "{}")], []),
        ([("a", OK), ("b", OK), ("a", "x"), ("b", "x")], []),
        ([("a", OK), ("a", OK), ("b", OK), ("b", OK), ("b", "x"), ("a", "x")],
         [("not JSON", 2, 5)]),
    ],
)  # fmt: skip
def test_events_are_judged_at_the_end(
    events: list[str | tuple[str, str]], found: list[tuple[str, int, int]]
) -> None:
    assert unread(*events) == found


def test_events_that_were_repaired_are_left_out() -> None:
    counter = UnreadEvents()
    for n, data in enumerate([OK, "{", "x", OK, OK, "y"], 1):
        counter.rows([Row(Message("message", data, "", None, 0.0, 0, 0, n=n))])
    assert counter.found({2, 3}) == [("not JSON", 1, 6)]
    assert counter.found({2, 3, 6}) == []


def test_one_object_suffices_in_a_stream_of_a_known_format() -> None:
    counter = UnreadEvents()
    events = [("message", "x"), ("message", "y"), ("message", OK), ("endpoint", "/messages")]
    events += [("output", "x"), ("output", "y"), ("output", "7")]
    for n, (kind, data) in enumerate(events, 1):
        counter.rows([Row(Message(kind, data, "", None, 0.0, 0, 0, n=n))])
    assert counter.found() == []
    assert counter.found(is_known=True) == [("not JSON", 2, 1)]


def test_types_without_end_take_no_memory_without_end() -> None:
    counter = UnreadEvents()
    for n in range(3000):
        for data in (OK, "x"):
            counter.rows([Row(Message(f"kind-{n}", data, "", None, 0.0, 0, 0, n=n))])
    assert len(counter._objects) <= 1000
    assert len(counter._faults) <= 1000
