"""The phases of a connection: which there are, in which order, and what they add up to."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from pathlib import Path

import pytest

from sse_cli.analysis.phases import Phases
from sse_cli.model.events import Chunk, Closed, Opened, Phase, Signal
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect
from tests.support.listener import PATIENCE
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.sockets import dial
from tests.support.tls import make_certificate, server_context
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"
DIRECT = ["setup", "dns", "connect", "send", "wait", "head"]


def signals_of(url: str, **fields: object) -> list[Signal]:
    request = Request(url, **{"max_time": PATIENCE, **fields})  # type: ignore[arg-type]
    return [*connect.connect(request, RunClock())]


def names(signals: list[Signal]) -> list[str]:
    return [signal.name for signal in signals if isinstance(signal, Phase)]


def test_the_phases_of_a_reply_come_before_it_in_order_and_add_up() -> None:
    with Wire(whole(EVENT)) as server:
        signals = signals_of(server.origin)
    assert names(signals) == DIRECT
    assert [signal.at for signal in signals] == sorted(signal.at for signal in signals)
    phases = Phases()
    for signal in signals:
        phases.feed(signal)
    assert [*phases.durations] == DIRECT
    (opened,) = (signal for signal in signals if isinstance(signal, Opened))
    assert sum(phases.durations.values()) == pytest.approx(opened.at, abs=1e-5)


def test_a_phase_is_told_while_it_lasts() -> None:
    asked, told = threading.Event(), threading.Event()

    def handler(peer: Peer) -> None:
        asked.set()
        assert told.wait(PATIENCE)
        peer.send(whole(EVENT))

    with Wire(handler) as server:
        for signal in connect.connect(Request(server.origin), RunClock()):
            if isinstance(signal, Phase) and signal.name == "wait":
                assert asked.wait(PATIENCE)
                told.set()
    assert told.is_set()


def test_a_unix_socket_has_no_name_to_look_up(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=_answer_one, args=(listener,))
        thread.start()
        signals = signals_of("http://h/", unix_socket=path)
        thread.join(PATIENCE)
    assert names(signals) == ["setup", "connect", "send", "wait", "head"]


def _answer_one(listener: socket.socket) -> None:
    with listener.accept()[0] as peer:
        peer.recv(65536)
        peer.sendall(whole(EVENT))


def test_a_connection_that_fails_ends_in_its_phase() -> None:
    with Wire(lambda peer: peer.reset()) as server:
        signals = signals_of(server.origin)
    assert names(signals) == DIRECT[:-1]


def test_the_way_to_a_redirect_is_one_phase() -> None:
    def handler(peer: Peer) -> None:
        is_first = peer.request.target == "/"
        peer.send(
            head("Location: /b", "Content-Length: 0", status="302 Found")
            if is_first
            else whole(EVENT)
        )

    with Wire(handler) as server:
        signals = signals_of(server.origin + "/")
    assert names(signals) == [*DIRECT, "redirect", *DIRECT[1:]]
    phases = Phases()
    for signal in signals:
        phases.feed(signal)
    assert [*phases.durations] == ["redirect", *DIRECT[1:]]


def test_tls_is_a_phase(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    with Wire(whole(EVENT), tls=server_context(certificate)) as server:
        signals = signals_of(server.origin, cacert=str(certificate))
    assert names(signals) == ["setup", "dns", "connect", "tls", "send", "wait", "head"]


def test_a_tunnel_is_a_phase_before_tls(tmp_path: Path) -> None:
    def tunnel(peer: Peer) -> None:
        with dial(f"http://{peer.request.target}") as target:
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            thread = threading.Thread(target=_pump, args=(peer.socket, target))
            thread.start()
            _pump(target, peer.socket)
            thread.join(PATIENCE)

    certificate = make_certificate(tmp_path, "localhost")
    with Wire(whole(EVENT), tls=server_context(certificate)) as server, Wire(tunnel) as proxy:
        signals = signals_of(server.origin, cacert=str(certificate), proxy=proxy.origin)
    assert names(signals) == ["setup", "dns", "connect", "proxy", "tls", "send", "wait", "head"]
    via = {signal.name: signal.via for signal in signals if isinstance(signal, Phase)}
    assert (via["dns"], via["connect"], via["tls"]) == ("proxy", "proxy", "")
    assert [signal.read for signal in signals if isinstance(signal, Chunk)] == [1]


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_trailers_are_told_at_the_end(pieces: int) -> None:
    sent = [chunk(EVENT), b"0\r\nGrpc-Status: 0\r\nX-Sum:  c0ffee \r\n\r\n"]
    parts = {1: [b"".join(sent)], 2: sent, 3: [sent[0], sent[1][:9], sent[1][9:]]}[pieces]
    with Wire(lambda peer: peer.send(head(STREAM, CHUNKED), *parts)) as server:
        (*_, end) = signals_of(server.origin)
    assert isinstance(end, Closed)
    assert end.trailers == (("Grpc-Status", "0"), ("X-Sum", "c0ffee"))


def test_a_body_that_looks_like_trailers_has_none() -> None:
    with Wire(whole(b"data: x\r\n0\r\na: b\r\n\r\n")) as server:
        (*_, end) = signals_of(server.origin)
    assert isinstance(end, Closed)
    assert end.trailers == ()


def test_chunks_have_the_number_of_their_socket_read_and_their_encoded_size() -> None:
    packed, read = gzip.compress(EVENT), threading.Event()

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, "Content-Encoding: gzip"), packed[:20])
        assert read.wait(PATIENCE)
        peer.send(packed[20:])

    with Wire(handler) as server:
        chunks = []
        for signal in connect.connect(Request(server.origin), RunClock()):
            read.set() if isinstance(signal, Opened) else None
            chunks += [signal] if isinstance(signal, Chunk) else []
    assert sum(one.encoded for one in chunks) >= 20
    assert chunks[0].read in {1, 2}
