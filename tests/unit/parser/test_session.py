"""Signals turned into events, over one connection and over several."""

from __future__ import annotations

import pytest

from sse_cli.model.events import Chunk, Closed, Ending, Event, Ignored, Message, Opened, Signal
from sse_cli.parser.session import BODY_LIMIT, Session


def run(session: Session, *signals: Signal) -> list[Event]:
    return [event for signal in signals for event in session.feed(signal)]


def messages(events: list[Event]) -> list[Message]:
    return [event for event in events if isinstance(event, Message)]


def connection(body: bytes, attempt: int = 1, ending: Ending = Ending.EOF) -> list[Signal]:
    opened = Opened(0.0, "u", 200, attempt=attempt)
    return [opened, Chunk(1.0, body), Closed(2.0, ending)]


def test_lifecycle_events_and_messages_come_in_order() -> None:
    events = run(Session(), *connection(b"data: a\n\n:hi\ndata: b\n\n"))
    assert [type(event).__name__ for event in events] == [
        "Opened",
        "Message",
        "Comment",
        "Message",
        "Closed",
    ]
    assert [event.at for event in events] == [0.0, 1.0, 1.0, 1.0, 2.0]


def test_messages_are_numbered_over_all_connections() -> None:
    session = Session()
    first: list[Signal] = [Opened(0, "u", 200), Chunk(1, b"data: a\n\nda"), Chunk(2, b"ta: b\n\n")]
    found = messages(run(session, *first, Closed(3, Ending.TRUNCATED)))
    found += messages(run(session, *connection(b"data: c\n\n", attempt=2)))
    assert [(m.data, m.n, m.attempt, m.read) for m in found] == [
        ("a", 1, 1, 1),
        ("b", 2, 1, 2),
        ("c", 3, 2, 3),
    ]
    assert session.messages == 3


def test_the_last_event_id_is_carried_over_connections() -> None:
    session = Session()
    run(session, *connection(b"id: 7\ndata: a\n\n"))
    assert session.resume.last_event_id == "7"
    (message,) = messages(run(session, *connection(b"data: b\n\n", attempt=2)))
    assert (message.last_event_id, message.id) == ("7", None)
    run(session, *connection(b"id\ndata: c\n\n", attempt=3))
    assert session.resume.last_event_id == ""


def test_the_id_of_an_incomplete_event_is_not_carried_over() -> None:
    session = Session()
    run(session, *connection(b"id: 7\ndata: a\n\nid: 8\ndata: b", ending=Ending.TRUNCATED))
    assert session.resume.last_event_id == "7"


def test_replies_without_ids_keep_the_last_event_id() -> None:
    session = Session()
    run(session, *connection(b"id: 7\ndata: a\n\n"))
    run(session, Opened(0, "u", 500, media="other"), Closed(1, Ending.REFUSED))
    run(session, Opened(0, "u", 200, media="ndjson"), Closed(1, Ending.EOF))
    run(session, Closed(1, Ending.UNREACHABLE))
    assert session.resume.last_event_id == "7"


def test_every_connection_begins_with_a_fresh_parser() -> None:
    session = Session()
    run(session, *connection(b"data: half", ending=Ending.TRUNCATED))
    (message,) = messages(run(session, *connection(b"\xef\xbb\xbfdata: b\n\n", attempt=2)))
    assert (message.data, message.offset) == ("b", 3)


def test_ndjson_lines_are_messages_and_the_last_one_needs_no_line_end() -> None:
    signals: list[Signal] = [Opened(0, "u", 200, media="ndjson"), Chunk(1, b'{"a":1}\n{"b":2}')]
    found = messages(run(Session(), *signals, Closed(2, Ending.EOF)))
    assert [(m.data, m.n, m.at) for m in found] == [('{"a":1}', 1, 1), ('{"b":2}', 2, 2)]


def test_the_body_of_a_refused_reply_is_collected_to_its_limit() -> None:
    refused = Opened(0, "u", 401, media="other")
    pieces = [Chunk(1, b"data: x\n\n" * 1000) for _ in range(20)]
    *events, end = run(Session(), refused, *pieces, Closed(2, Ending.REFUSED, "401", "key?"))
    assert events == [refused]
    assert end == Closed(2, Ending.REFUSED, "401", "key?", (b"data: x\n\n" * 20_000)[:BODY_LIMIT])


def test_the_body_of_an_earlier_reply_is_forgotten() -> None:
    session = Session()
    run(session, Opened(0, "u", 500, media="other"), Chunk(1, b"oops"))
    assert session.feed(Closed(2, Ending.REFUSED)) == [Closed(2, Ending.REFUSED, body=b"oops")]
    *_, end = run(session, *connection(b"data: a\n\n"))
    assert isinstance(end, Closed)
    assert end.body == b""


WIRE = [Ending.EOF, Ending.EOF_UNVERIFIED, Ending.TRUNCATED, Ending.MALFORMED]
OURS = [Ending.LIMIT, Ending.DEADLINE, Ending.INTERRUPTED]


@pytest.mark.parametrize("ending", WIRE)
def test_an_event_cut_by_the_server_is_incomplete(ending: Ending) -> None:
    _, cut, end = run(Session(), *connection(b"data: half", ending=ending))
    assert isinstance(cut, Ignored)
    assert (cut.reason, cut.at) == ("incomplete", 2.0)
    assert isinstance(end, Closed)


@pytest.mark.parametrize("ending", OURS)
def test_an_event_cut_by_the_client_is_not_reported(ending: Ending) -> None:
    events = run(Session(), *connection(b"data: half", ending=ending))
    assert [type(event) for event in events] == [Opened, Closed]


@pytest.mark.parametrize("media", ["event-stream", "ndjson"])
def test_a_line_above_the_limit_is_reported(media: str) -> None:
    opened = Opened(0, "u", 200, media="ndjson" if media == "ndjson" else "event-stream")
    events = run(Session(max_size=50), opened, Chunk(1, b"data: " + b"x" * 100 + b"\n\n"))
    assert [event.reason for event in events if isinstance(event, Ignored)] == ["too-large"]
