"""Bodies of any type: their first bytes tell how they are read, as soon as they can."""

from __future__ import annotations

from functools import partial

import pytest

from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Event,
    Ignored,
    Media,
    Message,
    Opened,
    Reconnecting,
    Signal,
)
from sse_cli.model.media_type import LONGEST_BLANK, LONGEST_PART, sniff
from sse_cli.parser.session import Session
from sse_cli.parser.undecided import UndecidedBody
from tests.support.aws_event_stream import event

TEXT = Opened(0.0, "u", 200, headers=(("Content-Type", "text/plain"),), media="any")
UNTYPED = TEXT._replace(headers=())
AWS = event("a", 1)
CLOSED = Closed(0.9, Ending.EOF)


def needed(body: bytes, *, is_text: bool = True) -> tuple[int, Media]:
    """Return how many bytes of a body decide how it is read, and how it is."""
    undecided = UndecidedBody(TEXT, partial(sniff, any_type=True, is_text=is_text))
    for number in range(len(body)):
        if opened := undecided.feed(body[number : number + 1]):
            return number + 1, opened.media
    return len(body) + 1, undecided.all().media


@pytest.mark.parametrize(
    ("body", "size", "media"),
    [
        (b"data: x\n\n", 5, "event-stream"),
        (b"data:x", 5, "event-stream"),
        (b"event: x\n", 6, "event-stream"),
        (b"id: 7\n", 3, "event-stream"),
        (b"retry: 7\n", 6, "event-stream"),
        (b": hello\n", 1, "event-stream"),
        (b"\r\n\ndata: x", 8, "event-stream"),
        (b"\xef\xbb\xbfdata: x", 8, "event-stream"),
        (b"Hello", 1, "text"),
        (b" Hello", 2, "text"),
        (b"date", 4, "text"),
        (b"data", 5, "text"),
        (b"ids", 3, "text"),
        (b"i am", 2, "text"),
        (b"12:30", 2, "text"),
        (b"2:30 is late\n", 3, "text"),
        (b'2:"30" is late\n', 15, "text"),
        (b'{"a":', 1, "text"),
        (b"[1", 1, "text"),
        (b"<p>", 1, "text"),
        (b" \n", 3, "text"),
        (b"\xef\xbb", 3, "text"),
        (b"\0\0 binary data", 12, "text"),
        (b'0:"Hello"\n', 10, "data-stream"),
        (b'f:{"messageId":"m"}', 20, "data-stream"),
        (AWS, 12, "aws-event-stream"),
        (b"", 1, "event-stream"),
    ],
)
def test_no_more_bytes_are_awaited_than_decide(body: bytes, size: int, media: Media) -> None:
    assert needed(body) == (size, media)


@pytest.mark.parametrize(
    ("body", "size", "media"),
    [
        (b'{"a":1}\n', 1, "ndjson"),
        (b'[{"a":1}]', 2, "ndjson"),
        (b"[\n{", 2, "ndjson"),
        (b"[12:00] hello", 2, "text"),
        (b"data: x", 5, "event-stream"),
    ],
)
def test_json_is_ndjson_where_the_type_does_not_say_text(
    body: bytes, size: int, media: Media
) -> None:
    assert needed(body, is_text=False) == (size, media)


def test_the_wait_is_limited() -> None:
    assert needed(b" " * 2 * LONGEST_BLANK) == (LONGEST_BLANK, "text")
    assert needed(b'0:"' + b"x" * 2 * LONGEST_PART) == (LONGEST_PART, "text")


def run(opened: Opened, *pieces: bytes, closed: Closed = CLOSED) -> list[Event]:
    session = Session()
    signals: list[Signal] = [opened]
    signals += [Chunk(0.1 * number, piece) for number, piece in enumerate(pieces, 1)]
    return [event for signal in [*signals, closed] for event in session.feed(signal)]


def test_the_head_of_a_reply_follows_the_decision() -> None:
    session = Session()
    assert session.feed(TEXT) == []
    assert session.feed(Chunk(0.1, b"da")) == []
    opened, message = session.feed(Chunk(0.2, b"ta: x\n\n"))
    assert opened == TEXT._replace(media="event-stream")
    assert message == Message("message", "x", "", None, 0.2, 0, 9, 1, 1, 2)
    [second] = session.feed(Chunk(0.3, b"data: y\n\n"))
    assert isinstance(second, Message)
    assert (second.read, second.offset) == (3, 9)


def test_text_is_exact_from_its_first_byte() -> None:
    for text in ("Hello, wörld\n", "  \n\ndata is", "date", "0:x", "0:", "\ufeffx", "[DONE"):
        body = text.encode()
        for size in (1, 2, len(body)):
            pieces = [body[start : start + size] for start in range(0, len(body), size)]
            opened, *messages, closed = run(TEXT, *pieces)
            assert opened == TEXT._replace(media="text")
            assert "".join(one.data for one in messages if isinstance(one, Message)) == text
            assert closed == CLOSED


def test_an_undecided_start_is_read_at_the_end() -> None:
    opened, message, closed = run(TEXT, b"dat")
    assert isinstance(opened, Opened)
    assert isinstance(message, Message)
    assert (message.data, message.at, message.read) == ("dat", 0.9, 1)
    assert closed == CLOSED


def test_a_reply_without_a_body_has_its_head_before_its_end() -> None:
    assert run(TEXT) == [TEXT._replace(media="event-stream"), CLOSED]


def test_a_stream_that_we_end_shows_what_was_held() -> None:
    stopped = Closed(0.9, Ending.INTERRUPTED)
    opened, message, closed = run(TEXT, b"dat", closed=stopped)
    assert (type(opened), type(message), closed) == (Opened, Message, stopped)


def test_each_connection_decides_anew() -> None:
    session = Session()
    again = Reconnecting(0.2, 2, 0.1, Ending.EOF)
    signals: list[Signal] = [TEXT, Chunk(0.1, b"id: 7\ndata: x\n\n"), again]
    signals += [TEXT._replace(attempt=2), Chunk(0.4, b"data"), CLOSED]
    events = [event for signal in signals for event in session.feed(signal)]
    media = [event.media for event in events if isinstance(event, Opened)]
    assert media == ["event-stream", "text"]
    assert [event.n for event in events if isinstance(event, Message)] == [1, 2]
    assert session.resume.last_event_id == "7"


def test_an_aws_event_stream_is_told_by_its_first_prelude() -> None:
    opened, message, closed = run(UNTYPED, AWS[:11], AWS[11:])
    assert opened == UNTYPED._replace(media="aws-event-stream")
    assert isinstance(message, Message)
    assert message.type == "a"
    assert closed == CLOSED


def test_an_aws_event_stream_cut_in_a_message_is_incomplete() -> None:
    _, message, ignored, _ = run(UNTYPED, AWS + AWS[:30])
    assert isinstance(message, Message)
    assert isinstance(ignored, Ignored)
    assert ignored.reason == "incomplete"
