"""Deadlines hold in every phase of an exchange, over every kind of connection.

One table: a phase, and what each of --connect-timeout, --max-time and --idle-timeout makes of
it. Every row runs against a peer that would keep its client for ever.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h2.connection
import pytest

from sse_cli.model.causes import Cause
from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import EXIT_CODES
from sse_cli.transport.watchdog import Watchdog
from tests.support.http2_server import begin, serving
from tests.support.listener import PATIENCE
from tests.support.process import environment
from tests.support.program import error_and_hint, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head
from tests.support.signals import ask, body, closed
from tests.support.sockets import full_backlog
from tests.support.tls import server_context
from tests.support.wire import Handler, Peer, Wire, on_time, open_files

EVENT = b"data: one\n\n"
SECONDS = 0.2
OPENING = head(STREAM, CHUNKED) + chunk(EVENT)
CONNECT, MAX, IDLE = "connect_timeout", "max_time", "idle_timeout"

Ways = Iterator[dict[str, Any]]  # where to connect, and how: fields of a request


# The behaviour of a peer that has a connection


def until_gone(peer: Peer) -> None:
    peer.until_gone()


def trickled_header(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX: ")
    peer.trickle(b"x")


def endless_1xx(peer: Peer) -> None:
    early = head(status="103 Early Hints")
    while True:
        peer.send(early * 1000)


def silent_body(peer: Peer) -> None:
    peer.send(OPENING)
    peer.until_gone()


def trickled_body(peer: Peer) -> None:
    peer.send(OPENING)
    peer.trickle(chunk(b":\n"))


def trickled_chunk(peer: Peer) -> None:
    peer.send(OPENING, b"ffff\r\n")
    peer.trickle(b":")


def endless_redirects(peer: Peer) -> None:
    if not peer.closing.wait(SECONDS / 8):
        peer.send(head("Location: /again", "Content-Length: 0", status="302 Found"))


def h2_silence(_: h2.connection.H2Connection, peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def h2_pings(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
    """Ping as fast as the client answers: the connection is alive, and the stream is not."""
    while True:
        connection.ping(b"8 bytes!")
        peer.sendall(connection.data_to_send())
        connection.receive_data(peer.recv(65536))


def h2_silent_body(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
    begin(connection)
    peer.sendall(connection.data_to_send())
    h2_silence(connection, peer)


def h2_pings_in_the_body(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
    begin(connection)
    h2_pings(connection, peer)


def h2_trickle(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
    begin(connection)
    end = threading.Event()
    while not end.wait(0.02):  # until the client goes and a write fails
        connection.send_data(1, b":\n")
        peer.sendall(connection.data_to_send())


# Ways to reach a peer


@contextlib.contextmanager
def name_server(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Provide a resolver that does not answer while a client waits for it."""
    asked, release = threading.Event(), threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        asked.set()
        release.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "given up on")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    before = set(threading.enumerate())
    yield {"url": "http://api.test/"}
    assert asked.is_set()
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)


@contextlib.contextmanager
def direct(handler: Handler) -> Ways:
    with Wire(handler) as server:
        yield {"url": server.origin}


@contextlib.contextmanager
def by_unix_socket(handler: Handler, folder: Path) -> Ways:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "s"))
    listener.listen()
    with Wire(handler, listener=listener):
        yield {"url": "http://api.test/", "unix_socket": str(folder / "s")}


@contextlib.contextmanager
def by_proxy(handler: Handler) -> Ways:
    with Wire(handler) as server:
        yield {"url": "http://api.test/", "proxy": server.origin}


@contextlib.contextmanager
def by_tunnel(handler: Handler, certificate: Path | None) -> Ways:
    """Provide an https:// URL by way of a proxy: after its CONNECT `handler` is the host, in TLS if
    there is a certificate."""

    def tunnel(peer: Peer) -> None:
        assert peer.request.method == "CONNECT"
        peer.send(head(status="200 Connection established"))
        if certificate is None:
            handler(peer)
            return
        with server_context(certificate).wrap_socket(peer.socket, server_side=True) as inner:
            inner.settimeout(1)  # the end of the block can't wake it: TLS has detached the socket
            inner.recv(65536)
            handler(Peer(inner, peer.request, peer.closing))

    with Wire(tunnel) as server:
        yield {"url": "https://api.test/", "proxy": server.origin, "insecure": True}


@contextlib.contextmanager
def deaf_proxy(handler: Handler) -> Ways:
    """Provide a proxy whose answer to CONNECT is never complete."""
    with Wire(handler) as server:
        yield {"url": "https://api.test/", "proxy": server.origin}


@contextlib.contextmanager
def by_tls(handler: Handler, certificate: Path) -> Ways:
    with Wire(handler, tls=server_context(certificate)) as server:
        yield {"url": server.origin, "insecure": True}


@contextlib.contextmanager
def silent_tls() -> Ways:
    """Provide a host that accepts TCP connections and sends no byte of TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield {"url": f"https://127.0.0.1:{listener.getsockname()[1]}/"}


@contextlib.contextmanager
def over_http2(act: Callable[[h2.connection.H2Connection, socket.socket], None]) -> Ways:
    with serving(act) as (origin, _):
        yield {"url": origin, "http_version": "2-prior-knowledge"}


@contextlib.contextmanager
def dialling(scheme: str = "http", *, proxy: bool = False) -> Ways:
    with full_backlog() as listener:
        there = f"127.0.0.1:{listener.getsockname()[1]}"
        if proxy:
            yield {"url": f"{scheme}://api.test/", "proxy": f"http://{there}"}
        else:
            yield {"url": f"{scheme}://{there}/"}


class Place:
    """The objects that the rows need from pytest: a patched resolver, a folder, a certificate."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, certificate: Path) -> None:
        self.monkeypatch, self.folder, self.certificate = monkeypatch, folder, certificate


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificate: Path) -> Place:
    return Place(monkeypatch, tmp_path, certificate)


Phase = Callable[[Place], contextlib.AbstractContextManager[dict[str, Any]]]

# Before a request can be sent: all three options end it.
CONNECTING: dict[str, Phase] = {
    "name lookup": lambda at: name_server(at.monkeypatch),
    "TCP connect": lambda _: dialling(),
    "TCP connect for TLS": lambda _: dialling("https"),
    "TCP connect to a proxy": lambda _: dialling(proxy=True),
    "TLS handshake": lambda _: silent_tls(),
    "CONNECT without an answer": lambda _: deaf_proxy(until_gone),
    "CONNECT answered byte by byte": lambda _: deaf_proxy(trickled_header),
    "TLS handshake in a tunnel": lambda _: by_tunnel(until_gone, None),
}


# The request was sent: the connection exists, and --connect-timeout no longer applies.
WAITING: dict[str, Phase] = {
    "no headers": lambda _: direct(until_gone),
    "headers byte by byte": lambda _: direct(trickled_header),
    "endless 1xx": lambda _: direct(endless_1xx),
    "redirects without end": lambda _: direct(endless_redirects),
    "no headers, unix socket": lambda at: by_unix_socket(until_gone, at.folder),
    "headers byte by byte, unix socket": lambda at: by_unix_socket(trickled_header, at.folder),
    "endless 1xx, unix socket": lambda at: by_unix_socket(endless_1xx, at.folder),
    "no headers, proxy": lambda _: by_proxy(until_gone),
    "headers byte by byte, proxy": lambda _: by_proxy(trickled_header),
    "endless 1xx, proxy": lambda _: by_proxy(endless_1xx),
    "no headers, tunnel": lambda at: by_tunnel(until_gone, at.certificate),
    "headers byte by byte, tunnel": lambda at: by_tunnel(trickled_header, at.certificate),
    "endless 1xx, tunnel": lambda at: by_tunnel(endless_1xx, at.certificate),
    "no headers, TLS": lambda at: by_tls(until_gone, at.certificate),
    "headers byte by byte, TLS": lambda at: by_tls(trickled_header, at.certificate),
    "no headers, HTTP/2": lambda _: over_http2(h2_silence),
    "pings for headers, HTTP/2": lambda _: over_http2(h2_pings),
}
# A silent body: --idle-timeout calls it stalled. Pings are not bytes of the body.
SILENT: dict[str, Phase] = {
    "body": lambda _: direct(silent_body),
    "body, unix socket": lambda at: by_unix_socket(silent_body, at.folder),
    "body, proxy": lambda _: by_proxy(silent_body),
    "body, tunnel": lambda at: by_tunnel(silent_body, at.certificate),
    "body, TLS": lambda at: by_tls(silent_body, at.certificate),
    "body, HTTP/2": lambda _: over_http2(h2_silent_body),
    "pings in the body, HTTP/2": lambda _: over_http2(h2_pings_in_the_body),
}
# A body of only comments: any byte of it restarts --idle-timeout.
TRICKLING: dict[str, Phase] = {
    "comments": lambda _: direct(trickled_body),
    "a chunk byte by byte": lambda _: direct(trickled_chunk),
    "comments, unix socket": lambda at: by_unix_socket(trickled_body, at.folder),
    "comments, proxy": lambda _: by_proxy(trickled_body),
    "comments, tunnel": lambda at: by_tunnel(trickled_body, at.certificate),
    "comments, TLS": lambda at: by_tls(trickled_body, at.certificate),
    "comments, HTTP/2": lambda _: over_http2(h2_trickle),
}

Row = tuple[str, Phase, dict[str, float], Ending, str]
LATE = "the time limit of 0.2 s was over"


def rows() -> Iterator[Row]:
    """Yield phase, limits, ending, and the words that name the limit."""
    for name, phase in CONNECTING.items():
        yield name, phase, {CONNECT: SECONDS}, Ending.DEADLINE, "no connection within 0.2 s"
        yield name, phase, {MAX: SECONDS}, Ending.DEADLINE, LATE
        yield name, phase, {IDLE: SECONDS}, Ending.DEADLINE, "no reply came for 0.2 s"
    for name, phase in WAITING.items():
        yield name, phase, {MAX: SECONDS}, Ending.DEADLINE, f"no reply had come when {LATE}"
        if phase is not WAITING["redirects without end"]:  # each of them is an answer
            yield name, phase, {IDLE: SECONDS}, Ending.DEADLINE, "no reply came for 0.2 s"
    for name, phase in SILENT.items():
        yield name, phase, {MAX: SECONDS}, Ending.DEADLINE, f"the stream still ran when {LATE}"
        yield name, phase, {IDLE: SECONDS}, Ending.STALLED, "no byte came for 0.2 s"
    for name, phase in TRICKLING.items():
        limits = {MAX: 5 * SECONDS, IDLE: 2 * SECONDS}
        yield name, phase, limits, Ending.DEADLINE, "the time limit of 1 s was over"


ROWS = {f"{name}: {' and '.join(limits)}": row for row in rows() for name, _, limits, *_ in [row]}


@pytest.mark.parametrize(
    ("phase", "limits", "ending", "words"), [row[1:] for row in ROWS.values()], ids=ROWS
)
def test_a_phase_ends_on_time(
    place: Place, phase: Phase, limits: dict[str, float], ending: Ending, words: str
) -> None:
    with phase(place) as how, on_time(max(limits.values())):
        end = closed(ask(how.pop("url"), **how, **limits))
    assert end.ending is ending
    assert words in end.detail
    assert end.cause in (
        Cause.CONNECT_TIMEOUT,
        Cause.MAX_TIME,
        Cause.REPLY_TIMEOUT,
        Cause.IDLE_TIMEOUT,
    )
    assert EXIT_CODES[ending] == 6


@pytest.mark.parametrize("name", ["no headers", "no headers, tunnel", "no headers, HTTP/2"])
def test_the_connect_timeout_does_not_apply_once_the_request_was_sent(
    place: Place, name: str
) -> None:
    with WAITING[name](place) as how, on_time(3 * SECONDS):
        url = how.pop("url")
        end = closed(ask(url, **how, connect_timeout=2 * SECONDS, max_time=3 * SECONDS))
    assert "the time limit of 0.6 s was over" in end.detail


def test_the_lowest_limit_wins_in_each_phase(place: Place) -> None:
    orders = [
        (CONNECTING["TLS handshake"], {CONNECT: 9, MAX: 9, IDLE: SECONDS}, Cause.REPLY_TIMEOUT),
        (CONNECTING["TLS handshake"], {CONNECT: 9, MAX: SECONDS, IDLE: 9}, Cause.MAX_TIME),
        (CONNECTING["TLS handshake"], {CONNECT: SECONDS, MAX: 9, IDLE: 9}, Cause.CONNECT_TIMEOUT),
        (SILENT["body"], {CONNECT: SECONDS / 2, MAX: 9, IDLE: SECONDS}, Cause.IDLE_TIMEOUT),
        (SILENT["body"], {CONNECT: SECONDS / 2, MAX: SECONDS, IDLE: 9}, Cause.MAX_TIME),
    ]
    for phase, limits, cause in orders:
        with phase(place) as how:
            assert closed(ask(how.pop("url"), **how, **limits)).cause == cause


TUNNELLED = {
    "TLS handshake": until_gone,
    "no headers": until_gone,
    "endless 1xx": endless_1xx,
}


@pytest.mark.parametrize("phase", TUNNELLED)
@pytest.mark.parametrize("milliseconds", [3, 10, 30, 100])
def test_a_deadline_at_any_moment_of_a_tunnel_leaks_no_thread_and_no_file(
    certificate: Path, phase: str, milliseconds: int
) -> None:
    def once() -> None:
        there = None if phase == "TLS handshake" else certificate
        with by_tunnel(TUNNELLED[phase], there) as how:
            end = closed(ask(how.pop("url"), **how, max_time=milliseconds / 1000))
            assert end.ending is Ending.DEADLINE

    threads = set(threading.enumerate())
    gc.collect()
    files = open_files()
    for _ in range(3):
        once()
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE)
    assert set(threading.enumerate()) <= threads
    assert open_files() <= files  # before a collection: no file waits for one to be closed


# What counts as silence


def test_a_byte_that_a_decoder_holds_back_is_not_silence() -> None:
    """Send gzip's frame byte by byte: nothing is decoded for long, but bytes keep coming."""
    zipped = gzip.compress(EVENT)

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, "Content-Encoding: gzip", f"Content-Length: {len(zipped)}"))
        for byte in zipped:
            if peer.closing.wait(SECONDS / 4):
                return
            peer.send(bytes([byte]))

    with Wire(handler) as server:
        signals = ask(server.origin, idle_timeout=2 * SECONDS)
    assert (body(signals), closed(signals).ending) == (EVENT, Ending.EOF)


def test_a_slow_reader_is_not_silence_of_the_stream() -> None:
    """Block our standard output for longer than the limit, while the server waits for us."""
    flood = b"data: " + b"x" * 1000 + b"\n\n"

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM), flood * 3000, b"data: last\n\n")

    with (
        Wire(handler) as server,
        start(server.origin, "-o", "text", "--idle-timeout", "300ms", "-m", "30") as run,
    ):
        assert run.stdout
        first = os.read(run.stdout.fileno(), 10)  # it writes now, and the pipe fills soon
        assert not threading.Event().wait(1.0)  # for longer than the limit
        ran = finish(run)
    assert ran.code == 0, ran.talk
    assert (first + ran.out).count(b"\n") == 3001


def test_silence_after_a_slow_reader_is_noticed_long_before_max_time() -> None:
    """Check the limit for the first time while no read is waiting for a byte."""
    left, right = socket.socketpair()
    with left, right:
        left.settimeout(PATIENCE)
        watchdog = Watchdog(PATIENCE, SECONDS)
        watchdog.watch(left)
        watchdog.received()
        watchdog.start()
        assert not threading.Event().wait(1.5 * SECONDS)  # time spent by our own reader
        assert not watchdog.stalled
        watchdog.waiting()
        with on_time(SECONDS):
            assert left.recv(1) == b""
        assert watchdog.stalled
        watchdog.close()


# The program: the deadline ends it, whatever is still blocked

SLOW_RESOLVER = """
import socket, time
def getaddrinfo(*_, **__):
    time.sleep(3600)
socket.getaddrinfo = getaddrinfo
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "300ms"], "no reply had come when the time limit of 0.3 s was over"),
        (["--connect-timeout", "300ms"], "no connection within 0.3 s"),
        (["--idle-timeout", "300ms"], "no reply came for 0.3 s"),
    ],
)
@pytest.mark.parametrize("command", ["watch", "tail"])
def test_a_name_server_that_never_answers_does_not_delay_the_exit(
    tmp_path: Path, command: str, words: list[str], said: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_RESOLVER)
    began = time.monotonic()
    ran = sse(command, "http://api.test/", *words, env=path(tmp_path))
    assert time.monotonic() - began < 10
    assert (ran.code, ran.out) == (6, b"")
    error, hint = error_and_hint(ran)
    assert error == said
    assert {"-m": "--max-time"}.get(words[0], words[0]) in hint


def path(folder: Path) -> dict[str, str]:
    """Return the environment in which `folder`'s sitecustomize runs first."""
    return environment({"PYTHONPATH": str(folder)})


@pytest.mark.parametrize("command", ["watch", "tail"])
@pytest.mark.parametrize(
    ("handler", "words", "said"),
    [
        (until_gone, ["-m", "300ms"], "no reply had come"),
        (endless_1xx, ["-m", "300ms"], "no reply had come"),
        (silent_body, ["--idle-timeout", "1s"], "no byte came"),
        (trickled_body, ["-m", "1", "--idle-timeout", "500ms"], "the time limit of 1 s was over"),
    ],
)
def test_a_peer_that_never_ends_does_not_delay_the_exit(
    handler: Handler, command: str, words: list[str], said: str
) -> None:
    with Wire(handler) as server:
        began = time.monotonic()
        ran = sse(command, server.origin, *words)
        assert time.monotonic() - began < 10
    assert ran.code == 6
    assert said in error_and_hint(ran)[0]


def test_max_time_holds_over_all_connections_and_the_waits_between() -> None:
    def handler(peer: Peer) -> None:
        peer.send(head(STREAM), b"retry: 100\n", EVENT)

    with Wire(handler) as server:
        began = time.monotonic()
        ran = sse(server.origin, "--reconnect", "-m", "1.5", "-o", "text")
        assert time.monotonic() - began < 10
    assert ran.code == 6
    # The reply to the last of them may still have been on its way.
    assert len(server.requests) - ran.text.count("one") in (0, 1)
    assert len(server.requests) > 1
    assert "the time limit of 1.5 s was over" in error_and_hint(ran)[0]


def test_an_idle_limit_holds_on_every_connection() -> None:
    stalls = 0

    def handler(peer: Peer) -> None:
        nonlocal stalls
        stalls += 1
        silent_body(peer)

    with Wire(handler) as server:
        words = ["--reconnect", "--max-reconnects", "2", "--retry-delay", "100ms"]
        ran = sse(server.origin, *words, "--idle-timeout", "1s", "-o", "jsonl", "--all")
    assert (ran.code, stalls) == (6, 3)
    endings = [line["ending"] for line in ran.objects() if "ending" in line]
    assert endings == ["stalled"] * 3
