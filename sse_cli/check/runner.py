"""The runner of a check: it runs several streams at a time, in threads.

The main thread only waits, so that Ctrl-C reaches it at once. The threads are daemons, so they
end with the process even while they block.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sse_cli.analysis.timing import Timing
from sse_cli.check.outcome import Attempt, Checked, Running
from sse_cli.check.stream_check import StreamCheck, run_once
from sse_cli.llm import wire_format

FIRST_PAUSE: Final = 0.5  # seconds before the second attempt; twice that before each later one
LONGEST_PAUSE: Final = 8.0


@dataclass(frozen=True)
class Plan:
    """The number of streams that run at a time, and the maximum number of attempts per stream."""

    jobs: int = 1
    attempts: int = 1

    def is_over(self, attempts: Sequence[Attempt]) -> bool:
        """Return whether no other attempt follows these."""
        return bool(attempts) and (attempts[-1].outcome.held or len(attempts) >= self.attempts)


class Runner:
    """A runner of streams in threads. Call `wait` for each in turn, or `stopped` after Ctrl-C."""

    def __init__(self, streams: Sequence[StreamCheck], plan: Plan) -> None:
        self._streams = streams
        self._plan = plan
        self._known = wire_format.known()
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Exception | None]] = queue.SimpleQueue()
        self._finished: set[int] = set()
        self._running: dict[int, tuple[float, Timing]] = {}  # the start and the figures
        self._tried: list[list[Attempt]] = [[] for _ in streams]  # each list belongs to one thread
        for index in range(len(streams)):
            self._waiting.put(index)
        for number in range(min(plan.jobs, len(streams))):
            threading.Thread(target=self._work, daemon=True, name=f"sse-check-{number}").start()

    def wait(self, index: int) -> Checked:
        """Wait until stream `index` is checked, and return it. Raises what its thread raised."""
        while index not in self._finished:
            self._take(*self._done.get())
        return self._checked(index, 0)

    def stopped(self, index: int, signal_number: int) -> Checked:
        """Return stream `index` in its current state, without a verdict unless it had finished."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(*self._done.get_nowait())
        is_over = index in self._finished or self._plan.is_over(self._tried[index])
        return self._checked(index, 0 if is_over else signal_number)

    def running(self) -> list[Running]:
        """Return the attempts that are running now. Any thread may call it."""
        now = time.monotonic()
        return [
            Running(
                self._streams[index].name, len(self._tried[index]) + 1, now - since, timing.messages
            )
            for index, (since, timing) in sorted(self._running.items())
        ]

    def _take(self, index: int, error: Exception | None) -> None:
        if error is not None:
            raise error
        self._finished.add(index)

    def _checked(self, index: int, signal_number: int) -> Checked:
        stream = self._streams[index]
        attempts = list(self._tried[index])
        return Checked(stream.name, stream.target(), attempts, stream.place, signal_number)

    def _work(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                index = self._waiting.get_nowait()
                self._done.put((index, self._error_of(index)))

    def _error_of(self, index: int) -> Exception | None:
        """Run a stream; return its exception, which `wait` raises in the main thread."""
        try:
            self._try(index, self._tried[index])
        except Exception as error:
            return error
        return None

    def _try(self, index: int, attempts: list[Attempt]) -> None:
        def begun(timing: Timing) -> None:
            self._running[index] = time.monotonic(), timing

        stream = self._streams[index]
        pause = FIRST_PAUSE
        while True:
            try:
                attempts.append(run_once(stream, self._known, len(attempts) + 1, begun))
            finally:
                self._running.pop(index, None)
            if self._plan.is_over(attempts):
                return
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
