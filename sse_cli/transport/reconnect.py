"""Reconnecting: when a stream is opened again, and after what wait (HTML 9.2.2, "reestablish").

Rule 1: a refused reply and a stream that reached its own end are final.
Rule 2: the wait is the reconnection time in force. After failures in a row it doubles, less a
random part of up to a half, so that clients that lost a server together do not return together.
Rule 3: whatever a server sends, a wait stays within `SHORTEST` and `LONGEST` (seconds), and no more
than `CONNECTIONS_PER_SECOND` are opened.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import UTC
from typing import Final, NamedTuple

from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Reconnecting, Resume, Signal
from sse_cli.request.model import Request
from sse_cli.transport.watchdog import Patience, endless

DEFAULT_RECONNECTION_TIME: Final = 3.0  # seconds, as browsers wait
SHORTEST: Final = 0.1
LONGEST: Final = 300.0
LONGEST_BACKOFF: Final = 30.0
CONNECTIONS_PER_SECOND: Final = 10
LONGEST_ID: Final = 4096  # bytes of a header's value
_UNSENDABLE: Final = {
    "\n": "a line feed",
    "\r": "a carriage return",
    "\0": "a NUL",
    "\x0b": "a vertical tab",
    "\x0c": "a form feed",
}

Connect = Callable[[Request, int], Generator[Signal, None, None]]
Clock = Callable[[], float]


class ReconnectPolicy(NamedTuple):
    """The options of reconnecting. `retry_on` holds the statuses after which to try again."""

    reconnect: bool = False
    max_reconnects: int | None = None
    retry_on: frozenset[int] = frozenset()


class ConnectionPace:
    """The waits before connections, in seconds. Tests pass their own `now` and `dice`."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, dice: Callable[[], float] = random.random
    ) -> None:
        self.now = now
        self.dice = dice
        self.failures = 0
        self._opened: deque[float] = deque(maxlen=CONNECTIONS_PER_SECOND)

    def connected(self) -> None:
        """Count a connection that begins."""
        self._opened.append(self.now())

    def admit(self, left: float | None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait until one more connection, for a redirect, is within the limit per second.

        Waits no longer than `left`, the seconds until a deadline.
        """
        if delay := self._limit_delay():
            sleep(delay if left is None else min(delay, left))
        self.connected()

    def wait(self, base: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait: `base` after an end, more after failures in a row."""
        base = max(base, SHORTEST)  # so that the wait doubles after `retry: 0`, too
        if retry_after is not None:
            delay = retry_after
        elif self.failures > 1:
            longest = max(base, LONGEST_BACKOFF)
            delay = min(base * 2 ** min(self.failures - 1, 16), longest)
            delay -= delay / 2 * self.dice()
        else:
            delay = base
        return max(min(max(delay, SHORTEST), LONGEST), self._limit_delay())

    def _limit_delay(self) -> float:
        """Return the seconds until one more connection is within the limit per second."""
        if len(self._opened) < CONNECTIONS_PER_SECOND:
            return 0.0
        return max(0.0, self._opened[0] + 1.0 - self.now())


class Reconnector:
    """A source of signals that reconnects as `policy` and the server say.

    `connect` opens one connection, given the request to send and the number of the attempt, from
    1. `resume` is the state that the session writes. `clock` is the run's, `patience` that of the
    reader. Tests pass their own `sleep` and `pace`.
    """

    def __init__(  # noqa: PLR0913 (the options, the state, and the parts that tests replace)
        self,
        connect: Connect,
        policy: ReconnectPolicy,
        resume: Resume,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
        pace: ConnectionPace | None = None,
        patience: Patience = endless,
    ) -> None:
        self.connect = connect
        self.policy = policy
        self.resume = resume
        self.clock = clock
        self.sleep = sleep
        self.pace = pace or ConnectionPace()
        self.patience = patience

    def signals(self, request: Request) -> Iterator[Signal]:
        """Yield the signals of all connections; `Closed` comes once, at the end of the last."""
        if self.policy.reconnect:
            request = _without_id(request, self.resume)
        attempt = 0
        while True:
            attempt += 1
            opened, closed = yield from self._attempt(request, attempt)
            self.pace.failures = 0 if _is_stream(opened) else self.pace.failures + 1
            closed = _final(closed, opened, attempt)
            if not self._is_retried(closed, opened, attempt):
                yield closed
                return
            base = self.resume.reconnection_time
            delay = self.pace.wait(
                DEFAULT_RECONNECTION_TIME if base is None else base, _retry_after(opened)
            )
            yield Reconnecting(self.clock(), attempt + 1, delay, closed.ending, closed.detail)
            if late := self._wait(delay, request.max_time):
                yield late
                return

    def _attempt(
        self, request: Request, attempt: int
    ) -> Generator[Signal, None, tuple[Opened | None, Closed]]:
        """Yield the signals of one connection; return its head, None without a reply, and its end.

        `Closed` is not yielded, because only the last connection's is.
        """
        self.pace.connected()
        opened: Opened | None = None
        with closing(self.connect(_resumed(request, self.resume), attempt)) as signals:
            for signal in signals:
                if not isinstance(signal, Chunk):  # most are
                    if isinstance(signal, Closed):
                        return opened, signal
                    if isinstance(signal, Opened):
                        opened = signal
                yield signal
        raise AssertionError("a connection ends with Closed")

    def _is_retried(self, closed: Closed, opened: Opened | None, attempt: int) -> bool:
        policy = self.policy
        if not policy.reconnect or self.resume.over or closed.fatal:
            return False
        if policy.max_reconnects is not None and attempt > policy.max_reconnects:
            return False
        if closed.ending is Ending.REFUSED:
            return opened is not None and opened.status in policy.retry_on
        return closed.ending is not Ending.DONE

    def _wait(self, delay: float, max_time: float | None) -> Closed | None:
        """Sleep; return the end of the stream if a time limit ends first."""
        left = None if max_time is None else max_time - self.clock()
        why = f"the time limit of {max_time or 0:g} s was over"
        patience = self.patience()
        if patience is not None and (left is None or patience < left):
            left, why = patience, "it was no longer needed"
        if left is None or delay < left:
            self.sleep(delay)
            return None
        self.sleep(max(0.0, left))
        return Closed(self.clock(), Ending.DEADLINE, f"waiting to reconnect when {why}")


def _is_stream(opened: Opened | None) -> bool:
    return opened is not None and opened.media != "other"


def _final(closed: Closed, opened: Opened | None, attempt: int) -> Closed:
    """Return the end of a connection: `DONE` for a 204 on a later one.

    By that status a server asks a client not to reconnect (HTML 9.2.2).
    """
    if attempt > 1 and opened is not None and opened.status == 204:
        return closed._replace(ending=Ending.DONE, detail="204, the server asks to stop", cause="")
    return closed


def _resumed(request: Request, resume: Resume) -> Request:
    """Return the request with the last event ID as a header, if it can be sent."""
    value = sendable(resume.last_event_id)
    if not value:
        return request
    others = tuple(h for h in request.headers if not _is_id(h))
    return request._replace(headers=(*others, ("Last-Event-ID", value)))


def _without_id(request: Request, resume: Resume) -> Request:
    """Return the request without its own Last-Event-ID header, whose value goes to `resume`.

    The header would otherwise be sent again after the server has cleared the id.
    """
    ids = [value for name, value in request.headers if _is_id((name, value))]
    if not ids:
        return request
    resume.last_event_id = resume.last_event_id or ids[-1]
    return request._replace(headers=tuple(h for h in request.headers if not _is_id(h)))


def _is_id(header: tuple[str, str]) -> bool:
    return header[0].lower() == "last-event-id"


def sendable(last_event_id: str) -> str:
    """Return an id as a header value, "" if a header can't carry it or it is over 4 KiB.

    Outer blanks are trimmed, as receivers do anyway. The header is sent as UTF-8 (HTML 9.2.2).
    """
    value = last_event_id.strip(" \t")
    if any(character in value for character in _UNSENDABLE):
        return ""
    try:
        return value if len(value.encode()) <= LONGEST_ID else ""
    except UnicodeEncodeError:  # bytes of a command line that are not UTF-8
        return ""


def given(last_event_id: str, option: str) -> str:
    """Return the last event ID that was given by `option`.

    Raises UsageError if it can't be sent. A server's id is left out silently in that case, but a
    person who typed one would wait for its effect.
    """
    if not last_event_id or sendable(last_event_id):
        return last_event_id
    raise UsageError(
        f"{option} can't be sent: no header can carry {_obstacle(last_event_id)}",
        "give the id as the stream shows it, in one line",
    )


def _obstacle(last_event_id: str) -> str:
    """Return the reason why a header can't carry an id (RFC 9110, 5.5)."""
    for character, name in _UNSENDABLE.items():
        if character in last_event_id:
            return name
    if not last_event_id.strip(" \t"):
        return "a value of only spaces and tabs"
    try:
        size = len(last_event_id.encode())
    except UnicodeEncodeError:
        return "bytes that are not UTF-8"
    return f"{size:,} bytes (the limit is {LONGEST_ID:,})"


def _retry_after(opened: Opened | None) -> float | None:
    """Return the seconds that Retry-After asks for, None without one (RFC 9110, 10.2.3).

    The header holds a number of seconds, or a date.
    """
    text = (opened.header("retry-after") or "").strip() if opened else ""
    if not text or opened is None or opened.media != "other":
        return None
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        date = email.utils.parsedate_to_datetime(text)
        # asctime's form names no zone: all dates of HTTP are UTC (RFC 9110, 5.6.7).
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
