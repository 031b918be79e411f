"""The network below httpcore: sockets that are connected, watched, read and written here.

httpcore takes any `NetworkBackend`. This one looks up the name and connects as two steps, so that
each has its own time, and passes all bytes through a `Tap`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
from httpcore._backends.sync import TLSinTLSStream

from sse_cli.transport.tap import Tap


class TappedBackend(httpcore.NetworkBackend):
    """A network backend whose streams pass their bytes through `tap`."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers.

        Raises httpcore.ConnectError and httpcore.ConnectTimeout with the error of the last one.
        """
        tap = self._tap
        try:
            tap.begin("dns")
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
            tap.begin("connect")
            sock = _connect(
                [(family, address) for family, *_, address in found], timeout, local_address
            )
            for option in socket_options or ():
                sock.setsockopt(*option)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(error) from error
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        tap.watch(sock)
        return TappedStream(sock, tap)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to the socket at `path`. Raises httpcore.ConnectError."""
        self._tap.begin("connect")
        try:
            sock = _connect([(socket.AF_UNIX, path)], timeout)
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        self._tap.watch(sock)
        return TappedStream(sock, self._tap)


def _connect(
    addresses: Iterable[tuple[int, Any]], timeout: float | None, local_address: str | None = None
) -> socket.socket:
    """Return a socket connected to the first address that answers, in the order given.

    Raises the error of the last one, as `socket.create_connection` does.
    """
    errors: list[OSError] = []
    for family, address in addresses:
        try:
            return _connected(family, address, timeout, local_address)
        except OSError as error:
            errors = [error]
    try:
        raise errors[0] if errors else OSError("the name has no address")
    finally:
        errors.clear()  # an error holds this frame, which holds the error


def _connected(
    family: int, address: Any, timeout: float | None, local_address: str | None
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        if local_address is not None:
            sock.bind((local_address, 0))
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


class TappedStream(httpcore.NetworkStream):
    """A connected socket, plain or with TLS, whose bytes pass through a `Tap`.

    `layer` is httpcore's stream for TLS inside of TLS, which a socket can't do.
    """

    def __init__(
        self, sock: socket.socket, tap: Tap, layer: httpcore.NetworkStream | None = None
    ) -> None:
        self._sock = sock
        self._tap = tap
        self._layer = layer
        self._receive: Callable[[int], bytes] = layer.read if layer else sock.recv
        self._send: Callable[[bytes], None] = layer.write if layer else sock.sendall

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read what has come, b"" at the end. The watchdog ends a read, never `timeout`."""
        frames = self._tap.frames
        if frames is None:
            return self._read(max_bytes)
        while not (frame := frames.next()):
            try:
                data = self._read(max_bytes)
            except httpcore.ReadError:
                frames.ended()
                raise
            if not data:
                frames.ended()
                break
            frames.feed(data)
        return frame

    def _read(self, max_bytes: int) -> bytes:
        tap = self._tap
        tap.before_read()
        if tap.listens:
            tap.waits()
        try:
            data = self._receive(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(error) from error
        tap.is_fresh = True
        tap.before_last, tap.last = tap.last, data
        tap.reads += 1
        if tap.listens:
            tap.hear(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write all bytes. The watchdog ends a write, never `timeout`."""
        if not buffer:
            return
        self._tap.wrote(buffer)
        try:
            self._send(buffer)
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def close(self) -> None:
        """Close the socket."""
        (self._layer or self._sock).close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return a stream with TLS on top of this one. Raises httpcore.ConnectError."""
        self._tap.begin("tls")
        try:
            if isinstance(self._sock, ssl.SSLSocket):
                layer = TLSinTLSStream(self._sock, ssl_context, server_hostname, timeout)
                return TappedStream(self._sock, self._tap, layer)
            sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(error) from error
        except BaseException:
            self.close()
            raise
        return TappedStream(sock, self._tap)

    def get_extra_info(self, info: str) -> Any:
        """Return the "ssl_object", or the "socket"; None for anything else."""
        if self._layer:
            return self._layer.get_extra_info(info)
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            return self._sock
        return self._sock if info == "socket" else None
