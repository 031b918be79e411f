"""A server of raw sockets whose every byte a test writes itself, and the asking of it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sse_cli.model.events import Chunk, Closed, Opened, Signal
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect
from tests.support.raw_server import Recorded, _read_request

PATIENCE = 20.0  # seconds until a hanging socket fails its test
STREAM = "Content-Type: text/event-stream"
CHUNKED = "Transfer-Encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


def head(*headers: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    """The head of a reply."""
    lines = [f"HTTP/{version} {status}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    """`data` as one chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A reply with its length, an event stream unless `headers` say otherwise."""
    named = headers or (STREAM,)
    return head(*named, f"Content-Length: {len(body)}", status=status) + body


@dataclass
class Peer:
    """The server's end of one connection, after the request was read."""

    socket: socket.socket
    request: Recorded
    closing: threading.Event

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def trickle(self, piece: bytes, seconds: float = 0.02) -> None:
        """Send `piece` again and again until the client or the test ends."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.closing.wait(seconds):
            self.send(piece)

    def until_gone(self) -> bytes:
        """What the client still sends until it closes the connection."""
        received = b""
        while data := self.socket.recv(65536):
            received += data
        return received


Handler = Callable[[Peer], None]


class Wire:
    """Runs `handler` for every request while the `with` block runs; `requests` keeps them.

    A bytes handler is sent word for word. Handlers end with their client, or with the block.
    """

    def __init__(
        self,
        handler: Handler | bytes,
        *,
        listener: socket.socket | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handler = (lambda peer: peer.send(handler)) if isinstance(handler, bytes) else handler
        self.requests: list[Recorded] = []
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        address = self.listener.getsockname()
        self.port = int(address[1]) if isinstance(address, tuple) else 0
        host = "[::1]" if self.listener.family == socket.AF_INET6 else "127.0.0.1"
        self.origin = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._tls = tls
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        with socket.socket(self.listener.family) as waker:  # wakes accept()
            waker.connect(self.listener.getsockname())
        self._threads[0].join(PATIENCE)
        self.listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            connection.settimeout(PATIENCE)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._connections.append(connection)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rb")
            with stream:
                request = _read_request(stream, connection)
            if request is not None:
                self.requests.append(request)
                self.handler(Peer(connection, request, self._closing))
        connection.close()


def ask(url: str, **fields: Any) -> list[Signal]:
    """Every signal of one request."""
    return list(connect.connect(Request(url, **fields), RunClock()))


def opened(signals: list[Signal]) -> Opened:
    """The reply's head, which comes first."""
    assert isinstance(signals[0], Opened)
    return signals[0]


def closed(signals: list[Signal]) -> Closed:
    """How it ended: the last signal, and the only one of its kind."""
    (found,) = (signal for signal in signals if isinstance(signal, Closed))
    assert signals[-1] is found
    return found


def chunks(signals: list[Signal]) -> list[bytes]:
    """The body, as the reads returned it."""
    return [signal.data for signal in signals if isinstance(signal, Chunk)]


def body(signals: list[Signal]) -> bytes:
    return b"".join(chunks(signals))


@contextlib.contextmanager
def on_time(seconds: float) -> Iterator[None]:
    """What runs inside takes about `seconds`: never less, and not much more."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert seconds <= took < seconds + 5


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
