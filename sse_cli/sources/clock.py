"""The clock of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""A function that returns the seconds since a run began."""


class RunClock:
    """A clock that starts at its first reading, so that imports before it do not count.

    It returns whole microseconds, the resolution of recordings and JSON Lines, so that a recording
    gives the same figures as the run. `speed` is the speed at which a recording is played: the
    clock runs that many times as fast.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._start = 0
        self._unit = 1000 / (speed or 1.0)  # nanoseconds in a microsecond of the run

    def __call__(self) -> float:
        now = time.perf_counter_ns()
        self._start = self._start or now
        return (now - self._start) // self._unit / 1_000_000
