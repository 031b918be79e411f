"""The wall clock: a deadline that ends blocked socket calls in whatever phase they are.

`socket.shutdown` wakes a read that is blocked in another thread. TLS wrapping detaches the
descriptor of a socket, so a duplicate of the plain one is kept and shut down.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Final

# A year (seconds): longer waits would overflow the clock of a lock.
FOREVER: Final = 366 * 86400.0


class Watchdog:
    """Shuts every watched socket down when `seconds` are over (None: never).

    `fired` tells a deadline from an end: a body without a length that was shut down
    looks as if it had ended.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.fired = False
        self._until = None if seconds is None else time.monotonic() + min(seconds, FOREVER)
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def remaining(self) -> float | None:
        """Seconds until the deadline, not below 0; None without a deadline."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    def limit(self, seconds: float) -> None:
        """Bring the deadline forward to at most `seconds` from now."""
        left = self.remaining()
        if left is None or seconds < left:
            self._until = time.monotonic() + seconds
            self._cancel()
            self.start()

    def start(self) -> None:
        """Begin to watch: from here on a blocked read ends at the deadline."""
        left = self.remaining()
        if left is not None and self._timer is None:
            self._timer = threading.Timer(left, self.fire)
            self._timer.daemon = True
            self._timer.start()

    def watch(self, sock: socket.socket) -> None:
        """Put a plain socket under watch, before TLS wraps it.

        One that a thread opens when nobody waits for it any more is shut down at once.
        """
        with self._lock:
            if self.fired or self._closed:
                _shut_down(sock)
            else:
                self._sockets.append(sock.dup())

    def fire(self) -> None:
        """End every blocked call now."""
        with self._lock:
            self.fired = True
            for sock in self._sockets:
                _shut_down(sock)

    def close(self) -> None:
        """Stop watching. Who still reads in another thread is woken: nobody waits for it."""
        self._cancel()
        with self._lock:
            self._closed = True
            for sock in self._sockets:
                _shut_down(sock)
                sock.close()
            self._sockets.clear()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
