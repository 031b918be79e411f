"""The data stream of the AI SDK 4: lines of a code, a colon and JSON."""

from __future__ import annotations

import pytest

from sse_cli.model.events import Event, Ignored, Message
from sse_cli.parser.data_stream import DataStreamParser

BODY = 'f:{"messageId":"m"}\n0:"Hello, "\n\n0:"wörld"\r\n3:"broken"\nd:{"finishReason":"stop"}\n'
MESSAGES = [
    ("f", '{"messageId":"m"}'),
    ("0", '"Hello, "'),
    ("0", '"wörld"'),
    ("error", '"broken"'),
    ("d", '{"finishReason":"stop"}'),
]


def parse(body: bytes, size: int = 0, max_size: int = 1000) -> list[Event]:
    parser = DataStreamParser(max_size=max_size)
    size = size or len(body)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [event for piece in pieces for event in parser.feed(piece, 0.5)] + parser.finish(0.9)


def messages(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.type, event.data) for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_the_code_is_the_type_and_the_json_the_data(size: int) -> None:
    assert messages(parse(BODY.encode(), size)) == MESSAGES


def test_a_message_has_the_place_of_its_line() -> None:
    first, second = parse(b'0:"a"\n0:"b"\n')
    assert first == Message("0", '"a"', "", None, 0.5, 0, 6, 1, 1, 1)
    assert second == Message("0", '"b"', "", None, 0.5, 6, 6, 2, 1, 1)


@pytest.mark.parametrize("line", ["hello", "10:1", ":1", "A:1", "data: 1"])
def test_any_other_line_is_reported(line: str) -> None:
    _, ignored, last = parse(f'0:"a"\n{line}\n0:"b"\n'.encode())
    assert ignored == Ignored("unknown-field", 2, line, 0.5, 6, len(line) + 1)
    assert isinstance(last, Message)


def test_the_last_line_needs_no_end_but_must_be_whole() -> None:
    assert messages(parse(b'0:"a"\n0:"b"')) == [("0", '"a"'), ("0", '"b"')]
    _, cut = parse(b'0:"a"\n0:"b')
    assert cut == Ignored("incomplete", 2, '"b', 0.9, 6, 4)


def test_a_line_over_the_limit_is_reported() -> None:
    first, ignored, last = parse(b'0:"a"\n0:"' + b"x" * 99 + b'"\n0:"b"\n', max_size=50)
    assert isinstance(ignored, Ignored)
    assert (ignored.reason, ignored.line, ignored.size) == ("too-large", 2, 104)
    assert messages([first, last]) == [("0", '"a"'), ("0", '"b"')]
