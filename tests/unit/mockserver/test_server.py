"""The mock server, tested with `http.client` and bare sockets: the client side shares no code with
it."""

from __future__ import annotations

import asyncio
import gc
import http.client
import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver.connection import Limits
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running, serve_forever
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from tests.support.paths import ROOT
from tests.support.sockets import dial, read_all

PATIENCE = 20.0  # seconds until a hanging socket fails its test
SHORT = Scenario.of("short", [(0, b"data: one\n\n"), (0, b"data: two\n\n")], description="Two.")
BODY = b"data: one\n\ndata: two\n\n"
GOOD = b"GET /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER = threading.Event()


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A check that nothing is printed, logged or left open, whatever a peer does."""
    caplog.set_level(logging.WARNING)
    yield
    gc.collect()  # a forgotten socket or task warns now, and a warning is an error
    assert capfd.readouterr().err == ""
    assert caplog.get_records("call") == []
    assert caplog.get_records("teardown") == []


@pytest.fixture
def url() -> Iterator[str]:
    with running(Server({"short": SHORT})) as base:
        yield base


def read_until(peer: socket.socket, end: bytes) -> bytes:
    """Read byte by byte, so that no byte after `end` is consumed."""
    received = b""
    while not received.endswith(end):
        byte = peer.recv(1)
        assert byte, received
        received += byte
    return received


def send(base: str, request: bytes) -> bytes:
    """Return everything that comes back until the server closes."""
    with closing(dial(base)) as peer:
        peer.sendall(request)
        return read_all(peer)


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def head_of(reply: bytes) -> bytes:
    return reply.partition(b"\r\n\r\n")[0]


def chunks_of(reply: bytes) -> list[bytes]:
    """Return the chunks of a chunked body (RFC 9112, 7.1), including the last, empty one."""
    rest = reply.partition(b"\r\n\r\n")[2]
    chunks = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        chunks.append(rest[: int(size, 16)])
        assert rest[int(size, 16) :].startswith(b"\r\n")
        rest = rest[int(size, 16) + 2 :]
    return chunks


def ask(
    base: str, method: str, path: str, body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection(base.partition("//")[2], timeout=PATIENCE)) as client:
        client.request(method, path, body)
        response = client.getresponse()
        return response, response.read()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_scenario_is_streamed(url: str, method: str) -> None:
    response, body = ask(url, method, "/short", b"{}" if method == "POST" else None)
    assert (response.status, response.reason, body) == (200, "OK", BODY)
    headers = {name: value for name, value in response.getheaders() if name != "Date"}
    assert headers == {
        "Cache-Control": "no-cache",
        "Content-Type": "text/event-stream; charset=utf-8",
        "Transfer-Encoding": "chunked",
    }


@pytest.mark.parametrize(
    "path", ["/short/", "/short/v1/chat/completions", "/short?stream=true", "/short/a?b=/c#d"]
)
def test_every_path_below_a_name_serves_it(url: str, path: str) -> None:
    assert ask(url, "POST", path)[1] == BODY


@pytest.mark.parametrize("name", bundled.names())
def test_every_scenario_arrives_byte_for_byte(name: str) -> None:
    scenario = bundled.load(name)
    with running(Server({name: scenario}, speed=0)) as base:
        reply = send(base, GOOD.replace(b"short", name.encode()))
    assert chunks_of(reply) == [*(step.data for step in scenario.steps), b""]


def test_the_root_lists_the_routes(url: str) -> None:
    response, body = ask(url, "GET", "/")
    assert body == b"/short  Two.\n"
    assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
    assert response.getheader("Content-Length") == str(len(body))


@pytest.mark.parametrize("path", ["/other", "//short", "/Short", "/short%20", "/../short", "short"])
def test_an_unknown_route_names_the_known_ones(url: str, path: str) -> None:
    response, body = ask(url, "GET", path)
    assert response.status == 404
    assert b"/short  Two.\n" in body


@pytest.mark.parametrize(("path", "framing"), [("/short", "chunked"), ("/", None)])
def test_head_gets_the_head_alone(url: str, path: str, framing: str | None) -> None:
    with closing(http.client.HTTPConnection(url.partition("//")[2], timeout=PATIENCE)) as client:
        for _ in range(2):  # a stray body would be read as the second reply
            client.request("HEAD", path)
            response = client.getresponse()
            assert (response.status, response.read()) == (200, b"")
            assert response.getheader("Transfer-Encoding") == framing


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "get", "BREW"])
def test_other_methods_are_refused_with_allow(url: str, method: str) -> None:
    response, _ = ask(url, method, "/short")
    assert response.status == 405
    assert response.getheader("Allow") == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("target", ["*", "/short", "/other"])
def test_options_gets_204(url: str, target: str) -> None:
    response, body = ask(url, "OPTIONS", target)
    assert (response.status, body) == (204, b"")
    assert response.getheader("Allow") == "GET, HEAD, POST, OPTIONS"


def test_two_streams_fit_on_one_connection(url: str) -> None:
    with closing(dial(url)) as peer:
        for _ in range(2):
            peer.sendall(b"POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
            reply = read_until(peer, b"0\r\n\r\n")
            assert chunks_of(reply) == [b"data: one\n\n", b"data: two\n\n", b""]
        peer.sendall(GOOD)
        assert status(read_all(peer)) == 200


def test_pipelined_requests_are_answered_in_turn(url: str) -> None:
    reply = send(url, HEAD + HEAD.replace(b"/ ", b"/nope ") + GOOD)
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"200", b"404", b"200"]
    assert reply.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("extra", [b"", b"Connection: keep-alive\r\n"])
def test_http_1_0_gets_a_body_that_ends_with_the_connection(url: str, extra: bytes) -> None:
    reply = send(url, b"GET /short HTTP/1.0\r\nHost: localhost\r\n%s\r\n" % extra)
    assert reply.endswith(b"\r\n\r\n" + BODY)
    assert b"chunked" not in head_of(reply)
    assert b"connection: close" in head_of(reply).lower()


HOSTS = [
    ("127.0.0.1", 200),
    ("127.0.0.1:8000", 200),
    ("localhost", 200),
    ("LocalHost:1", 200),
    ("localhost:65535", 200),
    ("localhost:", 200),
    ("[::1]", 200),
    ("[::1]:8000", 200),
    ("", 403),
    ("example.com", 403),
    ("127.0.0.1.example.com", 403),
    ("localhost.example.com", 403),
    ("evil-localhost", 403),
    ("localhost@example.com", 403),
    ("user@localhost", 403),
    ("localhost:80:80", 403),
    ("localhost:http", 403),
    ("localhost:123456", 403),
    ("localhost/", 403),
    ("localhost, example.com", 403),
    ("127.0.0.2", 403),
    ("127.1", 403),
    ("0.0.0.0", 403),
    ("2130706433", 403),
    ("127x0x0x1", 403),
    ("::1", 403),
    ("[::1", 403),
    ("[::]", 403),
    ("[::ffff:127.0.0.1]", 403),
    ("192.168.0.1", 403),
    ("localhost\u0661", 403),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS)
def test_only_loopback_hosts_are_allowed(url: str, host: str, expected: int) -> None:
    reply = send(url, GOOD.replace(b"localhost", host.encode()))
    assert status(reply) == expected
    assert (BODY.split(b"\n")[0] in reply) is (expected == 200)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost", 200),
        ("http://localhost:3000", 200),
        ("https://127.0.0.1:8443", 200),
        ("http://[::1]:5173", 200),
        ("null", 403),
        ("", 403),
        ("https://example.com", 403),
        ("http://localhost.example.com", 403),
        ("http://localhost:3000/", 403),
        ("http://localhost http://example.com", 403),
        ("file://localhost", 403),
        ("localhost", 403),
        ("http://localhost\r\nOrigin: http://example.com", 403),
    ],
)
def test_only_pages_of_this_machine_are_allowed(url: str, origin: str, expected: int) -> None:
    request = GOOD.replace(b"\r\n\r\n", f"\r\nOrigin: {origin}\r\n\r\n".encode())
    assert status(send(url, request)) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"http://localhost:1/short", 200),
        (b"HTTP://127.0.0.1/short/x", 200),
        (b"http://localhost", 200),
        (b"http://example.com/short", 403),
        (b"http://a@localhost/short", 403),
        (b"ftp://localhost/short", 404),
    ],
)
def test_the_host_of_an_absolute_target_is_checked(url: str, target: bytes, expected: int) -> None:
    assert status(send(url, GOOD.replace(b"/short", target))) == expected


BAD_REQUESTS = [
    (b"GET /short HTTP/1.1\r\n\r\n", 400),
    (b"GET /short HTTP/1.0\r\n\r\n", 400),
    (b"GET /short HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    (b"GET /short HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    (b"hello\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS on a plain port
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"GET /short HTTP/0.9\r\nHost: localhost\r\n\r\n", 505),
    (b"GET /sh\x00rt HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
]


@pytest.mark.parametrize(("request_bytes", "expected"), BAD_REQUESTS)
def test_a_bad_request_is_refused_and_the_connection_closed(
    url: str, request_bytes: bytes, expected: int
) -> None:
    reply = send(url, request_bytes)  # returns only because the server closes
    assert status(reply) == expected
    assert reply.count(b"HTTP/1.1") == 1
    assert status(send(url, GOOD)) == 200  # and the server goes on


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_be_as_large_as_the_limit_and_no_larger(chunked: bool) -> None:
    with running(Server({"short": SHORT}, limits=Limits(body_bytes=100_000))) as base:
        for size, expected in [(100_000, 200), (100_001, 413)]:
            body = b"x" * size
            framing = b"Content-Length: %d\r\n\r\n%s" % (size, body)
            if chunked:
                framing = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (size, body)
            request = b"POST /short HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + framing
            assert status(send(base, request)) == expected


def test_a_huge_body_does_not_prevent_its_413(url: str) -> None:
    head = b"POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12000000\r\n\r\n"
    assert status(send(url, head + b"x" * 12_000_000)) == 413


def test_a_client_that_waits_for_100_continue_gets_it(url: str) -> None:
    with closing(dial(url)) as peer:
        expect = b"Expect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
        peer.sendall(b"POST /short HTTP/1.1\r\nHost: localhost\r\n" + expect)
        assert status(read_until(peer, b"\r\n\r\n")) == 100
        peer.sendall(b"body")
        assert status(read_all(peer)) == 200


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", b""),  # idle, which is not an error
        (b"GET / HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx", b"HTTP/1.1 408 "),
    ],
)
def test_a_slow_request_is_abandoned(sent: bytes, expected: bytes) -> None:
    limits = Limits(head_seconds=0.05, body_seconds=0.05, linger_seconds=0.05)
    with running(Server({}, limits=limits)) as base, closing(dial(base)) as peer:
        peer.sendall(sent)
        assert read_all(peer)[:13] == expected


def test_one_connection_too_many_gets_503() -> None:
    held = Scenario.of("held", [(0, b"data\n\n"), (NEVER, b"")])
    server = Server({"held": held}, limits=Limits(connections=1))
    with running(server) as base, closing(dial(base)) as first:
        first.sendall(GOOD.replace(b"short", b"held"))
        read_until(first, b"data\n\n")
        with closing(dial(base)) as second:
            second.sendall(GOOD)  # unread bytes must not cost the client the reply (RFC 9112, 9.6)
            second.shutdown(socket.SHUT_WR)
            assert status(read_all(second)) == 503


def test_each_piece_is_sent_before_the_next_is_due() -> None:
    gates = [threading.Event() for _ in range(5)]
    steps = [(gate, b"data: %d\n\n" % n) for n, gate in enumerate(gates)]
    gated = Server({"gated": Scenario.of("gated", steps)})
    with running(gated) as base, closing(dial(base)) as peer:
        peer.sendall(GOOD.replace(b"short", b"gated"))
        assert status(read_until(peer, b"\r\n\r\n")) == 200  # the head waits for nothing
        for n, gate in enumerate(gates):
            gate.set()
            assert read_until(peer, b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % n
        assert read_all(peer) == b"0\r\n\r\n"


def test_waits_are_kept_and_speed_shortens_them() -> None:
    paced = Scenario.of("paced", [(0.1, b"a"), (0.1, b"b")])
    with running(Server({"paced": paced}, speed=4)) as base:
        began = time.monotonic()
        assert ask(base, "GET", "/paced")[1] == b"ab"
        assert time.monotonic() - began >= 0.05  # no upper bound: the machine may be busy


def test_speed_zero_waits_for_nothing() -> None:
    paced = Scenario.of("paced", [(3600, b"a"), (3600, b"b")])
    with running(Server({"paced": paced}, speed=0)) as base:
        assert ask(base, "GET", "/paced")[1] == b"ab"


def test_a_gate_may_be_a_function_that_is_called_until_it_returns_true() -> None:
    asked: list[bool] = []

    def third_time() -> bool:
        asked.append(True)
        return len(asked) == 3

    with running(Server({"x": Scenario.of("x", [(third_time, b"data")])}, speed=0)) as base:
        assert ask(base, "GET", "/x")[1] == b"data"
    assert len(asked) == 3


def test_a_client_that_does_not_read_delays_no_other_and_loses_nothing() -> None:
    large = Scenario.of("large", [(0, b"x" * 2**20)] * 16)
    server = Server({"large": large, "short": SHORT}, limits=Limits(linger_seconds=0))
    with running(server) as base, closing(dial(base)) as lazy:
        lazy.sendall(GOOD.replace(b"short", b"large"))
        assert ask(base, "GET", "/short")[1] == BODY
        assert b"".join(chunks_of(read_all(lazy))) == b"x" * 2**24


def test_a_client_that_leaves_ends_its_own_stream_only() -> None:
    gate = threading.Event()
    left = Scenario.of("left", [(0, b"first\n\n"), (gate, b"x"), (0, b"x"), (NEVER, b"x")])
    # The other stream ends only once the first one's connection is gone.
    stays = Scenario.of("stays", [(0, b"first\n\n"), (lambda: server.connections == 1, b"last")])
    server = Server({"left": left, "stays": stays})
    with running(server) as base, closing(dial(base)) as staying:
        with closing(dial(base)) as leaving:
            leaving.sendall(GOOD.replace(b"short", b"left"))
            read_until(leaving, b"first\n\n")
            staying.sendall(GOOD.replace(b"short", b"stays"))
            read_until(staying, b"first\n\n")
            # closing now resets the connection, as a killed program's system does
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gate.set()
        assert b"last" in read_all(staying)


def test_stopping_cuts_streams_short_without_a_last_chunk() -> None:
    endless = Scenario.of("endless", [(0, b"first\n\n"), (NEVER, b"never")])
    with running(Server({"endless": endless})) as base:
        peer = dial(base)
        idle = dial(base)
        peer.sendall(GOOD.replace(b"short", b"endless"))
        read_until(peer, b"first\n\n")
    assert "sse-serve" not in {thread.name for thread in threading.enumerate()}
    with closing(peer), closing(idle):
        assert read_all(peer) == b"\r\n"  # the end of the first chunk, and no more
        assert read_all(idle) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(base)


def test_stopping_does_not_wait_for_a_client_that_does_not_read() -> None:
    large = Scenario.of("large", [(0, b"x" * 2**24)])
    with running(Server({"large": large})) as base:
        peer = dial(base)
        peer.sendall(GOOD.replace(b"short", b"large"))
        read_until(peer, b"\r\n\r\n")
    peer.close()


@pytest.mark.parametrize("steps", range(5))
def test_stopping_closes_connections_that_are_being_accepted(steps: int) -> None:
    async def dial_and_stop() -> socket.socket:
        server = Server({})
        peer = dial(await server.start())
        for _ in range(steps):  # of the event loop, which accepts meanwhile
            await asyncio.sleep(0)
        await server.close()
        return peer

    with closing(asyncio.run(dial_and_stop())) as peer, suppress(ConnectionResetError):
        assert read_all(peer) == b""


def test_stop_is_safe_before_and_after_a_run() -> None:
    server = Server({})
    server.stop()
    with running(server):
        server.stop()
    server.stop()


def test_a_scenario_sets_status_content_type_and_headers() -> None:
    steps = [(0.0, b'{"error":"no key"}')]
    headers = [("WWW-Authenticate", "Bearer"), ("Content-Length", "18")]
    made = Scenario.of("x", steps, status=401, content_type="application/json", headers=headers)
    bare = Scenario.of("bare", steps, content_type="", status=299)
    with running(Server({"x": made, "bare": bare})) as base:
        response, body = ask(base, "POST", "/x")
        plain, _ = ask(base, "GET", "/bare")
    assert (response.status, response.reason, body) == (401, "Unauthorized", steps[0][1])
    assert response.getheader("WWW-Authenticate") == "Bearer"
    assert response.getheader("Content-Type") == "application/json"
    assert response.getheader("Transfer-Encoding") is None
    assert (plain.status, plain.reason, plain.getheader("Content-Type")) == (299, "", None)


def test_a_scenario_that_promises_more_than_it_has_is_cut_off() -> None:
    cut = Scenario.of("cut", [(0, b"half")], headers=[("Content-Length", "8")])
    with running(Server({"cut": cut})) as base:
        for _ in range(2):  # the first is over once the second is answered
            assert send(base, GOOD.replace(b"short", b"cut")).endswith(b"\r\n\r\nhalf")


def test_ipv6_loopback_works_where_available() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    with running(Server({"short": SHORT}, host="::1")) as base:
        assert base.startswith("http://[::1]:")
        assert status(send(base, GOOD)) == 200


def test_a_taken_port_is_a_usage_error(url: str) -> None:
    port = urlsplit(url).port or 0
    taken = pytest.raises(UsageError, match=f"port {port} is in use")
    with taken as caught, running(Server({}, port=port)):
        pass
    assert caught.value.hint == Cause.PORT


def test_serve_forever_returns_when_the_server_is_stopped() -> None:
    server = Server({})
    seen: list[str] = []

    def on_ready(base: str) -> None:
        seen.append(base)
        server.stop()

    serve_forever(server, on_ready)
    assert seen[0].startswith("http://127.0.0.1:")


def test_serve_forever_closes_when_on_ready_fails() -> None:
    def on_ready(_base: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        serve_forever(Server({}), on_ready)


def test_an_invalid_port_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="70000 is not a valid port"):
        serve_forever(Server({}, port=70000), print)


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com", "::"])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(UsageError, match="loopback only"):
        Server({}, host=host)


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_a_speed_must_be_a_number_from_zero(speed: float) -> None:
    with pytest.raises(UsageError, match="is not a valid speed"):
        Server({}, speed=speed)


FOREVER = """
import signal, sys, threading
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import serve_forever

signal.signal(signal.SIGTERM, lambda *_: sys.exit(43))
endless = Scenario.of("endless", [(0, b"first\\n\\n"), (threading.Event(), b"never")])
try:
    serve_forever(Server({"endless": endless}), lambda url: print(url, flush=True))
except KeyboardInterrupt:
    sys.exit(42)
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 42), (signal.SIGTERM, 43)])
def test_a_signal_ends_serve_forever_in_silence(sent: signal.Signals, code: int) -> None:
    command = [sys.executable, "-W", "error", "-c", FOREVER]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)  # lest it be waited for
        assert process.stdout
        with closing(dial(process.stdout.readline().decode().strip())) as peer:
            peer.sendall(GOOD.replace(b"short", b"endless"))
            read_until(peer, b"first\n\n")
            os.kill(process.pid, sent)
            assert read_all(peer) == b"\r\n"
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (code, b"")
