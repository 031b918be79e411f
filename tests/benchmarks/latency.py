"""The cost between an event's arrival and its line in a pipe: time, and work."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.benchmarks import clients, server
from tests.benchmarks.measure import (
    OURS,
    Benchmark,
    Samples,
    Setting,
    added,
    cpu,
    environment,
    interleaved,
    over,
)

GROUP: Final = "latency"
BARE: Final = "bare httpx loop"
CURL: Final = "curl"
TICKS: Final = 200  # events, 10 ms apart
_ROUNDS: Final = 4  # Times the rounds of the others, because single ones differ by half.
BUSY_RATE: Final = 1000
BUSY: Final = 3000  # events
_STAMP: Final = re.compile(rb'"stamp": ?(\d+)')


def _delay(command: Sequence[str]) -> float:
    """Return the median time (seconds) from the server's stamp to the read that brings the line."""
    delays: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), bufsize=0) as process:
        assert process.stdout
        while data := process.stdout.read(1 << 16):
            now = time.monotonic_ns()
            delays += [(now - int(stamp)) / 1e9 for stamp in _STAMP.findall(data)]
    return statistics.median(delays[len(delays) // 20 :])


def _latency(setting: Setting, names: Sequence[str]) -> Samples:
    with server.running() as base:
        url = f"{base}/events/100/{TICKS // 10 if setting.quick else TICKS}"
        commands = _commands(setting, url) | {CURL: ("curl", "-sN", url)}
        runs: dict[str, Callable[[], float]] = {
            name: lambda words=words: _delay(words)  # type: ignore[misc]
            for name, words in commands.items()
            if name in (OURS, *names)
        }
        return interleaved(runs, _ROUNDS * setting.rounds)


def _work(setting: Setting, _names: Sequence[str]) -> Samples:
    """Measure the CPU seconds an event, without the time to start."""
    number = BUSY // 10 if setting.quick else BUSY
    with server.running() as base:
        many = _commands(setting, f"{base}/events/{BUSY_RATE}/{number}")
        one = _commands(setting, f"{base}/events/{BUSY_RATE}/1")
        runs: dict[str, Callable[[], float]] = {
            name: lambda name=name: (cpu(many[name]) - cpu(one[name])) / (number - 1)  # type: ignore[misc]
            for name in many
        }
        return interleaved(runs, setting.rounds)


def _commands(setting: Setting, url: str) -> dict[str, Sequence[str]]:
    return {
        OURS: (setting.script, "watch", url, "-o", "jsonl"),
        BARE: (str(setting.python), "-c", clients.PRINTING, url),
    }


BENCHMARKS: Final = (
    Benchmark(GROUP, "latency of an event, 10 ms ticks", (added(BARE, CURL, 2),), _latency),
    Benchmark(GROUP, "CPU an event, 1,000 a second, jsonl", (over(BARE, 60),), _work),
)
