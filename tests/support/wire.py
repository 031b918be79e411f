"""A raw socket server, every byte of which a test writes itself."""

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

from tests.support.listener import PATIENCE, Listener
from tests.support.requests import Recorded, read_request


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
        """Return the bytes that the client still sends until it closes the connection."""
        received = b""
        while data := self.socket.recv(65536):
            received += data
        return received


Handler = Callable[[Peer], None]


class Wire(Listener):
    """A server that runs `handler` for every request while the `with` block runs.

    A bytes handler is sent unchanged. `requests` keeps the requests, each before it is answered: a
    client that has read the answer finds `requests` complete.
    """

    def __init__(
        self,
        handler: Handler | bytes,
        *,
        listener: socket.socket | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(listener)
        self.handler = (lambda peer: peer.send(handler)) if isinstance(handler, bytes) else handler
        self.requests: list[Recorded] = []
        self.origin = f"{'https' if tls else 'http'}://{self.address}"
        self._tls = tls

    def serve(self, connection: socket.socket) -> None:
        """Read a request, if there is one, and let the handler answer it."""
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            with connection.makefile("rb") as stream:
                request = read_request(stream, connection)
            if request is not None:
                self.requests.append(request)
                self.handler(Peer(connection, request, self.closing))


@contextlib.contextmanager
def on_time(seconds: float) -> Iterator[None]:
    """Assert that the block takes about `seconds`: never less, and not much more."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert seconds <= took < seconds + 5


def open_files() -> int:
    """Return how many file descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
