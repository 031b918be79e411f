"""The bodies that a connecting client reads, and how it stops: the rows of
`corpus/client_cases.json` about bodies and closing. The parser has its own corpus; these cases need
a connection."""

from __future__ import annotations

import base64
import json
import random
import signal
import threading
import time
import zlib

import pytest

from sse_cli.model.events import Comment, Ending, Event, Message, Opened, Reconnecting, Resume
from sse_cli.parser.session import Session
from sse_cli.request.model import Request
from tests.support.client import AGAIN, Time, follow, reconnector, scripted
from tests.support.listener import PATIENCE
from tests.support.process import Process
from tests.support.program import finish, start
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head, whole
from tests.support.signals import without_phases
from tests.support.wire import Handler, Peer, Wire

EVENT = b"data: one\n\n"
STREAMING = head(STREAM, CHUNKED)


class Step:
    """A step that a client completes and a server waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def done(self, _: object = None) -> None:
        self._event.set()

    def awaited(self) -> None:
        assert self._event.wait(PATIENCE)


def stepwise(first: bytes, second: bytes, *headers: str) -> list[str]:
    """Return the payloads of a stream whose second half is held back until an event of the first is
    seen; a client that waits for more fails."""
    seen = Step()

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED, *headers), chunk(first))
        seen.awaited()
        peer.send(chunk(second), LAST_CHUNK)

    def each(event: Event) -> None:
        if isinstance(event, Message):
            seen.done()

    with scripted(handler) as server:
        return follow(server.origin, each=each).data


def silent(start: bytes, gone: Step | None = None, asked: Step | None = None) -> Handler:
    """Return a handler that sends `start` and then nothing until the client goes."""

    def handler(peer: Peer) -> None:
        if asked:
            asked.done()
        peer.send(start)
        peer.until_gone()
        if gone:
            gone.done()

    return handler


def test_events_flow_before_eof() -> None:
    assert stepwise(EVENT, b":\n\n") == ["one"]
    assert stepwise(b"data:x\r\r", b":\n\n") == ["x"]


def test_dispatch_on_cr_without_lookahead() -> None:
    assert stepwise(b"data: one\r\r", b"\n") == ["one"]
    assert stepwise(b"data: one\r\r", b"\ndata: two\n\n") == ["one", "two"]


@pytest.mark.parametrize(
    "rest", [b"data: Goodbye", b"data: Goodbye\n", b"event: x\n", b"data: Goodbye\r", b"\xef\xbb"]
)
def test_second_stream_parses_fresh(rest: bytes) -> None:
    first, second = whole(b"id: 1\n" + EVENT + rest), whole(b"\ndata: two\n\n")
    with scripted(first, second) as server:
        seen = follow(server.origin)
    found = [(m.data, m.type, m.last_event_id, m.offset) for m in seen.of(Message)]
    assert found == [("one", "message", "1", 0), ("two", "message", "1", 1)]


def test_bom_on_second_connection() -> None:
    with scripted(*[whole(b"\xef\xbb\xbf" + EVENT)] * 3) as server:
        assert follow(server.origin).data == ["one"] * 3


@pytest.mark.parametrize(("mebibytes", "pieces"), [(5, 1), (10, 2)])
def test_large_message_5mib(mebibytes: int, pieces: int) -> None:
    data = base64.b64encode(random.Random(1).randbytes(mebibytes * 1024**2 * 3 // 4))
    body = b"data: " + data + b"\n\n"
    half = len(body) // pieces + 1
    chunks = [chunk(body[n : n + half]) for n in range(0, len(body), half)]
    assert len(chunks) == pieces
    begun = time.monotonic()
    with scripted(STREAMING + b"".join(chunks) + LAST_CHUNK) as server:
        assert follow(server.origin).data == [data.decode()]
    assert time.monotonic() - begun < 5


def test_gzip_body() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(EVENT) + packer.flush(zlib.Z_SYNC_FLUSH)
    second = packer.compress(EVENT) + packer.flush()
    assert stepwise(first, second, "Content-Encoding: gzip") == ["one", "one"]


def test_hundred_messages_in_order() -> None:
    with scripted(whole(b"".join(b"data: %d\n\n" % n for n in range(100)))) as server:
        assert follow(server.origin).data == [str(n) for n in range(100)]


@pytest.mark.parametrize("size", [1, 2])
def test_one_byte_chunks(size: int) -> None:
    body = "\ufeffid: 1\r\ndata: \N{BLACK HEART SUIT}\r\rdata: b\ndata: c\n\n: d\n\n".encode()

    def handler(peer: Peer) -> None:
        peer.send(STREAMING)
        for n in range(0, len(body), size):
            peer.send(chunk(body[n : n + size]))
            peer.closing.wait(0.01)
        peer.send(LAST_CHUNK)

    with scripted(handler) as server:
        seen = follow(server.origin)
    assert seen.data == ["\N{BLACK HEART SUIT}", "b\nc"]
    assert [comment.text for comment in seen.of(Comment)] == [" d"]


@pytest.mark.parametrize("character", ["\N{BLACK HEART SUIT}", "\N{LOVE HOTEL}"])
def test_split_multibyte_with_pause(character: str) -> None:
    raw = character.encode()
    for n in range(1, len(raw)):
        found = stepwise(EVENT + b"data: " + raw[:n], raw[n:] + b"\n\n")
        assert found == ["one", character]


def test_read_timeout_reconnects() -> None:
    def keeps_alive(peer: Peer) -> None:
        peer.send(STREAMING)
        for _ in range(10):  # half a second in all, longer than the limit
            peer.send(chunk(b":\n"))
            peer.closing.wait(0.05)
        peer.send(chunk(b"data: alive\n\n"), LAST_CHUNK)

    with scripted(silent(STREAMING + chunk(EVENT)), keeps_alive) as server:
        seen = follow(Request(server.origin, idle_timeout=0.3))
    assert seen.data == ["one", "alive"]
    assert [again.ending for again in seen.of(Reconnecting)] == [Ending.STALLED, Ending.EOF]


def test_no_read_timeout_by_default() -> None:
    def thinks(peer: Peer) -> None:
        peer.send(STREAMING, chunk(EVENT))
        peer.closing.wait(5.5)  # httpx's own limit is 5 s
        peer.send(chunk(b"data: two\n\n"), LAST_CHUNK)

    with scripted(thinks) as server:
        seen = follow(server.origin)
    assert (seen.data, len(server.requests)) == (["one", "two"], 2)


def test_comments_visible() -> None:
    first = b":Hello\n"
    told = Step()

    def handler(peer: Peer) -> None:
        peer.send(STREAMING, chunk(first))
        told.awaited()  # before its event, before anything else is sent
        peer.send(chunk(EVENT + b": between\n" + EVENT + b":\n"), LAST_CHUNK)

    def each(event: Event) -> None:
        if isinstance(event, Comment):
            told.done()

    with scripted(handler) as server:
        seen = follow(server.origin, each=each)
    shown = [e.text if isinstance(e, Comment) else e.data for e in seen.events[1:6]]  # type: ignore[union-attr]
    assert shown == ["Hello", "one", " between", "one", ""]


def test_response_headers_exposed() -> None:
    replies = [whole(EVENT, STREAM, f"X-Served-By: {name}") for name in ("a", "b")]
    with scripted(*replies) as server:
        opened = follow(server.origin).of(Opened)
    assert [one.header("x-served-by") for one in opened[:2]] == ["a", "b"]


# Closing


def process_of(server: Wire, *words: str) -> Process:
    return start(server.origin, "--reconnect", "-o", "jsonl", "--all", "-m", "30", *words)


def kinds(out: bytes) -> list[str]:
    return [json.loads(line)["kind"] for line in out.splitlines()]


def read_until(process: Process, kind: str) -> None:
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["kind"] != kind:
        pass


def test_close_while_connecting() -> None:
    asked, gone = Step(), Step()
    with Wire(silent(b"", gone, asked)) as server:
        with process_of(server) as process:
            asked.awaited()
            process.send_signal(signal.SIGINT)
            ran = finish(process)
        gone.awaited()
        assert len(server.requests) == 1
    assert (ran.code, kinds(ran.out)) == (-signal.SIGINT, ["closed"])
    assert b"error" not in ran.err


def test_close_after_open() -> None:
    gone, time = Step(), Time()
    with Wire(silent(STREAMING, gone)) as server:
        signals = without_phases(reconnector(AGAIN, Resume(), time).signals(Request(server.origin)))
        assert isinstance(next(signals), Opened)
        signals.close()
        gone.awaited()
        assert next(signals, None) is None
        assert (len(server.requests), time.waits) == (1, [])


def test_close_in_message_handler() -> None:
    with Wire(whole(EVENT * 3)) as server:
        with start(server.origin, "--reconnect", "-n", "1", "-m", "30") as process:
            ran = finish(process)
        assert (ran.code, len(ran.out.splitlines())) == (0, 1)
        assert len(server.requests) == 1


def test_close_in_error_handler() -> None:
    time = Time()
    session = Session()
    with Wire(whole(b"retry: 250\n" + EVENT)) as server:
        signals = reconnector(AGAIN, session.resume, time).signals(Request(server.origin))
        while not isinstance(found := next(signals), Reconnecting):
            session.feed(found)
        signals.close()  # type: ignore[attr-defined]  # a generator
        assert found.delay == 0.25
        assert (len(server.requests), time.waits) == (1, [])


def test_close_while_waiting() -> None:
    with Wire(whole(EVENT)) as server:
        with process_of(server, "--retry-delay", "20s") as process:
            read_until(process, "reconnecting")
            process.send_signal(signal.SIGINT)
            ran = finish(process)
        assert (ran.code, kinds(ran.out)) == (-signal.SIGINT, ["closed"])
        assert len(server.requests) == 1


def test_close_interrupts_blocked_read() -> None:
    gone = Step()
    with Wire(silent(STREAMING + chunk(EVENT), gone)) as server:
        with process_of(server) as process:
            read_until(process, "message")
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert finish(process).code == -signal.SIGINT
            assert time.monotonic() - begun < 5
        gone.awaited()
        assert len(server.requests) == 1


def test_old_connection_closed_before_new() -> None:
    gone = Step()

    def first(peer: Peer) -> None:
        peer.send(whole(EVENT))  # the reply has a length, so it is the client that closes
        peer.until_gone()
        gone.done()

    def each(event: Event) -> None:
        if isinstance(event, Reconnecting):
            gone.awaited()  # otherwise the new request would come first

    with scripted(first) as server:
        assert follow(server.origin, each=each).data == ["one"]
