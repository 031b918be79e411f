"""Deadlines on the wall clock, which end blocked socket calls in whatever phase they are.

| phase | woken by |
|---|---|
| name lookup, TCP connect | nothing: their thread is abandoned, a later socket shut down at once |
| TLS handshake, CONNECT, headers, 1xx, body | `shutdown` of a duplicate of the plain socket |
| a backlog that has arrived | nothing: it stays readable, so the loop over the body asks `fired` |
| our own write to a reader who does not read | nothing; Ctrl-C does |
| standard input and FIFOs | `select` with a timeout (`sources/files.py`) |

The second row holds over HTTP/1.1, HTTP/2, unix sockets, proxies and tunnels.

A duplicate, because TLS wrapping detaches the descriptor of the plain socket, and because httpcore
may close its own at any moment, after which the number may belong to another file. `shutdown` acts
on the connection, so it wakes a read through any of its descriptors, also in another thread.

A timer, because a read timeout starts again with every byte: a trickle, endless 1xx replies or
HTTP/2 pings would never reach it. It also could not follow a deadline that moves during the read.
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
BRIEFLY: Final = 0.05  # seconds until the timer checks again on a reader who was busy

# Returns the seconds for which the reader of the stream still waits for an event, None for no
# limit. It is called each time that it matters, by any thread, because each event may change it.
Patience = Callable[[], float | None]


def endless() -> None:
    """Return None: the patience of a reader who waits without a limit."""


class Watchdog:
    """A timer that shuts down the sockets of one connection.

    It fires `seconds` after the start, when a read has waited `idle` seconds for a byte, or when
    the reader's `patience` is over while a read waits; None means never. Earlier connections have
    used `spent` of the `seconds`.

    `fired` tells a deadline from an end, because a body without a length that was shut down looks
    as if it had ended. `stalled` is True if the wait for a byte was too long.
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
        self._expires_at = 0.0  # when the timer does
        now = time.monotonic()
        self._until = None if seconds is None else now + min(seconds, FOREVER) - spent
        self._waits_since: float | None = now  # None while no read waits for a byte
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def remaining(self) -> float | None:
        """Return the seconds until the next deadline, not below 0; None if there is none."""
        now = time.monotonic()
        ends = [end - now for end in (self._until, self._idle_until()) if end is not None]
        if (left := self.patience()) is not None:
            ends.append(left)
        return max(0.0, min(ends)) if ends else None

    @property
    def is_over(self) -> bool:
        """Return whether the deadline itself has passed."""
        return self._until is not None and time.monotonic() >= self._until

    @property
    def is_patience_over(self) -> bool:
        """Return whether the reader no longer waits for an event."""
        left = self.patience()
        return left is not None and left <= 0

    @property
    def is_for_bytes(self) -> bool:
        """Return whether calls of `waiting` and `received` make a difference."""
        return self.idle is not None or self.patience is not endless

    def waiting(self) -> None:
        """Note that a read begins to wait for a byte."""
        now = self._waits_since = time.monotonic()
        left = self.patience()
        if left is None:
            return
        if self._timer is None or now + left < self._expires_at:  # an event brought it forward
            self._cancel()
            self.start()

    def received(self) -> None:
        """Note that a byte came. The time that our own reader takes does not count as idle."""
        self._waits_since = None

    def limit(self, seconds: float) -> None:
        """Bring the deadline forward to at most `seconds` from now."""
        end = time.monotonic() + seconds
        if self._until is None or end < self._until:
            self._until = end
            self._cancel()
            self.start()

    def start(self) -> None:
        """Set the timer for the next deadline, unless it is set."""
        left = self.remaining()
        if self.idle is not None and self._waits_since is None:
            # No read waits at this moment, and `waiting` does not set the timer for `idle` (it
            # runs at every read), so the timer must check again by itself.
            left = min(self.idle, FOREVER if left is None else left)
        # Patience may be over while the reader is busy: without a pause the timer would spin.
        if left is not None and self.patience is not endless and self._waits_since is None:
            left = max(left, BRIEFLY)
        if left is not None and self._timer is None and not self._closed:
            self._expires_at = time.monotonic() + left
            self._timer = threading.Timer(left, self._check)
            self._timer.daemon = True
            self._timer.start()

    def _check(self) -> None:
        """Fire if a deadline has passed, else start again: it may have moved since."""
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
        """Watch a plain socket, before TLS wraps it.

        A socket that an abandoned thread opens after the deadline is shut down at once.
        """
        with self._lock:
            if self.fired or self._closed:
                _shut_down(sock)
            else:
                self._sockets.append(sock.dup())

    def release(self) -> None:
        """Stop watching the sockets, which were closed: a duplicate keeps a connection open."""
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def fire(self) -> None:
        """End every blocked call."""
        with self._lock:
            self.fired = True
            for sock in self._sockets:
                _shut_down(sock)

    def close(self) -> None:
        """Stop watching. Wakes a read that an abandoned thread still waits in."""
        self._closed = True  # first, so that a timer that expires right now does not set another
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
    """Discard the bytes that arrived before a shutdown.

    Otherwise an abandoned thread would go on to parse megabytes of a flood.
    """
    with contextlib.suppress(OSError):
        for _ in range(256):  # 16 MiB: more than a receive buffer holds
            if not sock.recv(65536, socket.MSG_DONTWAIT):
                return
