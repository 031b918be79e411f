"""An HTTP proxy of stdlib sockets: it tunnels for CONNECT and forwards other requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit

from tests.support.listener import Listener

READ_SIZE = 65536


class Proxy(Listener):
    """A proxy on a free port of 127.0.0.1 while the `with` block runs.

    `heads` are the heads of its requests, as text. With `refuses` it answers everything with 403.
    """

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.refuses = refuses
        self.heads: list[str] = []
        self.url = f"http://{self.address}"  # the value of `-x`

    def serve(self, client: socket.socket) -> None:
        """Answer one request."""
        head, body = _read_head(client)
        self.heads.append(head)
        if self.refuses:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = head.partition("\r\n")[0].split(" ")
        if method == "CONNECT":
            self._tunnel(client, target)
        else:
            self._forward(client, head, body)

    def _tunnel(self, client: socket.socket, target: str) -> None:
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(client, server)

    def _forward(self, client: socket.socket, head: str, body: bytes) -> None:
        """Send the request on in origin form (RFC 9112, 3.2.1), without the fields for a proxy."""
        first, *fields = head.split("\r\n")
        method, target, version = first.split(" ")
        url = urlsplit(target)
        path = url._replace(scheme="", netloc="").geturl()
        kept = [field for field in fields if not field.lower().startswith("proxy-")]
        with socket.create_connection((url.hostname, url.port)) as server:
            sent = "\r\n".join([f"{method} {path} {version}", *kept, "", ""])
            server.sendall(sent.encode() + body)
            _join(client, server)


def _read_head(client: socket.socket) -> tuple[str, bytes]:
    """Return the request's head, and the part of its body that came with it."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = client.recv(READ_SIZE)
        if not data:
            raise ConnectionError
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode(), body


def _join(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes both ways until both sides have ended."""
    upstream = threading.Thread(target=_copy, args=(client, server), daemon=True)
    upstream.start()
    _copy(server, client)
    upstream.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(READ_SIZE):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
