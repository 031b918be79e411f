"""Deadlines by the real clock, in every phase of an exchange; nothing is left behind."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import error_mapping, exchange
from sse_cli.transport.watchdog import FOREVER, Watchdog
from tests.support.listener import PATIENCE
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head, whole
from tests.support.signals import ask, body, closed, reply_to
from tests.support.sockets import full_backlog
from tests.support.wire import Peer, Wire, on_time, open_files

EVENT = b"data: one\n\n"
SECONDS = 0.2


def endless(piece: bytes) -> bytes:
    """Return enough copies of `piece` to keep any reader busy past its deadline."""
    return piece * (1 + 2**20 // len(piece))


def flood(peer: Peer, piece: bytes) -> None:
    while True:
        peer.send(endless(piece))


def header_byte_by_byte(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX: ")
    peer.trickle(b"x")


BEFORE_THE_HEAD = {
    "silence": lambda peer: peer.until_gone(),
    "headers byte by byte": header_byte_by_byte,
    "endless 1xx": lambda peer: flood(peer, head(status="103 Early Hints")),
    "trickled 1xx": lambda peer: peer.trickle(head(status="102 Processing")),
}


@pytest.mark.parametrize("handler", BEFORE_THE_HEAD.values(), ids=BEFORE_THE_HEAD.keys())
def test_max_time_ends_the_wait_for_a_reply(handler: object) -> None:
    assert callable(handler)
    with Wire(handler) as server, on_time(SECONDS):
        (end,) = ask(server.origin, max_time=SECONDS)
    assert isinstance(end, Closed)
    assert end.ending is Ending.DEADLINE
    assert end.detail == f"no reply had come when the time limit of {SECONDS} s was over"
    assert end.cause == Cause.MAX_TIME


IN_THE_BODY = {
    "a silent body": ([STREAM, CHUNKED], lambda peer: peer.until_gone()),
    "a trickled body": ([STREAM, CHUNKED], lambda peer: peer.trickle(chunk(b":\n"))),
    "a trickled chunk": (
        [STREAM, CHUNKED],
        lambda peer: (peer.send(b"ff\r\n"), peer.trickle(b":")),
    ),
    "a flooding body": ([STREAM, CHUNKED], lambda peer: flood(peer, chunk(b": flood\n" * 500))),
    "a silent body with a length": ([STREAM, "Content-Length: 99"], lambda peer: peer.until_gone()),
    "a silent body that the close ends": ([STREAM], lambda peer: peer.until_gone()),
    "a trickled body that the close ends": ([STREAM], lambda peer: peer.trickle(b":\n")),
}


@pytest.mark.parametrize(("headers", "rest"), IN_THE_BODY.values(), ids=IN_THE_BODY.keys())
def test_max_time_ends_a_body_without_completing_it(headers: list[str], rest: object) -> None:
    def handler(peer: Peer) -> None:
        assert callable(rest)
        peer.send(head(*headers), chunk(EVENT))
        rest(peer)

    with Wire(handler) as server, on_time(SECONDS):
        signals = ask(server.origin, max_time=SECONDS)
    assert EVENT in body(signals)
    assert closed(signals).ending is Ending.DEADLINE
    assert (
        closed(signals).detail
        == f"the stream still ran when the time limit of {SECONDS} s was over"
    )


def test_reading_stops_at_the_deadline_despite_buffered_data() -> None:
    """Read slowly: the kernel still holds much of the flood, and all of it can be read after the
    deadline has shut the socket down."""

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED))
        flood(peer, chunk(b": flood\n" * 500))

    with Wire(handler) as server:
        signals = reply_to(Request(server.origin, max_time=SECONDS))
        assert [next(signals), next(signals)]
        assert not threading.Event().wait(2 * SECONDS)  # as long as a slow terminal takes
        rest = list(signals)
    assert closed(rest).ending is Ending.DEADLINE
    assert body(rest) == b""


def test_a_reply_cut_off_by_the_watchdog_ends_as_deadline_and_not_as_unreachable() -> None:
    watchdog = Watchdog(PATIENCE)

    def handler(peer: Peer) -> None:
        watchdog.fire()  # before the waiting thread sees that time is up
        peer.until_gone()

    with Wire(handler) as server, contextlib.ExitStack() as stack:
        with pytest.raises(error_mapping.Failed) as caught:
            url = httpx.URL(server.origin)
            list(exchange.exchange(Request(server.origin), url, watchdog, stack, RunClock()))
        watchdog.close()
    assert caught.value.ending is Ending.DEADLINE


def test_an_interrupt_ends_the_wait_for_a_reply_and_the_connection() -> None:
    gone = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def handler(peer: Peer) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        peer.until_gone()
        gone.set()

    with Wire(handler) as server:
        with pytest.raises(KeyboardInterrupt):
            ask(server.origin)
        assert gone.wait(PATIENCE / 2)


def test_a_redirect_does_not_restart_the_clock() -> None:
    def handler(peer: Peer) -> None:
        if not peer.closing.wait(SECONDS / 4):
            peer.send(head("Location: /again", "Content-Length: 0", status="302 Found"))

    with Wire(handler) as server, on_time(SECONDS):
        assert closed(ask(server.origin, max_time=SECONDS)).ending is Ending.DEADLINE


def test_a_redirect_restarts_the_idle_timeout() -> None:
    hops = 4

    def handler(peer: Peer) -> None:
        hop = len(server.requests)
        peer.closing.wait(SECONDS * 0.6)
        last = hop == hops
        moved = head("Location: /again", "Content-Length: 0", status="302 Found")
        peer.send(whole(EVENT) if last else moved)

    with Wire(handler) as server, on_time(SECONDS * 0.6 * hops):
        assert closed(ask(server.origin, idle_timeout=SECONDS)).ending is Ending.EOF
    assert len(server.requests) == hops


def test_silence_after_a_redirect_is_over_at_the_idle_timeout() -> None:
    def handler(peer: Peer) -> None:
        if len(server.requests) > 1:
            peer.until_gone()
        peer.send(head("Location: /again", "Content-Length: 0", status="302 Found"))

    with Wire(handler) as server, on_time(SECONDS):
        end = closed(ask(server.origin, idle_timeout=SECONDS))
    assert (end.ending, end.detail) == (Ending.DEADLINE, f"no reply came for {SECONDS:g} s")


def test_a_stream_that_ends_in_time_misses_no_deadline() -> None:
    for limits in ({"max_time": PATIENCE}, {"max_time": 1e12}, {"connect_timeout": 1e12}):
        with Wire(whole(EVENT)) as server:
            assert closed(ask(server.origin, **limits)).ending is Ending.EOF


def test_the_connect_timeout_ends_with_the_connection() -> None:
    def handler(peer: Peer) -> None:
        peer.closing.wait(3 * SECONDS)
        peer.send(whole(EVENT))

    with Wire(handler) as server:
        assert body(ask(server.origin, connect_timeout=SECONDS)) == EVENT


@pytest.fixture
def full() -> Iterator[socket.socket]:
    with full_backlog() as listener:
        yield listener


@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        ({"connect_timeout": SECONDS}, Cause.CONNECT_TIMEOUT),
        ({"max_time": SECONDS}, Cause.MAX_TIME),
        ({"connect_timeout": SECONDS, "max_time": PATIENCE}, Cause.CONNECT_TIMEOUT),
        ({"connect_timeout": PATIENCE, "max_time": SECONDS}, Cause.MAX_TIME),
    ],
)
def test_an_unanswered_connection_is_ended_by_the_deadline(
    full: socket.socket, limits: dict[str, float], cause: str
) -> None:
    with on_time(SECONDS):
        end = closed(ask(f"http://127.0.0.1:{full.getsockname()[1]}/", **limits))
    assert end.ending is Ending.DEADLINE
    assert end.cause == cause
    assert f"{SECONDS} s" in end.detail


def test_a_connection_made_after_the_deadline_sends_nothing(full: socket.socket) -> None:
    before = set(threading.enumerate())
    end = closed(
        ask(
            f"http://127.0.0.1:{full.getsockname()[1]}/",
            connect_timeout=SECONDS,
            headers=(("Authorization", "Bearer sk-test"),),
        )
    )
    assert end.ending is Ending.DEADLINE
    (thread,) = set(threading.enumerate()) - before
    full.settimeout(PATIENCE)
    received = b""
    while thread.is_alive():  # the kernel tries again; now the backlog has a free place
        with full.accept()[0] as peer:
            peer.settimeout(0.1)
            with contextlib.suppress(
                TimeoutError
            ):  # a connection that filled the backlog stays silent
                received += peer.recv(65536)
            thread.join(0.1)
    assert received == b""


def test_two_hundred_connections_leak_no_thread_and_no_file() -> None:
    replies = [
        whole(EVENT),
        head(STREAM, CHUNKED) + chunk(EVENT) + LAST_CHUNK,
        head(STREAM) + EVENT,
        head(STREAM, CHUNKED) + b"ff\r\n",
        head("Content-Length: 0", status="401 Unauthorized"),
        head("Location: http://elsewhere.invalid/", "Content-Length: 0", status="302 Found"),
        b"junk\r\n\r\n",
        b"",
    ]
    with Wire(whole(EVENT)) as server:
        ask(server.origin)
    gc.collect()
    threads, files = set(threading.enumerate()), open_files()
    for number in range(200):
        with Wire(replies[number % len(replies)]) as server:
            ask(server.origin, max_time=PATIENCE, connect_timeout=PATIENCE)
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE)
    assert set(threading.enumerate()) <= threads
    assert open_files() <= files


# The watchdog itself


def test_a_watchdog_wakes_a_blocked_read() -> None:
    left, right = socket.socketpair()
    with left, right:
        watchdog = Watchdog(SECONDS)
        watchdog.start()
        watchdog.watch(left)
        with on_time(SECONDS / 2):
            assert left.recv(1) == b""
        assert watchdog.fired
        assert watchdog.remaining() == 0
        watchdog.close()


def test_a_socket_that_comes_after_the_deadline_is_shut_down_at_once() -> None:
    for end in (Watchdog.fire, Watchdog.close):
        left, right = socket.socketpair()
        with left, right:
            left.settimeout(PATIENCE)
            watchdog = Watchdog(None)
            end(watchdog)
            watchdog.watch(left)
            assert left.recv(1) == b""
            watchdog.close()


def test_a_watchdog_waits_for_ever_until_it_gets_a_deadline() -> None:
    watchdog = Watchdog(None)
    watchdog.start()
    assert watchdog.remaining() is None
    watchdog.limit(PATIENCE)
    assert 0 < (watchdog.remaining() or 0) <= PATIENCE
    watchdog.limit(2 * PATIENCE)  # a deadline only comes nearer
    assert (watchdog.remaining() or 0) <= PATIENCE
    watchdog.close()


def test_a_deadline_too_far_for_a_lock_becomes_a_year() -> None:
    watchdog = Watchdog(1e300)
    watchdog.start()
    assert (watchdog.remaining() or 0) <= FOREVER
    watchdog.close()
