"""Newline-delimited JSON: each line is a message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.events import Event, Ignored, Message
from sse_cli.ndjson import NDJSONParser
from sse_cli.parser import EXCERPT

LINES = [b'{"a":1}', b'{"b":"\xe2\x98\x83"}', b"[1,2]", b"17"]


def parse(*pieces: bytes, max_size: int = 1000) -> list[Event]:
    parser = NDJSONParser(max_size=max_size)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.finish()


def data(events: list[Event]) -> list[str]:
    return [event.data for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b" \t\n\r\n"])
def test_each_line_is_a_message_and_blank_lines_are_passed_over(end: bytes) -> None:
    expected = [line.decode() for line in LINES]
    assert data(parse(end.join(LINES) + end)) == expected
    assert data(parse(end.join(LINES))) == expected


@given(st.lists(st.sampled_from([*LINES, b"", b"\xff", b"not json"])), st.integers(1, 9))
def test_lines_read_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines) + b"\n"
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    whole = [event._replace(read=0) for event in parse(body) if isinstance(event, Message)]
    parts = [event._replace(read=0) for event in parse(*pieces) if isinstance(event, Message)]
    assert parts == whole


def test_a_message_says_where_it_stood() -> None:
    parser = NDJSONParser()
    (first,) = parser.feed(b'\xef\xbb\xbf{"a":1}\r\n{"b"', at=1.5)
    (second,) = parser.feed(b":2}\n", at=2.5)
    assert first == Message("message", '{"a":1}', "", None, 1.5, 0, 12, n=1, read=1)
    assert second == Message("message", '{"b":2}', "", None, 2.5, 12, 8, n=2, read=2)


def test_a_line_is_out_with_the_bytes_that_end_it() -> None:
    parser = NDJSONParser()
    assert parser.feed(b'{"a":1}') == []
    assert len(parser.feed(b'\n{"b":2}')) == 1
    assert len(parser.finish()) == 1


def test_a_last_line_that_was_cut_is_incomplete() -> None:
    *_, last = parse(b'{"a":1}\n', b'{"text":"hel')
    assert last == Ignored("incomplete", 2, '{"text":"hel', 0.0, 8, 12)


def test_a_line_in_the_middle_that_is_no_json_is_still_shown() -> None:
    assert data(parse(b'oops\n{"a":1}\n')) == ["oops", '{"a":1}']


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_line_above_the_limit_is_skipped_with_its_start_kept(size: int) -> None:
    line = b'{"x":"' + b"y" * 4000 + b'"}'
    body = b'{"a":1}\n' + line + b'\n{"b":2}\n'
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    first, skipped, last = parse(*pieces, max_size=100)
    assert isinstance(skipped, Ignored)
    assert (skipped.reason, skipped.line, skipped.offset) == ("too-large", 2, 8)
    assert skipped.size == len(line) + 1
    assert skipped.text
    assert line.decode().startswith(skipped.text)
    assert len(skipped.text) <= EXCERPT
    assert data([first, last]) == ['{"a":1}', '{"b":2}']


def test_a_line_without_end_takes_no_memory_beyond_the_limit() -> None:
    parser = NDJSONParser(max_size=1000)
    for _ in range(1000):
        assert parser.feed(b"x" * 1000) == []
    assert sum(map(len, parser._pieces)) <= EXCERPT * 4
    (event,) = parser.finish()
    assert isinstance(event, Ignored)
    assert (event.reason, event.size) == ("too-large", 1_000_000)


def test_nesting_beyond_pythons_json_is_no_crash() -> None:
    deep = b"[" * 100_000
    (event,) = parse(deep, max_size=200_000)
    assert isinstance(event, Ignored)
    assert event.reason == "incomplete"
    whole = b"[" * 50 + b"]" * 50
    assert json.loads(data(parse(whole))[0])
