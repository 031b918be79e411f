"""Streams cut into other writes, and resumed in the middle: no byte is lost, torn or sent twice."""

from __future__ import annotations

import threading
from functools import partial
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli import EventStreamParser, Message
from sse_cli.mockserver.scenarios import resume_points
from sse_cli.mockserver.scenarios.chunking import Chunking, by_event, parse_chunking, rechunk
from sse_cli.mockserver.scenarios.scenario import NOTHING_LEFT, Scenario, Step

NDJSON = "application/x-ndjson"
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STEPS = st.lists(
    st.tuples(
        st.integers(0, 5).map(float),
        st.lists(st.sampled_from([b"\n", b"\r", b"data: x", b"id: 1", b":"]), max_size=5).map(
            b"".join
        ),
    ),
    max_size=8,
)
CUTS = st.one_of(st.integers(1, 9), st.sampled_from(["event", "whole"]))


def times(scenario: Scenario) -> dict[int, float]:
    """Return the time of each byte, by its offset, and of the end."""
    found: dict[int, float] = {}
    at = 0.0
    size = 0
    for step in scenario.steps:
        assert isinstance(step.delay, float)
        at += step.delay
        found.update(dict.fromkeys(range(size, size + len(step.data)), at))
        size += len(step.data)
    return {**found, size: at}


@given(STEPS, CUTS)
def test_the_bytes_are_unchanged_and_none_is_sent_early(
    steps: list[tuple[float, bytes]], cut: Chunking
) -> None:
    before = Scenario.of("x", steps)
    after = rechunk(before, cut)
    assert after.body == before.body
    then, now = times(before), times(after)
    assert all(now[offset] >= then[offset] for offset in then)
    last = [offset - 1 for offset in accumulate(len(step.data) for step in after.steps) if offset]
    assert all(now[offset] == then[offset] for offset in last)  # nor any later than necessary
    assert now[len(before.body)] == then[len(before.body)]  # the time of the end is unchanged


@given(STEPS, st.integers(1, 9))
def test_a_size_is_the_size_of_every_write_but_the_last(
    steps: list[tuple[float, bytes]], size: int
) -> None:
    *writes, last = rechunk(Scenario.of("x", [(0.0, b"x"), *steps]), size).steps
    sizes = [len(step.data) for step in writes if step.data]
    assert set(sizes) <= {size} or (not last.data and set(sizes[:-1]) <= {size})


@given(STEPS)
def test_events_are_cut_after_their_blank_lines_only(steps: list[tuple[float, bytes]]) -> None:
    body = Scenario.of("x", steps).body
    pieces = by_event(body)
    assert b"".join(pieces) == body
    ends = (b"\n\n", b"\r\r", b"\n\r", b"\r\n\r", b"\r\n\r\n", b"\n\r\n", b"\r\r\n", b"\r\n\n")
    assert all(piece.endswith(ends) for piece in pieces[:-1])
    for here, following in pairwise(pieces):
        assert not (here.endswith(b"\r") and following.startswith(b"\n"))


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        (b"", []),
        (b"\r\n", [b"\r\n"]),
        (b"a\r\nb\r\n\r\nc", [b"a\r\nb\r\n\r\n", b"c"]),
        (b"a\r\rb\n\n", [b"a\r\r", b"b\n\n"]),
    ],
)
def test_a_line_end_of_two_bytes_is_one_line_end(body: bytes, pieces: list[bytes]) -> None:
    assert by_event(body) == pieces


def test_an_event_of_json_lines_is_a_line() -> None:
    made = Scenario.of("x", [(0, b"1\n\n2\n3")], content_type=NDJSON)
    assert [step.data for step in rechunk(made, "event").steps] == [b"1\n", b"\n", b"2\n", b"3"]


def test_data_that_waits_for_a_gate_is_not_rechunked() -> None:
    gated = Scenario.of("x", [(threading.Event(), b"ab")])
    assert rechunk(gated, 1) == gated


def test_later_connections_and_repetitions_are_cut_the_same_way() -> None:
    other = Scenario.of("x", [(0, b"cd")])
    made = rechunk(
        Scenario("x", "", (Step(0, b"ab"),), repeated=(Step(0, b"ef"),), later_replies=(other,)), 1
    )
    assert [
        len(one.data) for one in (*made.steps, *made.repeated, *made.later_replies[0].steps)
    ] == [1] * 6


@pytest.mark.parametrize(("text", "cut"), [("1", 1), ("65536", 65536), ("event", "event")])
def test_the_values_of_chunk(text: str, cut: Chunking) -> None:
    assert parse_chunking(text) == cut


# Resuming after an id

EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "1", "2", "é", "a b"]), LINE_ENDS, st.booleans()),
    min_size=1,
    max_size=6,
)


def block(own: str, end: bytes, has_data: bool, number: int) -> bytes:
    lines = [f"id: {own}".encode()] if own else []
    lines += [b"data: %d" % number] if has_data else []
    return b"".join(line + end for line in [*lines, b""])


def told(body: bytes) -> list[str]:
    return [event.data for event in EventStreamParser().feed(body) if isinstance(event, Message)]


@given(EVENTS, st.integers(1, 9), st.sampled_from(["1", "2", "é", "a b"]))
def test_the_events_after_the_first_with_an_id_follow_that_id(
    events: list[tuple[str, bytes, bool]], size: int, last: str
) -> None:
    blocks = [block(*event, number) for number, event in enumerate(events)]
    scenario = rechunk(Scenario.of("x", [(1.0, b"".join(blocks))]), size)
    left = scenario.resume_after(last)
    places = [number for number, (own, _, _) in enumerate(events) if own == last]
    # A block of only an id counts, too: it sets the last event ID.
    if not places:
        assert left is scenario
    else:
        start = [0, *accumulate(map(len, blocks))][places[0] + 1]
        assert told(left.body) == told(scenario.body[start:])
        assert (left is NOTHING_LEFT) == (not left.steps)


def test_the_ids_of_a_stream_are_searched_once() -> None:
    looked: list[bytes] = []
    streams = [(b"id: 1\ndata: %d\n\n" % n,) for n in range(2 * resume_points.KEPT)]

    def body(stream: tuple[bytes, ...]) -> bytes:
        looked.append(stream[0])
        return stream[0]

    for stream in (*streams, streams[-1], streams[-1]):
        found = resume_points.resume_points_of(stream, partial(body, stream))
        assert found == ({"1": len(stream[0])}, len(stream[0]))
    assert len(looked) == len(streams)
