"""Raw sockets: ports where nothing listens, a full backlog, a client's side."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.listener import PATIENCE


def unused_port() -> int:
    """Return a port of 127.0.0.1 where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def full_backlog() -> Iterator[socket.socket]:
    """Yield a listening socket on which the kernel accepts no more connections."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            with selectors.DefaultSelector() as selector:
                selector.register(filler, selectors.EVENT_WRITE)
                if not selector.select(0.1):
                    break
        else:
            pytest.skip("this system's backlog has no end")
        yield listener


def dial(url: str) -> socket.socket:
    """Connect to the host and port of a URL."""
    address = urlsplit(url)
    assert address.hostname and address.port
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def read_all(peer: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = bytearray()
    while data := peer.recv(65536):
        received += data
    return bytes(received)
