"""HTTP/2, with h2 on the server's side: a good stream, and every way to end a bad one."""

from __future__ import annotations

import socket
import threading

import h2.config
import h2.connection
import h2.events
import pytest

from sse_cli.model.causes import Cause
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Signal
from sse_cli.request.model import Request
from tests.support.http2_server import EVENT, Act, Seen, begin, serving
from tests.support.listener import PATIENCE
from tests.support.signals import ask, body, closed, opened, reply_to


def over_http2(act: Act, path: str = "/", **fields: object) -> tuple[list[Signal], Seen]:
    with serving(act) as (origin, seen):
        return ask(origin + path, http_version="2-prior-knowledge", **fields), seen


def test_a_stream_ends_at_the_end_stream_flag() -> None:
    def act(connection: h2.connection.H2Connection, _: socket.socket) -> None:
        begin(connection)
        connection.end_stream(1)

    signals, (headers,) = over_http2(act, "/{id}|", headers=(("X-Key", "naïve"),))
    assert opened(signals).http_version == "HTTP/2"
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.EOF
    assert dict(headers)[b":path"] == b"/{id}|"
    assert dict(headers)[b"x-key"] == "naïve".encode()


def reset(connection: h2.connection.H2Connection, _: socket.socket) -> None:
    begin(connection)
    connection.reset_stream(1, error_code=2)


def go_away(connection: h2.connection.H2Connection, _: socket.socket) -> None:
    begin(connection)
    connection.close_connection(error_code=0, last_stream_id=1)


def disconnect(connection: h2.connection.H2Connection, _: socket.socket) -> None:
    begin(connection)


@pytest.mark.parametrize("act", [reset, go_away, disconnect])
def test_a_stream_that_stops_short_is_truncated(act: Act) -> None:  # go_away: without END_STREAM
    signals, _ = over_http2(act)
    assert EVENT.startswith(body(signals))
    assert closed(signals).ending is Ending.TRUNCATED


END_OF_STREAM = b"\0\0\0\0\1\0\0\0\1"
DATA_OF_NO_STREAM = b"\0\0\1\0\0\0\0\0\0x"  # RFC 9113, 6.1: a connection error


@pytest.mark.parametrize(
    ("frame", "ending"),
    [(END_OF_STREAM, Ending.TRUNCATED), (DATA_OF_NO_STREAM, Ending.MALFORMED)],
    ids=["short of the length", "a frame that is none"],
)
def test_an_invalid_frame_in_the_body_is_distinguished_from_a_cut(
    frame: bytes, ending: Ending
) -> None:
    read = threading.Event()

    def act(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
        begin(connection, ("content-length", "99"))
        peer.sendall(connection.data_to_send())
        assert read.wait(PATIENCE)
        peer.sendall(frame)

    with serving(act) as (origin, _):
        request = Request(origin, http_version="2-prior-knowledge")
        signals = reply_to(request)
        assert isinstance(next(signals), Opened)
        assert isinstance(next(signals), Chunk)
        read.set()
        assert closed(list(signals)).ending is ending


def test_an_invalid_frame_instead_of_a_reply_is_malformed() -> None:
    def act(_: h2.connection.H2Connection, peer: socket.socket) -> None:
        peer.sendall(DATA_OF_NO_STREAM)

    (end,), _ = over_http2(act)
    assert isinstance(end, Closed)
    assert end.ending is Ending.MALFORMED
    assert "not HTTP/2" in end.detail


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "closed the connection without a reply"),
        (0, "refused the request: RST_STREAM NO_ERROR"),
        (7, "refused the request: RST_STREAM REFUSED_STREAM"),
        (13, "refused the request: RST_STREAM HTTP_1_1_REQUIRED"),
    ],
)
def test_a_stream_that_is_reset_before_the_reply_is_unreachable(
    code: int | None, words: str
) -> None:
    def act(connection: h2.connection.H2Connection, _: socket.socket) -> None:
        if code is not None:
            connection.reset_stream(1, error_code=code)

    (end,), _ = over_http2(act)
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail.endswith(words)


def test_a_server_that_speaks_only_http_1_is_recognized() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_speak_http_1, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        end = closed(ask(url, http_version="2-prior-knowledge"))
        thread.join(PATIENCE)
    assert (end.ending, end.cause) == (Ending.MALFORMED, Cause.HTTP1_ONLY)
    assert "it begins with 'HTTP/1.1 505 HTTP Version Not Supported'" in end.detail


def _speak_http_1(listener: socket.socket) -> None:
    with listener.accept()[0] as peer:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n")
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass


def test_a_deadline_ends_a_stream_that_only_pings() -> None:
    def act(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
        begin(connection)
        while True:
            connection.ping(b"8 bytes!")
            peer.sendall(connection.data_to_send())
            connection.receive_data(peer.recv(65536))

    signals, _ = over_http2(act, max_time=0.2)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.DEADLINE
