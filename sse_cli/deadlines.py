"""The wall clock: a deadline that ends blocked socket calls in whatever phase they are.

`socket.shutdown` wakes a read that is blocked in another thread. TLS wrapping detaches the
descriptor of a socket, so a duplicate of the plain one is kept and shut down.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Watchdog:
    """Shuts every watched socket down when `seconds` are over (None: never).

    `fired` tells a deadline from an end: a body without a length that was shut down
    looks as if it had ended.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.fired = False
        self._until = None if seconds is None else time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

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
        """Put a plain socket under watch, before TLS wraps it."""
        with self._lock:
            self._sockets.append(sock.dup())
            if self.fired:
                self._shut_down()

    def fire(self) -> None:
        """End every blocked call now."""
        with self._lock:
            self.fired = True
            self._shut_down()

    def close(self) -> None:
        """Stop watching; the sockets themselves stay as they are."""
        self._cancel()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _shut_down(self) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
