"""The base of the raw socket servers: a thread that accepts, and one for each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

PATIENCE = 20.0  # Seconds until a hanging socket fails its test.


class Listener:
    """A server on a free port, of 127.0.0.1 by default, while its `with` block runs.

    A connection ends with its client, or with the block.
    """

    def __init__(self, listener: socket.socket | None = None) -> None:
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        address = self.listener.getsockname()
        self.port = int(address[1]) if isinstance(address, tuple) else 0
        host = "[::1]" if self.listener.family == socket.AF_INET6 else "127.0.0.1"
        self.address = f"{host}:{self.port}"
        self.closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._connections: list[socket.socket] = []

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client, in a thread of its own; the caller then closes the connection."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with socket.socket(self.listener.family) as waker:  # close() alone does not wake accept().
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
            if self.closing.is_set():
                connection.close()
                return
            connection.settimeout(PATIENCE)
            thread = threading.Thread(target=self._run, args=(connection,))
            self._connections.append(connection)
            self._threads.append(thread)
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.serve(connection)
