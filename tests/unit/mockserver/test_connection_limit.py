"""The mock server under many connections: idle and slow ones are closed for new ones."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from statistics import median
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver.connection import Limits
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.sockets import dial

PATIENCE = 20.0
AT_ONCE = 0.5  # seconds in the median; it takes some milliseconds, but machines may be busy
CROWD = 1000
SHORT = Scenario.of("short", [(0, b"data: one\n\n")])
BEGUN = b"GET /short HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
WHOLE = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def open_files(count: int) -> Iterator[None]:
    """Allow the sockets of both sides, which are all in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (resource.RLIM_INFINITY,) and hard < count:
        pytest.skip(f"no more than {hard} files can be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def get(base: str, path: str = "/short") -> tuple[float, bytes]:
    """Return the seconds until a well-behaved client has the whole reply, and the body."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection(base.partition("//")[2], timeout=PATIENCE)) as client:
        client.request("GET", path)
        body = client.getresponse().read()
    return time.monotonic() - began, body


def crowd(stack: ExitStack, base: str, words: bytes, count: int = CROWD) -> list[socket.socket]:
    peers = []
    for _ in range(count):
        peer = stack.enter_context(closing(dial(base)))
        peer.sendall(words)
        peers.append(peer)
    return peers


@pytest.mark.parametrize(
    "words", [b"", b"G", BEGUN, b"POST /short HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"]
)
def test_a_good_client_is_served_at_once_among_a_thousand_slow_ones(words: bytes) -> None:
    server = Server({"short": SHORT})
    with open_files(4 * CROWD), running(server) as base, ExitStack() as stack:
        peers = crowd(stack, base, words)
        replies = [get(base) for _ in range(20)]
        assert {body for _, body in replies} == {b"data: one\n\n"}
        assert median(seconds for seconds, _ in replies) < AT_ONCE
        assert server.connections <= server.limits.connections < len(peers)


def test_slow_clients_that_reconnect_do_not_delay_others() -> None:
    server = Server({"short": SHORT})
    with open_files(4 * CROWD), running(server) as base, ExitStack() as stack:
        peers = crowd(stack, base, BEGUN)
        over = threading.Event()

        def keep_on() -> None:
            while not over.is_set():
                for number, peer in enumerate(peers):
                    try:
                        peer.sendall(b"x")
                    except OSError:
                        peer.close()
                        peers[number] = stack.enter_context(closing(dial(base)))
                        peers[number].sendall(BEGUN)
                    if over.wait(0.001):  # a byte at a time, slowly
                        return

        attack = threading.Thread(target=keep_on)
        attack.start()
        try:
            times = [get(base)[0] for _ in range(30)]
        finally:
            over.set()
            attack.join()
        assert median(times) < AT_ONCE, times


def test_a_stream_that_is_read_is_not_cut_for_new_connections() -> None:
    gate = threading.Event()
    held = Scenario.of("held", [(0, b"data: 1\n\n"), (gate, b"data: 2\n\n")])
    server = Server({"held": held, "short": SHORT}, limits=Limits(connections=8))
    with running(server) as base, ExitStack() as stack, closing(dial(base)) as reader:
        reader.sendall(WHOLE % b"held")
        while b"data: 1" not in reader.recv(65536):
            pass
        crowd(stack, base, BEGUN, 50)
        assert get(base)[1] == b"data: one\n\n"
        gate.set()
        assert b"data: 2" in reader.recv(65536)


def test_connections_idle_between_requests_are_closed_for_new_ones() -> None:
    server = Server({"short": SHORT}, limits=Limits(connections=4))
    with running(server) as base, ExitStack() as stack:
        for _ in range(10):
            (peer,) = crowd(stack, base, WHOLE % b"short", 1)
            assert peer.recv(65536).startswith(b"HTTP/1.1 200")
        assert server.connections <= 4


def test_a_dropped_connection_is_closed_at_once() -> None:
    server = Server({"short": SHORT}, limits=Limits(connections=4))
    with running(server) as base, ExitStack() as stack:
        peers = crowd(stack, base, BEGUN, 50)
        assert get(base)[1] == b"data: one\n\n"
        for peer in peers[:-4]:
            with suppress(ConnectionResetError):
                assert peer.recv(1) == b""


def test_a_client_that_does_not_read_is_dropped_after_a_while() -> None:
    endless = Scenario.of("endless", [(0, b"data: " + b"x" * 65536 + b"\n\n")]).looped()
    limits = Limits(connections=2, stuck_seconds=0.05)
    server = Server({"endless": endless, "short": SHORT}, limits=limits)
    with running(server) as base, ExitStack() as stack:
        crowd(stack, base, WHOLE % b"endless", 2)
        until = time.monotonic() + PATIENCE
        served = b""
        while served != b"data: one\n\n":  # 503 until they are stuck for long enough
            assert time.monotonic() < until
            served = get(base)[1]


def test_an_address_with_all_connections_loses_one_to_another_address() -> None:
    held = Scenario.of("held", [(0, b"data: 1\n\n"), (threading.Event(), b"")])
    server = Server({"held": held, "short": SHORT}, limits=Limits(connections=4))
    with running(server) as base, ExitStack() as stack:
        peers = crowd(stack, base, WHOLE % b"held", 4)
        for peer in peers:
            while b"data: 1" not in peer.recv(65536):
                pass
        with closing(dial(base)) as same:  # all connections are busy, and from the same address
            assert same.recv(65536).startswith(b"HTTP/1.1 503 ")
        address = urlsplit(base)
        where = (address.hostname, address.port)
        with closing(socket.create_connection(where, PATIENCE, ("127.0.0.2", 0))) as other:
            other.sendall(WHOLE % b"short")
            assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert peers[-1].recv(1) == b""  # the newest was closed
        assert server.connections <= 4


def test_connections_are_limited_by_the_number_of_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = Server({"short": SHORT}, limits=Limits(connections=10**6))
    with ExitStack() as stack:
        # The clients are in this process, too: 64 other files, 100 for the server, 200 for clients.
        resource.setrlimit(resource.RLIMIT_NOFILE, (364, hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        base = stack.enter_context(running(server))
        assert server.max_connections == 300
        assert get(base)[1] == b"data: one\n\n"


def test_endless_streams_to_many_clients_do_not_delay_others() -> None:
    loaded = {name: bundled.load(name).looped() for name in ("clock", "gemini")}
    server = Server({**loaded, "short": SHORT}, speed=0)
    with running(server) as base, ExitStack() as stack:
        for peer in crowd(stack, base, WHOLE % b"clock", 20):
            assert peer.recv(10)
        assert median(get(base)[0] for _ in range(10)) < AT_ONCE
