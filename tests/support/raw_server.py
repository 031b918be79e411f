"""A server of raw stdlib sockets: an independent voice beside everything of ours.

It writes down what a client sent, byte for byte, before it answers; so once the client
has read the answer, `requests` is complete and nothing has to wait.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

EVENTS = b"data: hello\n\n"
RESPONSE = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/event-stream\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n%s" % (len(EVENTS), EVENTS)
)


class Recorded(NamedTuple):
    """One request as it came over the wire: names and values as written, in order.

    Header text is UTF-8; bytes that are none appear as surrogate escapes.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


class RecordingServer:
    """Listens on a free port of 127.0.0.1 while the `with` block runs.

    Every connection gets `response`, word for word, and is closed. `response` may be
    exchanged between requests. A connection that sends no whole request is not recorded.
    """

    def __init__(self, response: bytes = RESPONSE) -> None:
        self.response = response
        self.requests: list[Recorded] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._closing = False

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing = True
        # A connection of our own wakes accept() on every platform; close() alone does not.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing:
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            connection.settimeout(30)
            request = _read_request(stream, connection)
            if request is not None:
                self.requests.append(request)
                connection.sendall(self.response)


def _read_request(stream: BinaryIO, connection: socket.socket) -> Recorded | None:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        return None
    method, target, _ = _text(line).split(" ", 2)
    headers = _read_headers(stream)
    fields = {name.lower(): value.lower() for name, value in headers}
    if fields.get("expect") == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Recorded(method, target, headers, _read_body(stream, fields))


def _read_headers(stream: BinaryIO) -> list[tuple[str, str]]:
    headers = []
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        name, _, value = _text(line).partition(":")
        headers.append((name, value.strip(" \t")))
    return headers


def _read_body(stream: BinaryIO, fields: dict[str, str]) -> bytes:
    if fields.get("transfer-encoding") != "chunked":
        return stream.read(int(fields.get("content-length", "0")))
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    _read_headers(stream)  # the trailer section (RFC 9112, 7.1.2)
    return body


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
