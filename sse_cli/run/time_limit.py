"""`--for`: how long a stream is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from sse_cli.model.causes import Cause
from sse_cli.model.errors import TimeIsUp
from sse_cli.model.events import Closed, Ending, Opened, Signal
from sse_cli.process import signals as process_signals


class TimeLimit:
    """Seconds of a stream, by its stamps and by the wall clock; `speed` is that at which a
    recording is played. Its alarm strikes only while a signal is waited for: what has come is
    worked through."""

    def __init__(self, seconds: float, speed: float = 1.0) -> None:
        self.seconds = seconds
        self._speed = speed
        self._is_waiting = False
        self._has_rung = False

    def alarm(self) -> AbstractContextManager[None]:
        """Have `next` and `wait` raise TimeIsUp when the time is over."""
        return process_signals.alarm(self.seconds / self._speed, self._ring)

    def next(self, signals: Iterator[Signal]) -> Signal:
        """The next signal. Raises TimeIsUp if it comes too late, or none has come by then."""
        self.wait()
        signal = next(signals)
        self.came(signal)
        return signal

    def came(self, signal: Signal) -> None:
        """A signal has come. Raises TimeIsUp if it is too late: a recording's stamps tell, and
        the clock's where the alarm is about to ring."""
        self._is_waiting = False
        if signal.at > self.seconds:
            raise TimeIsUp

    def wait(self) -> None:
        """A signal is waited for from now on. Raises TimeIsUp if the alarm has rung."""
        self._is_waiting = True
        if self._has_rung:
            raise TimeIsUp

    def closed(self, opened: Opened | None) -> Closed:
        """The end of the stream, once the time is over."""
        if opened is None:
            detail = f"no reply had come when --for {self.seconds:g} s was over"
            return Closed(self.seconds, Ending.DEADLINE, detail, Cause.READING_TIME)
        return Closed(self.seconds, Ending.LIMIT, f"{self.seconds:g} s are over, as --for asked")

    def _ring(self) -> None:
        self._has_rung = True
        if self._is_waiting:
            raise TimeIsUp
