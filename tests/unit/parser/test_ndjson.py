"""Newline-delimited JSON: each line is a message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.events import Event, Ignored, Message
from sse_cli.parser.fields import EXCERPT
from sse_cli.parser.ndjson import NDJSONParser

LINES = [b'{"a":1}', b'{"b":"\xe2\x98\x83"}', b"[1,2]", b"17"]


def parse(*pieces: bytes, max_size: int = 1000) -> list[Event]:
    parser = NDJSONParser(max_size=max_size)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.finish()


def data(events: list[Event]) -> list[str]:
    return [event.data for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b" \t\n\r\n"])
def test_each_line_is_a_message_and_blank_lines_are_skipped(end: bytes) -> None:
    expected = [line.decode() for line in LINES]
    assert data(parse(end.join(LINES) + end)) == expected
    assert data(parse(end.join(LINES))) == expected


@given(
    st.lists(st.sampled_from([*LINES, b"", b"\xff", b"not json", b"{", b' "a": [', b"}", b"["])),
    st.integers(1, 9),
)
def test_lines_read_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines) + b"\n"
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    whole = [event._replace(read=0) for event in parse(body) if isinstance(event, Message)]
    parts = [event._replace(read=0) for event in parse(*pieces) if isinstance(event, Message)]
    assert parts == whole


def test_a_message_has_its_line_and_offset() -> None:
    parser = NDJSONParser()
    (first,) = parser.feed(b'\xef\xbb\xbf{"a":1}\r\n{"b"', at=1.5)
    (second,) = parser.feed(b":2}\n", at=2.5)
    assert first == Message("message", '{"a":1}', "", None, 1.5, 0, 12, n=1, read=1)
    assert second == Message("message", '{"b":2}', "", None, 2.5, 12, 8, n=2, read=2)


def test_a_line_is_delivered_with_the_read_that_ends_it() -> None:
    parser = NDJSONParser()
    assert parser.feed(b'{"a":1}') == []
    assert len(parser.feed(b'\n{"b":2}')) == 1
    assert len(parser.finish()) == 1


def test_a_last_line_that_was_cut_is_incomplete() -> None:
    *_, last = parse(b'{"a":1}\n', b'{"text":"hel')
    assert last == Ignored("incomplete", 2, '{"text":"hel', 0.0, 8, 12)


def test_a_line_in_the_middle_that_is_not_json_is_still_a_message() -> None:
    assert data(parse(b'oops\n{"a":1}\n')) == ["oops", '{"a":1}']


@pytest.mark.parametrize("indent", [1, 2, "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_document_over_several_lines_is_one_message(indent: int | str, end: str) -> None:
    error = {"error": {"message": "no such key", "details": [{"a": 1}, [2]]}}
    shown = json.dumps(error, indent=indent)
    body = f'{{"a":1}}\n{shown}\n[\n 1\n]\n{shown}{end}'.encode()
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        events = parse(*pieces)
        assert [json.loads(text) for text in data(events)] == [{"a": 1}, error, [1], error]
        document = events[1]
        assert isinstance(document, Message)
        assert (document.offset, document.size) == (8, len(shown) + 1)


@pytest.mark.parametrize("last", ["}\n]", "}]"])
def test_a_bracket_and_a_brace_on_one_line_open_a_document_as_in_gemini_s_errors(last: str) -> None:
    shown = '[{\n  "error": {\n    "details": [\n      1\n    ]\n  }\n' + last
    events = data(parse(f'{{"a":1}}\n{shown}\n{{"b":2}}\n'.encode()))
    assert [json.loads(text) for text in events] == [
        {"a": 1}, [{"error": {"details": [1]}}], {"b": 2},
    ]  # fmt: skip


def test_a_document_over_several_lines_that_was_cut_is_incomplete() -> None:
    (cut,) = parse(b'{\n  "error": {\n    "mess')
    assert cut == Ignored("incomplete", 1, '{\n  "error": {\n    "mess', 0.0, 0, 24)


def test_a_document_above_the_limit_is_skipped_and_reading_goes_on() -> None:
    lines = b"".join(b'  "%d": 1,\n' % number for number in range(40))
    skipped, last = parse(b"{\n" + lines + b'  "x": 1\n}\n{"b":2}\n', max_size=100)
    assert isinstance(skipped, Ignored)
    assert (skipped.reason, skipped.line, skipped.offset) == ("too-large", 1, 0)
    assert skipped.size == len(lines) + 13
    assert (skipped.part, skipped.limit) == ("event", 100)
    assert data([last]) == ['{"b":2}']


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_line_above_the_limit_is_skipped_with_its_start_kept(size: int) -> None:
    line = b'{"x":"' + b"y" * 4000 + b'"}'
    body = b'{"a":1}\n' + line + b'\n{"b":2}\n'
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    first, skipped, last = parse(*pieces, max_size=100)
    assert isinstance(skipped, Ignored)
    assert (skipped.reason, skipped.line, skipped.offset) == ("too-large", 2, 8)
    assert skipped.size == len(line) + 1
    assert (skipped.part, skipped.limit) == ("line", 100)
    assert skipped.text
    assert line.decode().startswith(skipped.text)
    assert len(skipped.text) <= EXCERPT
    assert data([first, last]) == ['{"a":1}', '{"b":2}']


def test_an_endless_line_takes_no_memory_beyond_the_limit() -> None:
    parser = NDJSONParser(max_size=1000)
    for _ in range(1000):
        assert parser.feed(b"x" * 1000) == []
    assert sum(map(len, parser._line.pieces)) <= EXCERPT * 4
    (event,) = parser.finish()
    assert isinstance(event, Ignored)
    assert (event.reason, event.size) == ("too-large", 1_000_000)


@pytest.mark.parametrize("line", [b"\n", b"{\n", b" " * 999 + b"\n"])
def test_an_endless_document_takes_no_memory_beyond_the_limit(line: bytes) -> None:
    parser = NDJSONParser(max_size=1000)
    for piece in [b"{\n", *[line] * 2000]:
        assert parser.feed(piece) == []
    assert parser._document
    assert sum(map(len, parser._document.pieces)) <= 1000 + EXCERPT * 4
    (event,) = parser.finish()
    assert isinstance(event, Ignored)
    assert (event.reason, event.size) == ("too-large", 2 + 2000 * len(line))


def test_nesting_too_deep_for_pythons_json_does_not_crash() -> None:
    deep = b"[" * 100_000
    (event,) = parse(deep, max_size=200_000)
    assert isinstance(event, Ignored)
    assert event.reason == "incomplete"
    whole = b"[" * 50 + b"]" * 50
    assert json.loads(data(parse(whole))[0])
