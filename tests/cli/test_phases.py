"""The phases of a connection over every kind of route: they add up, and a replay has the same.

The servers hold the client up in some phases, each for a time of its own, so that a phase that is
counted to another one shows.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.interop.proxy import Proxy
from tests.support import http2_wire
from tests.support.http2_wire import Http2Peer, Http2Server
from tests.support.program import sse
from tests.support.replies import STREAM, head, whole
from tests.support.tls import make_certificate, server_context
from tests.support.wire import Peer, Wire

HELD = {"proxy": 0.15, "tls": 0.2, "wait": 0.25}  # seconds
CLOSE = 0.001  # seconds
DIRECT = ["setup", "dns", "connect", "send", "wait", "head"]
SECURE = ["setup", "dns", "connect", "tls", "send", "wait", "head"]
TUNNEL = ["setup", "dns", "connect", "proxy", "tls", "send", "wait", "head"]
EVENTS = b"".join(http2_wire.event(number) for number in (1, 2))


class SlowHandshake(Wire):
    """A server that takes its time before TLS."""

    def serve(self, connection: socket.socket) -> None:
        """Wait, then serve."""
        self.closing.wait(HELD["tls"])
        super().serve(connection)


class SlowProxy(Proxy):
    """A proxy that takes its time before it reads a request."""

    def serve(self, client: socket.socket) -> None:
        """Wait, then serve."""
        self.closing.wait(HELD["proxy"])
        super().serve(client)


def slow_reply(peer: Peer) -> None:
    peer.closing.wait(HELD["wait"])
    if peer.request.target.endswith("/old"):
        peer.send(head("Location: /new", "Content-Length: 0", status="307 Moved"))
    else:
        peer.send(whole(EVENTS, STREAM))


def slow_http2_reply(peer: Http2Peer) -> None:
    peer.closing.wait(HELD["wait"])
    http2_wire.whole(peer)


Words = tuple[str, ...]
Start = Callable[[Path], AbstractContextManager[Words]]


@contextmanager
def http1(_: Path) -> Iterator[Words]:
    with Wire(slow_reply) as server:
        yield (server.origin,)


@contextmanager
def http2(_: Path) -> Iterator[Words]:
    with Http2Server(slow_http2_reply) as server:
        yield (server.origin, "--http2-prior-knowledge")


@contextmanager
def redirected(_: Path) -> Iterator[Words]:
    with Wire(slow_reply) as server:
        yield (f"{server.origin}/old",)


@contextmanager
def tls(folder: Path) -> Iterator[Words]:
    file = make_certificate(folder, "server")
    with SlowHandshake(slow_reply, tls=server_context(file)) as server:
        yield (server.origin, "--cacert", str(file))


@contextmanager
def tls_http2(folder: Path) -> Iterator[Words]:
    file = make_certificate(folder, "server")
    with Http2Server(slow_http2_reply, tls=server_context(file)) as server:
        yield (server.origin, "--cacert", str(file))


@contextmanager
def unix_socket(folder: Path) -> Iterator[Words]:
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with Wire(slow_reply, listener=listener):
            yield ("http://localhost/", "--unix-socket", str(path))


def through_a_proxy(start: Start) -> Start:
    """Return a route through a proxy to the end of another one."""

    @contextmanager
    def proxied(folder: Path) -> Iterator[Words]:
        with start(folder) as words, SlowProxy() as proxy:
            yield (*words, "-x", proxy.url)

    return proxied


class Kind(NamedTuple):
    """A kind of route, its phases in order, and those in which the client is held up."""

    start: Start
    phases: list[str]
    held: tuple[str, ...] = ("wait",)


KINDS = {
    "HTTP/1.1": Kind(http1, DIRECT),
    "HTTP/2": Kind(http2, DIRECT),
    "TLS": Kind(tls, SECURE, ("tls", "wait")),
    "HTTP/2 over TLS": Kind(tls_http2, SECURE),
    "unix socket": Kind(unix_socket, [name for name in DIRECT if name != "dns"]),
    "proxy": Kind(through_a_proxy(http1), DIRECT),
    "tunnel": Kind(through_a_proxy(tls), TUNNEL, ("proxy", "tls", "wait")),
    "HTTP/2 in a tunnel": Kind(through_a_proxy(tls_http2), TUNNEL, ("proxy", "wait")),
    "redirect": Kind(redirected, ["redirect", *DIRECT[1:]]),
}


def timing(*words: str | Path) -> dict[str, Any]:
    """Return the timing that `tail` tells of a stream that ends well."""
    ran = sse("tail", "-q", "text", "-o", "json", *words)
    assert ran.code == 0, ran
    found: dict[str, Any] = json.loads(ran.out)["timing"]
    return found


@pytest.mark.parametrize("name", KINDS)
def test_the_phases_add_up_to_the_head_and_a_replay_has_the_same(name: str, tmp_path: Path) -> None:
    kind, recording = KINDS[name], tmp_path / "it.rec"
    with kind.start(tmp_path) as words:
        live = timing(*words, "--record", recording, "--max-time", "30")
    phases: dict[str, float] = live["phases"]
    assert [*phases] == kind.phases
    assert min(phases.values()) >= 0
    assert sum(phases.values()) == pytest.approx(live["headers"], abs=CLOSE)
    assert sum(phases.values()) <= live["first_byte"] + CLOSE
    for held in kind.held:
        # The client may notice a step later than the server does, on a busy machine.
        assert phases[held] >= HELD[held] / 2, (held, phases)
    assert timing(recording) == live


@pytest.mark.parametrize("name", ["HTTP/1.1", "HTTP/2"])
def test_a_check_tells_the_same_phases(name: str, tmp_path: Path) -> None:
    with KINDS[name].start(tmp_path) as words:
        ran = sse("check", "-o", "json", *words)
    (stream,) = json.loads(ran.out)["streams"]
    told = stream["attempts"][0]["answer"]["timing"]
    assert [*told["phases"]] == KINDS[name].phases
    assert sum(told["phases"].values()) == pytest.approx(told["headers"], abs=CLOSE)


def test_a_second_connection_has_phases_of_its_own(tmp_path: Path) -> None:
    """Read a stream that is cut once: the phases are those of the connection that answered last."""
    recording = tmp_path / "it.rec"
    with Http2Server(_cut, times=1) as server:
        words = (server.origin, "--http2-prior-knowledge", "--reconnect", "--retry-delay", "100ms")
        live = timing(*words, "--record", recording)
    assert [*live["phases"]] == DIRECT
    assert timing(recording) == live


def _cut(peer: Http2Peer) -> None:
    peer.head()
    peer.events(1, 2)
    peer.close()
