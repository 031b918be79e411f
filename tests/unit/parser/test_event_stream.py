"""The parser against the corpus, the reference parser, and the promises of its own
documentation."""

from __future__ import annotations

import base64
import json
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_cli import Comment, Event, EventStreamParser, Ignored, Message, Retry
from sse_cli.parser.fields import EXCERPT
from tests.benchmarks import fuzz_parser as fuzz
from tests.support import long_runs
from tests.support.paths import CORPUS

CASES: list[dict[str, Any]] = json.loads((CORPUS / "parser" / "cases.json").read_text("utf-8"))
SPLIT_EVERYWHERE_BELOW = 300  # bytes: the work is quadratic in the size
SMALL = 64  # bytes: a limit that short inputs can exceed


def read(body: bytes, **options: Any) -> list[Event]:
    """Return all events of `body`, fed whole."""
    return read_chunks([body], **options)


def read_chunks(chunks: Iterable[bytes], **options: Any) -> list[Event]:
    """Return all events of `chunks`, stamped with the number of their read."""
    parser = EventStreamParser(**options)
    numbered = enumerate(chunks)
    events = [event for number, chunk in numbered for event in parser.feed(chunk, at=number)]
    return events + parser.finish(at=-1)


def bytewise(body: bytes) -> list[bytes]:
    """Return `body` in reads of one byte."""
    return [body[place : place + 1] for place in range(len(body))]


def messages(events: Iterable[Event]) -> list[Message]:
    """Return only the messages, which a browser would deliver."""
    return [event for event in events if isinstance(event, Message)]


def ignored(events: Iterable[Event]) -> list[Ignored]:
    """Return only the lines that a browser would drop."""
    return [event for event in events if isinstance(event, Ignored)]


# The corpus


def chunkings(case: dict[str, Any], body: bytes) -> Iterator[Sequence[bytes]]:
    """Yield the ways to read a case: whole, in ones, in twos, its own way, and split at every
    place."""
    yield [body]
    yield bytewise(body)
    yield [body[place : place + 2] for place in range(0, len(body), 2)]
    if "chunks_b64" in case:
        yield [base64.b64decode(chunk) for chunk in case["chunks_b64"]]
    if len(body) < SPLIT_EVERYWHERE_BELOW:
        yield from ([body[:place], body[place:]] for place in range(len(body) + 1))


def corpus_outcome(case: dict[str, Any], chunks: Sequence[bytes]) -> dict[str, Any]:
    """Return the parser's result for a case, in the terms of the corpus."""
    parser = EventStreamParser(case.get("initial_last_event_id", ""))
    found = fuzz.outcome(parser, chunks)
    seen: dict[str, Any] = {
        "events": [
            {"type": event.type, "data": event.data, "id": event.last_event_id}
            for event in messages(found.events)
        ],
        "retry": found.reconnection_time,
        "last_event_id": found.last_event_id,
    }
    if "comments" in case:
        seen["comments"] = [event.text for event in found.events if isinstance(event, Comment)]
    return seen


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_corpus_case_reads_the_same_in_every_chunking(case: dict[str, Any]) -> None:
    body = base64.b64decode(case["input_b64"])
    keys = ("events", "retry", "last_event_id", "comments")
    expected = {key: case[key] for key in keys if key in case}
    for chunks in chunkings(case, body):
        assert corpus_outcome(case, chunks) == expected, chunks


def test_the_corpus_is_complete() -> None:
    assert len(CASES) == 233
    assert all(
        b"".join(map(base64.b64decode, case["chunks_b64"])) == base64.b64decode(case["input_b64"])
        for case in CASES
        if "chunks_b64" in case
    )


# The reference

LINE_ENDS = st.sampled_from((fuzz.LINE_ENDS, *fuzz.UNIFORM_ENDS))
values = st.one_of(st.sampled_from(fuzz.VALUES), st.text(max_size=8).map(str.encode))
noise = st.one_of(st.sampled_from(fuzz.NOISE), st.binary(max_size=4))
odd = st.tuples(st.sampled_from(fuzz.NAMES), st.sampled_from(fuzz.COLONS), values).map(b"".join)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw an event stream, more or less valid, some with one kind of line end throughout."""
    end = st.sampled_from(draw(LINE_ENDS))
    known = st.tuples(st.sampled_from(fuzz.PLAIN), st.sampled_from((b": ", b":")), values)
    plain = st.tuples(known.map(b"".join), end).map(b"".join)
    block = st.tuples(st.just(b"event: "), values, end, st.just(b"data: "), values, end, end)
    lines = (plain, plain, block.map(b"".join), st.tuples(odd, end).map(b"".join), end, noise)
    parts = draw(st.lists(st.one_of(*lines), min_size=2, max_size=16))
    return draw(st.sampled_from(fuzz.STARTS)) + b"".join(parts)


@st.composite
def cases(draw: st.DrawFn) -> fuzz.Case:
    """Draw a body cut anywhere: inside UTF-8 sequences, inside CRLFs, into empty reads."""
    body = draw(bodies())
    places = st.lists(st.integers(0, len(body)), max_size=12).map(sorted)
    everywhere = st.just(list(range(len(body) + 1)))
    cuts = draw(st.one_of(places, everywhere))
    return fuzz.Case(body, tuple(cuts), draw(st.sampled_from(("", "first", "\u20ac"))))


@settings(max_examples=1000)
@given(cases())
def test_the_parser_agrees_with_the_reference_after_every_read(case: fuzz.Case) -> None:
    assert fuzz.of_parser(case) == fuzz.of_reference(case)


@given(cases(), st.integers(0, 40))
def test_a_small_limit_delivers_only_whole_messages_of_the_stream(
    case: fuzz.Case, max_size: int
) -> None:
    unlimited = {event.offset: event for event in messages(read_chunks(case.chunks()))}
    for event in messages(read_chunks(case.chunks(), max_size=max_size)):
        assert len(event.data.encode()) <= max_size * 3  # U+FFFD is 3 bytes for 1
        whole = unlimited[event.offset]
        assert (event.data, event.size) == (whole.data, whole.size)


@given(cases(), st.integers(0, 40))
def test_a_limit_is_exceeded_at_the_same_line_in_every_chunking(
    case: fuzz.Case, max_size: int
) -> None:
    def told(chunks: Iterable[bytes]) -> list[Event]:
        return [unplaced(event) for event in read_chunks(chunks, max_size=max_size)]

    assert told(case.chunks()) == told([case.body]) == told(bytewise(case.body))


def unplaced(event: Event) -> Event:
    """Return `event` without the fields that depend on the reads: its stamp, and its size if a
    CRLF is split.

    For a line that is too large, the reads also decide how much of it is kept to be shown.
    """
    if isinstance(event, Ignored):
        return event._replace(at=0.0, size=0, text="")
    if isinstance(event, Message):
        return event._replace(at=0.0, size=0, read=0)
    return event._replace(at=0.0)


@long_runs.count("inputs", 5_000, 200_000)
def test_fuzzed_inputs_agree_with_the_reference(seed: int, inputs: int) -> None:
    tried, divergence = fuzz.find(str(seed), inputs)
    assert divergence is None, f"seed {seed}, input {tried}: {divergence}"


def test_the_fuzzer_shrinks_a_divergence_to_its_core() -> None:
    body = b"id: 1\r\n\r\nretry: 5\n: comment\nevent: x\n\ndata: y\n\n"
    case = fuzz.Case(body, tuple(range(0, len(body), 3)), "first")
    assert fuzz.shrink(case, lambda smaller: b"retry" in smaller.body) == fuzz.Case(b"retry")


# Messages: places, numbers, stamps, ids


def test_a_message_spans_its_first_line_through_its_blank_line() -> None:
    body = b"data: a\n\n\n:c\r\nevent: e\r\ndata: b\r\n\r\nfoo\rdata: c\r\r"
    blocks = [body[m.offset : m.offset + m.size] for m in messages(read(body))]
    assert blocks == [
        b"data: a\n\n",
        b":c\r\nevent: e\r\ndata: b\r\n\r\n",
        b"foo\rdata: c\r\r",
    ]


def test_the_bom_is_not_part_of_the_first_block() -> None:
    for chunks in ([b"\xef\xbb\xbfdata: a\n\n"], bytewise(b"\xef\xbb\xbfdata: a\n\n")):
        (message,) = messages(read_chunks(chunks))
        assert (message.data, message.offset, message.size) == ("a", 3, 9)


def test_a_line_feed_cut_from_its_carriage_return_belongs_to_no_block() -> None:
    first, second = messages(read_chunks([b"data: a\r\n\r", b"\ndata: b\r\n\r\n"]))
    assert (first.offset, first.size) == (0, 10)
    assert (second.offset, second.size) == (11, 11)


def test_a_carriage_return_at_the_end_of_a_read_dispatches_at_once() -> None:
    parser = EventStreamParser()
    assert [event.at for event in parser.feed(b"data: a\r\r", at=1.5)] == [1.5]
    assert parser.feed(b"\n", at=2.5) == []


def test_an_empty_read_between_carriage_return_and_line_feed_changes_nothing() -> None:
    events = read_chunks([b"data: a\r", b"", b"\n", b"data: b\r", b"", b"\ndata: c\n\n"])
    assert [message.data for message in messages(events)] == ["a\nb\nc"]


def test_an_event_is_stamped_with_the_read_that_completed_it() -> None:
    events = read_chunks([b"data: a\n", b"\n:c", b"\nretry: 5", b"\nfoo", b"\nid: 1\n", b"\n"])
    assert [event.at for event in events] == [1, 2, 3, 4, 5]


def test_the_end_of_the_stream_has_a_stamp_of_its_own() -> None:
    (event,) = read(b"data: a")
    assert event.at == -1


def test_a_message_distinguishes_an_absent_id_from_an_empty_one() -> None:
    events = read(b"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\ndata: d\n\n")
    ids = [(message.id, message.last_event_id) for message in messages(events)]
    assert ids == [("7", "7"), (None, "7"), ("", ""), (None, "")]


def test_an_id_takes_effect_at_its_blank_line() -> None:
    parser = EventStreamParser("before")
    parser.feed(b"id: 7\ndata: a\n")
    assert parser.last_event_id == "before"
    parser.feed(b"\n")
    assert parser.last_event_id == "7"


def test_the_id_of_a_cut_block_never_takes_effect() -> None:
    parser = EventStreamParser("before")
    parser.feed(b"id: 7\ndata: a\n")
    (event,) = parser.finish()
    assert isinstance(event, Ignored)
    assert (event.id, parser.last_event_id) == ("7", "before")


def test_the_parser_leaves_the_fields_of_the_session_unset() -> None:
    (message,) = read(b"data: a\n\n")
    assert message == Message("message", "a", "", None, 0, 0, 9, n=1, attempt=1, read=1)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_events_of_common_shapes_count_their_lines(end: bytes) -> None:
    lines = [b"data: a", b"", b"event: e", b"data: b", b"", b"event: ", b"data: c", b"", b"foo"]
    body = b"".join(line + end for line in lines)
    for chunks in ([body], bytewise(body)):
        events = read_chunks(chunks)
        assert [event.type for event in messages(events)] == ["message", "e", "message"]
        assert [event.line for event in ignored(events)] == [9]


# Comments and retries


def test_a_comment_keeps_everything_after_its_colon() -> None:
    assert read(b":\n: a\n\n::\n") == [Comment("", 0, 0), Comment(" a", 0, 2), Comment(":", 0, 7)]


def test_a_retry_takes_effect_without_a_blank_line() -> None:
    parser = EventStreamParser()
    assert parser.reconnection_time is None
    assert parser.feed(b"data: a\nretry: 0250\n", at=3) == [Retry(250, 3, 8)]
    assert parser.reconnection_time == 250


@pytest.mark.parametrize("milliseconds", [0, 10**18, 2**63 - 2])
def test_a_reconnection_time_below_the_clamp_is_exact(milliseconds: int) -> None:
    assert read(b"retry: 000%d\n" % milliseconds) == [Retry(milliseconds, 0, 0)]


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 5000])
def test_a_reconnection_time_of_any_length_is_clamped_without_an_error(digits: str) -> None:
    assert read(b"retry: " + digits.encode() + b"\n") == [Retry(2**63 - 1, 0, 0)]


# What a browser drops


@pytest.mark.parametrize("value", ["", ": ", ": 1s", ": -1", ": 1.5", ":  5", ": \u0663"])
def test_a_retry_that_is_not_a_number_is_reported_and_has_no_effect(value: str) -> None:
    line = b"retry" + value.encode()
    parser = EventStreamParser()
    events = parser.feed(b"retry: 5\n" + line + b"\r\n")
    report = Ignored("bad-retry", 2, line.decode(), 0, 9, len(line) + 2)
    assert events == [Retry(5, 0, 0), report]
    assert parser.reconnection_time == 5


def test_an_id_with_a_nul_is_reported_and_has_no_effect() -> None:
    events = read(b"id: 7\nid: a\0b\r\ndata: x\n\n")
    report = Ignored("null-in-id", 2, "id: a\0b", 0, 6, 9)
    assert events == [report, Message("message", "x", "7", "7", 0, 0, 24, n=1, read=1)]


def test_a_block_whose_only_id_was_dropped_is_not_reported_again() -> None:
    assert [event.reason for event in ignored(read(b"id: \0\n\n"))] == ["null-in-id"]


def test_an_unknown_field_is_reported_with_its_line() -> None:
    events = read(b"data: a\n\n\nerror: {\xff}\r\nDATA\n")
    assert events[1:] == [
        Ignored("unknown-field", 4, "error: {\ufffd}", 0, 10, 12),
        Ignored("unknown-field", 5, "DATA", 0, 22, 5),
    ]


def test_an_excerpt_counts_characters_not_bytes() -> None:
    for text in ("x" * (EXCERPT + 1), "\U0001f600" * (EXCERPT + 1), "\u20ac" * EXCERPT):
        (event,) = ignored(read(text.encode() + b"\n"))
        assert event.text == text[:EXCERPT]
        assert event.size == len(text.encode()) + 1


def test_a_named_block_without_data_is_reported_at_its_blank_line() -> None:
    events = read(b"\n:c\nevent: end\nid: 9\n\n")
    assert events[1:] == [Ignored("no-data", 3, "event: end", 0, 1, 21, "end", "9")]


def test_a_block_of_only_an_id_is_reported_and_its_id_takes_effect() -> None:
    parser = EventStreamParser()
    assert parser.feed(b"id: 9\n\n") == [Ignored("no-data", 1, "id: 9", 0, 0, 7, None, "9")]
    assert parser.last_event_id == "9"


def test_a_block_of_comments_retries_and_unknown_fields_needs_no_data() -> None:
    events = read(b":c\nretry: 5\nretry: x\nfoo\n\n")
    assert [event.reason for event in ignored(events)] == ["bad-retry", "unknown-field"]


def test_a_bare_data_field_is_data() -> None:
    assert [(m.type, m.data) for m in messages(read(b"event: e\ndata\n\n"))] == [("e", "")]


def cut(  # noqa: PLR0917 (the fields of the report)
    line: int,
    text: str,
    offset: int,
    size: int,
    kind: str | None = None,
    own_id: str | None = None,
    *,
    last: tuple[int, str] = (0, ""),
    data: str | None = None,
) -> Ignored:
    return Ignored("incomplete", line, text, -1, offset, size, kind, own_id, *last, data)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"data: a", cut(3, "data: a", 9, 7, last=(3, "data: a"), data="a")),
        (b"data: a\n", cut(3, "data: a", 9, 8, data="a")),
        (b"data: a\r\ndata:b", cut(3, "data: a", 9, 15, last=(4, "data:b"), data="a\nb")),
        (b"event: e\nid: 1\nda", cut(3, "event: e", 9, 17, "e", "1", last=(5, "da"))),
        (b":c\ndata: a\n", cut(3, ":c", 9, 11, data="a")),
        (b": keep", cut(3, ": keep", 9, 6, last=(3, ": keep"))),
        (b"foo: \xe2\x82", cut(3, "foo: \ufffd", 9, 7, last=(3, "foo: \ufffd"))),
        (b"\nid: 1\r", cut(4, "id: 1", 10, 6, None, "1")),
    ],
)
def test_a_block_cut_by_the_end_is_reported_once_as_incomplete(
    tail: bytes, expected: Ignored
) -> None:
    body = b"data: x\n\n" + tail
    for chunks in ([body], bytewise(body)):
        assert read_chunks(chunks)[-1] == expected


@pytest.mark.parametrize(
    "body",
    [b"", b"\xef\xbb\xbf", b"\n", b"\r", b"data: a\n\n", b":c\n", b"retry: 5\n", b"foo\n"],
)
def test_an_end_between_blocks_reports_nothing(body: bytes) -> None:
    parser = EventStreamParser()
    parser.feed(body)
    assert parser.finish() == []


@pytest.mark.parametrize("body", [b"\xef", b"\xef\xbb"])
def test_half_a_bom_is_an_incomplete_line(body: bytes) -> None:
    for chunks in ([body], bytewise(body)):
        assert read_chunks(chunks) == [cut(1, "\ufffd", 0, len(body), last=(1, "\ufffd"))]


@given(bodies(), st.data())
def test_line_numbers_never_depend_on_the_reads(body: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(body)))
    whole, halves = ignored(read(body)), ignored(read_chunks([body[:cut], body[cut:]]))
    assert [(event.line, event.text) for event in whole] == [
        (event.line, event.text) for event in halves
    ]


@st.composite
def events_as_reads(draw: st.DrawFn) -> list[bytes]:
    """Return reads of one event each, as in live streams; some reads only nearly so."""
    text = st.sampled_from((b"a", b"\xe2\x82\xac", b"\xff", b"a\rb", b"a\r", b"", b"x" * SMALL))
    end = st.sampled_from((b"\n\n", b"\n\n", b"\r\n\n", b"\r\n\r\n", b"\n", b"\n\r", b"\n\n\n"))
    start = st.sampled_from((b"data: ", b"event: e\ndata: ", b"event: \ndata: ", b"data:", b"id: "))
    return draw(st.lists(st.tuples(start, text, end).map(b"".join), min_size=2, max_size=12))


@given(events_as_reads(), st.sampled_from((SMALL, 16 * 1024 * 1024)))
def test_an_event_alone_in_a_read_is_parsed_as_among_others(reads: list[bytes], limit: int) -> None:
    def seen(events: list[Event]) -> list[Event]:
        """Return the events without the fields that depend on the reads."""
        placed = [event._replace(at=0) for event in events]
        plain = [one._replace(read=0) if isinstance(one, Message) else one for one in placed]
        return [one._replace(text="") if isinstance(one, Ignored) else one for one in plain]

    whole = read_chunks(reads, max_size=limit)
    assert seen(whole) == seen(read(b"".join(reads), max_size=limit))


# Limits

LONG = b"x" * (SMALL * 2)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("start", [b"", b":", b"data: ", b"event: ", b"id: ", b"retry: "])
def test_a_line_beyond_the_limit_is_skipped_and_reported_once(start: bytes, end: bytes) -> None:
    body = start + LONG + end * 2 + b"data: y" + end * 2
    for chunks in ([body], bytewise(body), [body[:100], body[100:]]):
        events = read_chunks(chunks, max_size=SMALL)
        assert [event.reason for event in ignored(events)] == ["too-large"]
        report = ignored(events)[0]
        assert (report.line, report.offset) == (1, 0)
        assert len(report.text) >= SMALL  # the length of the kept text depends on the reads
        assert (start + LONG).decode().startswith(report.text)
        assert [message.data for message in messages(events)] == ["y"]


def test_the_size_of_a_line_beyond_the_limit_includes_its_end() -> None:
    body = b"data: " + LONG + b"\r\n\n"
    assert ignored(read(body, max_size=SMALL))[0].size == len(body) - 1


def test_a_block_beyond_the_limit_is_discarded_whole() -> None:
    line = b"data: " + b"x" * (SMALL // 2 - 4)
    body = (line + b"\r\n") * 5 + b"\ndata: y\n\n"
    for chunks in ([body], bytewise(body)):
        events = read_chunks(chunks, max_size=SMALL)
        assert [message.data for message in messages(events)] == ["y"]
        (report,) = ignored(events)
        assert (report.reason, report.line, report.offset) == ("too-large", 3, 0)
        assert (report.part, report.limit) == ("event", SMALL)
    assert ignored(read(body, max_size=SMALL))[0].size == 3 * (len(line) + 2)


@pytest.mark.parametrize("before", [b"", b"data: a\n", b"event: e\n"])
@pytest.mark.parametrize("after", [b"", b"data: b\n", b"event: f\n"])
def test_the_rest_of_a_block_with_a_line_beyond_the_limit_is_not_an_event(
    before: bytes, after: bytes
) -> None:
    body = before + b"data: " + LONG + b"\n" + after + b"\n"
    for chunks in ([body], bytewise(body)):
        events = ignored(read_chunks(chunks, max_size=SMALL))
        assert [event.reason for event in events] == ["too-large"]
        assert messages(read_chunks(chunks, max_size=SMALL)) == []


def test_a_block_beyond_the_limit_is_still_incomplete_when_cut() -> None:
    line = b"data: " + b"x" * (SMALL // 2) + b"\n"
    for body in (line * 2, line * 2 + b"da", b"event: e\n" + line * 2):
        for chunks in ([body], bytewise(body)):
            events = ignored(read_chunks(chunks, max_size=SMALL))
            assert [event.reason for event in events] == ["too-large", "incomplete"]
            assert (events[-1].offset, events[-1].size) == (0, len(body))


def test_an_event_just_within_the_limit_is_delivered() -> None:
    data = "x" * (SMALL - len("data: "))
    for chunks in ([f"data: {data}\n\n".encode()], bytewise(f"data: {data}\n\n".encode())):
        assert [m.data for m in messages(read_chunks(chunks, max_size=SMALL))] == [data]


def test_many_small_events_in_one_read_stay_within_the_limit() -> None:
    events = read(b"data: a\n\n" * SMALL, max_size=SMALL)
    assert [message.data for message in messages(events)] == ["a"] * SMALL


def test_an_endless_line_takes_no_more_memory_than_the_limit() -> None:
    parser = EventStreamParser(max_size=100_000)
    tracemalloc.start()
    try:
        for _ in range(1000):
            assert parser.feed(b"x" * 10_000) == []
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_line_in_tiny_reads_takes_a_small_multiple_of_its_size() -> None:
    parser, size = EventStreamParser(), 100_000
    tracemalloc.start()
    try:
        for _ in range(size // 2):
            parser.feed(b"x" * 2)
        assert tracemalloc.get_traced_memory()[1] < 4 * size
    finally:
        tracemalloc.stop()


def test_large_event_types_are_not_kept() -> None:
    parser = EventStreamParser()
    tracemalloc.start()
    try:
        for number in range(100):
            parser.feed(b"event: %d%s\ndata: x\n\n" % (number, b"x" * 100_000))
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("read_size", [1, 16])  # larger reads are lost in timing noise
def test_the_cost_of_a_long_line_is_linear(read_size: int) -> None:
    parser, total, window = EventStreamParser(), 2**20, 2**14
    first = cost(parser, read_size, window)
    for place in range(window, total, window):  # quadratic work gives 60x
        assert cost(parser, read_size, window) < 3 * first + 0.05, f"at byte {place}"
    (event,) = parser.feed(b"\n")
    assert isinstance(event, Ignored)
    assert event.size == total + 1


def cost(parser: EventStreamParser, read_size: int, size: int) -> float:
    """Return the processor seconds to feed `size` bytes of one line in reads of `read_size`."""
    started = time.process_time()
    for _ in range(size // read_size):
        assert parser.feed(b"x" * read_size) == []
    return time.process_time() - started
