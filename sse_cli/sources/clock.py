"""The clock of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""The seconds since a run began."""


class RunClock:
    """The seconds since it was first asked: imports before that do not count as its time.

    Whole microseconds, as recordings and JSON Lines hold them, so that all figures of a run
    come out the same from its recording. `speed` is that of a recording which is played.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._start = 0
        self._unit = 1000 / (speed or 1.0)  # nanoseconds in a microsecond of the run

    def __call__(self) -> float:
        now = time.perf_counter_ns()
        self._start = self._start or now
        return (now - self._start) // self._unit / 1_000_000
