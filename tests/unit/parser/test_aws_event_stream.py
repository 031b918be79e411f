"""AWS event streams: binary messages with CRCs, however they are cut or broken."""

from __future__ import annotations

import base64
import json
import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.events import Event, Ignored, Message
from sse_cli.parser.aws_event_stream import MAX_HEADERS, AWSEventStreamParser
from sse_cli.parser.aws_messages import InvalidHeadersError, headers_of
from tests.support.aws_event_stream import (
    Header,
    converse,
    event,
    exception,
    framed,
    header,
    message,
)

HEADERS: list[Header] = [
    ("true", True),
    ("false", False),
    ("byte", -5),
    ("short", 300),
    ("int", -70_000),
    ("long", 2**40),
    ("bytes", b"\0\xff"),
    ("string", "wörld"),
    ("time", 1.5),
    ("uuid", UUID(int=7)),
]
ANSWER = converse(["Hello, ", "wörld", "!"])


def parse(pieces: Iterable[bytes], max_size: int = 10_000) -> list[Event]:
    parser = AWSEventStreamParser(max_size=max_size)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.finish()


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def without_reads(events: list[Event]) -> list[Event]:
    """Return the events without the numbers of the reads that completed them."""
    return [one._replace(read=0) if isinstance(one, Message) else one for one in events]


def sole(body: bytes) -> Message:
    [found] = parse([body])
    assert isinstance(found, Message)
    return found


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_message_has_the_type_the_text_and_the_place_of_an_event() -> None:
    one, two = event("first", {"a": "ö"}), event("second", {})
    parser = AWSEventStreamParser("7")
    assert parser.feed(one + two[:20], 0.5) == [
        Message("first", '{"a":"\\u00f6"}', "7", None, 0.5, 0, len(one), 1, 1, 1)
    ]
    assert parser.feed(two[20:], 0.7) == [
        Message("second", "{}", "7", None, 0.7, len(one), len(two), 2, 1, 2)
    ]
    assert parser.finish() == []


def test_headers_of_all_ten_types_are_read() -> None:
    raw = b"".join(header(name, value) for name, value in HEADERS)
    expected = dict(HEADERS) | {"time": 1500, "uuid": UUID(int=7).bytes}
    assert headers_of(raw) == expected
    assert {kind for kind in range(10) if any(_type(h) == kind for h in HEADERS)} == set(range(10))


def _type(one: Header) -> int:
    return header(*one)[1 + len(one[0])]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_messages_read_the_same_however_they_are_cut(size: int) -> None:
    body = b"".join(ANSWER)
    events = parse(cut(body, size))
    assert without_reads(events) == without_reads(parse([body]))
    assert [one.type for one in of(events, Message)][-2:] == ["messageStop", "metadata"]
    assert [one.offset for one in of(events, Message)] == [
        sum(map(len, ANSWER[:number])) for number in range(len(ANSWER))
    ]


def test_an_exception_has_its_own_type() -> None:
    found = sole(exception("throttlingException", "Too many requests"))
    assert (found.type, found.data) == ("throttlingException", '{"message": "Too many requests"}')


def test_an_error_without_payload_tells_what_its_headers_say() -> None:
    found = sole(
        message(
            b"",
            (":message-type", "error"),
            (":error-code", "InternalError"),
            (":error-message", "it broke"),
        )
    )
    assert found.type == "InternalError"
    assert json.loads(found.data) == {"error": {"code": "InternalError", "message": "it broke"}}


def test_a_message_without_a_type_is_a_message() -> None:
    assert sole(message(b"x")).type == "message"


def test_a_payload_that_is_not_text_is_base64() -> None:
    found = sole(message(b"\xff\0", (":event-type", "audio")))
    assert json.loads(found.data) == {"bytes": base64.b64encode(b"\xff\0").decode()}


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        ("chunk", {"bytes": encoded(b'{"type":"ping"}'), "p": "abc"}, '{"type":"ping"}'),
        ("chunk", {"bytes": encoded("ö".encode())}, "ö"),
        ("chunk", {"bytes": ""}, ""),
        ("chunk", {"bytes": encoded(b"\xff")}, None),
        ("chunk", {"bytes": "no base64!"}, None),
        ("chunk", {"bytes": 7}, None),
        ("chunk", {"bytes": encoded(b"x"), "attribution": {}}, None),
        ("chunk", {"p": "abc"}, None),
        ("chunk", ["bytes"], None),
        ("other", {"bytes": encoded(b"x")}, None),
    ],
)
def test_the_data_of_a_chunk_is_the_text_of_its_bytes(
    kind: str, value: Any, data: str | None
) -> None:
    as_sent = json.dumps(value, separators=(",", ":"))
    assert sole(event(kind, value)).data == (as_sent if data is None else data)


# Broken streams


def flipped(body: bytes, place: int, bit: int = 1) -> bytes:
    return body[:place] + bytes([body[place] ^ bit]) + body[place + 1 :]


def test_a_message_with_a_wrong_crc_is_reported_and_the_next_one_read() -> None:
    one, two, three = ANSWER[:3]
    events = parse([one, flipped(two, len(two) - 20), three])
    assert [type(event) for event in events] == [Message, Ignored, Message]
    ignored = of(events, Ignored)[0]
    assert (ignored.reason, ignored.line) == ("malformed", 2)
    assert (ignored.offset, ignored.size) == (len(one), len(two))
    assert ignored.text.startswith("the CRC of the message is ")


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize("place", [0, 3, 4, 7, 8, 11])
def test_after_a_wrong_prelude_the_next_message_is_found(place: int, size: int) -> None:
    one, two, three = ANSWER[:3]
    events = parse(cut(one + flipped(two, place, 64) + three, size))
    assert [type(event) for event in events] == [Message, Ignored, Message]
    ignored, last = of(events, Ignored)[0], of(events, Message)[1]
    assert (ignored.reason, ignored.offset) == ("malformed", len(one))
    assert ignored.text.startswith("the CRC of a prelude is ")
    assert last.offset == len(one + two)


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("extra", [1, 3, 11, 12, 13, 40])
def test_bytes_that_belong_to_no_message_are_passed_over(extra: int, size: int) -> None:
    one, two, three = ANSWER[:3]
    junk = bytes(range(65, 65 + extra))
    events = parse(cut(one + junk + two + three, size))
    assert [type(event) for event in events] == [Message, Ignored, Message, Message]
    assert [one.offset for one in of(events, Message)[1:]] == [
        len(one) + extra,
        len(one) + extra + len(two),
    ]


@pytest.mark.parametrize("place", [0, 5, 11, 12, 20, 60, -1])
def test_a_missing_byte_costs_one_message(place: int) -> None:
    one, two, three = ANSWER[:3]
    shorter = bytearray(two)
    del shorter[place]
    events = parse([one + shorter + three])
    assert [type(event) for event in events] == [Message, Ignored, Message]
    assert of(events, Message)[1].offset == len(one + two) - 1


def test_a_wrong_prelude_is_reported_as_soon_as_it_is_there() -> None:
    parser = AWSEventStreamParser()
    assert parser.feed(b"HTTP/1.1 40") == []
    [ignored] = parser.feed(b"0")
    assert isinstance(ignored, Ignored)
    assert ignored.reason == "malformed"
    assert parser.feed(b"\0" * 1000) == []
    assert parser.finish() == []


@pytest.mark.parametrize(("total", "headers"), [(0, 0), (15, 0), (16, 1), (100, 2**32 - 1)])
def test_lengths_that_contradict_each_other_are_reported(total: int, headers: int) -> None:
    prelude = struct.pack(">II", total, headers)
    prelude += struct.pack(">I", zlib.crc32(prelude))
    ignored, found = parse([prelude, event("next", 1)])
    assert isinstance(ignored, Ignored)
    assert ignored.text == f"a message of {total:,} bytes can't have {headers:,} bytes of headers"
    assert isinstance(found, Message)


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        (b"\x01a\x0a", "header 'a' has the unknown type 10"),
        (header("a", 1) + header("a", True), "header 'a' comes twice"),
        (b"\x01", "a header ends after the headers do"),
        (b"\x05ab", "a header ends after the headers do"),
        (b"\x01a", "a header ends after the headers do"),
        (b"\x01a\x04\0", "a header ends after the headers do"),
        (b"\x01a\x07\0\x09x", "a header ends after the headers do"),
        (b"\x01a\x09" + b"\0" * 15, "a header ends after the headers do"),
    ],
)
def test_headers_that_break_the_format_are_reported(headers: bytes, problem: str) -> None:
    ignored, found = parse([framed(headers, b"x") + event("next", 1)])
    assert isinstance(ignored, Ignored)
    assert (ignored.reason, ignored.text) == ("malformed", problem)
    assert isinstance(found, Message)


@given(st.binary(max_size=60))
def test_no_headers_raise_another_error(raw: bytes) -> None:
    try:
        assert isinstance(headers_of(raw), dict)
    except InvalidHeadersError as error:
        assert str(error)


@pytest.mark.parametrize("size", [1, 13, 10_000])
def test_a_message_over_the_limit_is_skipped_and_reported(size: int) -> None:
    large = message(b"x" * 500)
    body = event("a", 1) + large + event("b", 2)
    events = parse(cut(body, size), max_size=200)
    assert [type(event) for event in events] == [Message, Ignored, Message]
    ignored = of(events, Ignored)[0]
    assert (ignored.reason, ignored.line, ignored.size) == ("too-large", 2, len(large))
    assert ignored.offset == len(event("a", 1))
    assert (ignored.part, ignored.limit) == ("message", 200)


def test_too_many_headers_are_reported_and_skipped() -> None:
    large = framed(b"\0" * (MAX_HEADERS + 1), b"")
    events = parse([large, event("b", 2)], max_size=10**6)
    assert [type(event) for event in events] == [Ignored, Message]
    assert of(events, Ignored)[0].reason == "malformed"


@pytest.mark.parametrize("size", [1, 11, 12, 40, -1])
def test_a_message_that_the_end_cuts_off_is_incomplete(size: int) -> None:
    one, two = ANSWER[:2]
    *_, last = parse([one, two[:size]])
    assert isinstance(last, Ignored)
    assert (last.reason, last.line, last.offset) == ("incomplete", 2, len(one))
    assert last.size == len(two[:size])


def test_a_skipped_message_that_the_end_cuts_off_is_incomplete() -> None:
    one, large = event("a", 1), message(b"x" * 500)
    *_, last = parse([one, large[:100], large[100:150]], max_size=200)
    assert isinstance(last, Ignored)
    assert (last.reason, last.line) == ("incomplete", 2)
    assert (last.offset, last.size) == (len(one), 150)


def test_bytes_of_skipped_messages_are_not_kept() -> None:
    parser = AWSEventStreamParser(max_size=1000)
    piece = b"x" * 65_536
    parser.feed(message(b"x" * 2**24)[:100])
    tracemalloc.start()
    for _ in range(200):
        parser.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(piece)


def test_flipped_bits_raise_nothing_and_lose_no_message_before_them(seed: int) -> None:
    dice = random.Random(seed)
    body = b"".join(ANSWER)
    whole = parse([body])
    for _ in range(500):
        place = dice.randrange(len(body))
        broken = flipped(body, place, 1 << dice.randrange(8))
        events = parse([broken])
        assert parse_in_random_cuts(dice, broken) == without_reads(events)
        intact = sum(one.offset + one.size <= place for one in of(whole, Message))
        assert events[:intact] == whole[:intact]
        assert isinstance(events[intact], Ignored)
        assert len(of(events, Message)) == len(whole) - 1


def parse_in_random_cuts(dice: random.Random, body: bytes) -> list[Event]:
    pieces = []
    while body:
        size = dice.choice((1, 3, 12, 50, 400))
        pieces.append(body[:size])
        body = body[size:]
    return without_reads(parse(pieces))


# The judge


def judged(pieces: Iterable[bytes]) -> list[tuple[dict[str, Any], bytes]]:
    """Return the headers and payloads that AWS's own decoder finds, up to an error."""
    eventstream = pytest.importorskip("botocore.eventstream", reason="pip install botocore")
    buffer = eventstream.EventStreamBuffer()
    found = []
    try:
        for piece in pieces:
            buffer.add_data(piece)
            for one in buffer:
                found.append((one.headers, one.payload))
    except eventstream.ParserError:
        pass
    return found


def ours(pieces: Iterable[bytes]) -> list[tuple[str, bytes]]:
    """Return the types and payloads that our decoder finds, up to an error."""
    found = []
    for one in parse(pieces, max_size=10**6):
        if isinstance(one, Ignored):
            break
        assert isinstance(one, Message)
        found.append((one.type, one.data.encode()))
    return found


def typed(found: list[tuple[dict[str, Any], bytes]]) -> list[tuple[str, bytes]]:
    return [(headers.get(":event-type") or "message", payload) for headers, payload in found]


def test_awss_own_decoder_finds_the_same_messages(seed: int) -> None:
    dice = random.Random(seed)
    more = [message(b"text", *HEADERS[: dice.randrange(11)]) for _ in range(20)]
    body = b"".join([*ANSWER, *more])
    expected = typed(judged([body]))
    assert len(expected) == len(ANSWER) + len(more)
    for size in (1, 7, 100, len(body)):
        assert ours(cut(body, size)) == expected
        assert typed(judged(cut(body, size))) == expected


def test_awss_own_decoder_reads_as_much_of_a_broken_stream(seed: int) -> None:
    dice = random.Random(seed)
    body = b"".join(ANSWER)
    for _ in range(300):
        broken = flipped(body, dice.randrange(len(body)), 1 << dice.randrange(8))
        assert ours([broken]) == typed(judged([broken]))


def test_awss_own_decoder_reads_the_same_headers() -> None:
    [(headers, _)] = judged([message(b"", *HEADERS)])
    raw = b"".join(header(name, value) for name, value in HEADERS)
    assert headers == headers_of(raw)
