"""The wall clock: a deadline that ends blocked socket calls in whatever phase they are.

`socket.shutdown` wakes a read that is blocked in another thread. TLS wrapping detaches the
descriptor of a socket, so a duplicate of the plain one is kept and shut down.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

# A year (seconds): longer waits would overflow the clock of a lock.
FOREVER: Final = 366 * 86400.0
BRIEFLY: Final = 0.05  # seconds until a reader who was busy is looked at again

# The seconds that whoever reads the stream still waits for an event, None for ever. It is asked
# anew whenever it matters, by any thread: each event may move it.
Patience = Callable[[], float | None]


def endless() -> None:
    """The patience of one who waits for ever."""


class Watchdog:
    """Shuts every watched socket down when `seconds` are over, when a read has waited `idle`
    seconds for a byte (None: never), or when the reader's `patience` is over while it waits.

    `fired` tells a deadline from an end: a body without a length that was shut down
    looks as if it had ended. `stalled` says that it was the wait for a byte. `spent` seconds
    have gone on earlier connections.
    """

    def __init__(
        self,
        seconds: float | None,
        idle: float | None = None,
        *,
        spent: float = 0.0,
        patience: Patience = endless,
    ) -> None:
        self.seconds = seconds
        self.idle = idle
        self.patience = patience
        self.fired = False
        self.stalled = False
        self._rings_at = 0.0
        now = time.monotonic()
        self._until = None if seconds is None else now + min(seconds, FOREVER) - spent
        self._waits_since: float | None = now  # None while nobody waits for a byte
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def remaining(self) -> float | None:
        """Seconds until the next deadline of both, not below 0; None without any."""
        now = time.monotonic()
        ends = [end - now for end in (self._until, self._idle_until()) if end is not None]
        if (left := self.patience()) is not None:
            ends.append(left)
        return max(0.0, min(ends)) if ends else None

    @property
    def is_over(self) -> bool:
        """Whether the deadline itself has passed."""
        return self._until is not None and time.monotonic() >= self._until

    @property
    def is_patience_over(self) -> bool:
        """Whether the reader waits for no event any more."""
        left = self.patience()
        return left is not None and left <= 0

    @property
    def is_for_bytes(self) -> bool:
        """Whether it matters when somebody waits for a byte."""
        return self.idle is not None or self.patience is not endless

    def waiting(self) -> None:
        """A read begins to wait for a byte."""
        now = self._waits_since = time.monotonic()
        left = self.patience()
        if left is None:
            return
        if self._timer is None or now + left < self._rings_at:  # an event brought it forward
            self._cancel()
            self.start()

    def received(self) -> None:
        """A byte came; the time that our own reader takes is not the stream's."""
        self._waits_since = None

    def limit(self, seconds: float) -> None:
        """Bring the deadline forward to at most `seconds` from now."""
        end = time.monotonic() + seconds
        if self._until is None or end < self._until:
            self._until = end
            self._cancel()
            self.start()

    def start(self) -> None:
        """Begin to watch: from here on a blocked read ends at the deadline."""
        left = self.remaining()
        if self.idle is not None and self._waits_since is None:
            # Nobody waits at this moment; who begins to in the next one must not go unseen.
            left = min(self.idle, FOREVER if left is None else left)
        if left is not None and self.patience is not endless and self._waits_since is None:
            left = max(left, BRIEFLY)
        if left is not None and self._timer is None and not self._closed:
            self._rings_at = time.monotonic() + left
            self._timer = threading.Timer(left, self._look)
            self._timer.daemon = True
            self._timer.start()

    def _look(self) -> None:
        """The timer rang: the time may have been moved since it was set."""
        self._timer = None
        now = time.monotonic()
        idle_until = self._idle_until()
        if self._until is not None and now >= self._until:
            self.fire()
        elif idle_until is not None and now >= idle_until:
            self.stalled = True
            self.fire()
        elif self._waits_since is not None and self.is_patience_over:
            self.fire()
        else:
            self.start()

    def _idle_until(self) -> float | None:
        since = self._waits_since
        return None if self.idle is None or since is None else since + min(self.idle, FOREVER)

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
        self._closed = True  # first: a timer that rings right now sets no other one
        self._cancel()
        with self._lock:
            for sock in self._sockets:
                _shut_down(sock)
                _drain(sock)
                sock.close()
            self._sockets.clear()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _drain(sock: socket.socket) -> None:
    """Throw away what came before a shutdown: a thread that nobody waits for would go on to
    parse megabytes of a flood. At most what a receive buffer holds."""
    with contextlib.suppress(OSError):
        for _ in range(256):
            if not sock.recv(65536, socket.MSG_DONTWAIT):
                return
