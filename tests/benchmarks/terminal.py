"""The table on a terminal beside a bare loop that prints one Rich `Text` an event."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.benchmarks import clients, server
from tests.benchmarks.measure import (
    OURS,
    Benchmark,
    Samples,
    Setting,
    at_most,
    below,
    cpu_of,
    environment,
    interleaved,
)

GROUP: Final = "terminal"
BARE: Final = "bare Rich loop"
SECONDS: Final = 3
SIZE: Final = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color"}
_ROW: Final = re.compile(rb"token (\d+)")
_FOOTER: Final = re.compile(rb"\x1b\[K")


def on_terminal(command: Sequence[str], take: Callable[[bytes, int], None]) -> float:
    """Run a command on a pseudo-terminal; return its CPU time.

    `take` is called with each piece of its output, and its pid.
    """
    pid, master = os.forkpty()
    if pid == 0:
        os.execve(command[0], list(command), environment() | SIZE)
    try:
        while data := os.read(master, 1 << 16):
            take(data, pid)
    except OSError:  # Linux: EIO once the command has ended.
        pass
    os.close(master)
    return cpu_of(pid)


def _command(setting: Setting, name: str, url: str) -> Sequence[str]:
    if name == OURS:
        return (setting.script, "watch", url, "-o", "table")
    return (str(setting.python), "-c", clients.RICH, url)


def _table(rate: int) -> Callable[[Setting, Sequence[str]], Samples]:
    def run(setting: Setting, _names: Sequence[str]) -> Samples:
        number = rate * (1 if setting.quick else SECONDS)
        with server.running() as base:

            def work(name: str) -> float:
                """Return the CPU seconds an event, without the start; check every row."""
                written = bytearray()
                many = _command(setting, name, f"{base}/events/{rate}/{number}")
                spent = on_terminal(many, lambda data, _pid: written.extend(data))
                if (rows := len(_ROW.findall(written))) != number:
                    raise SystemExit(f"{name} shows {rows} of {number} events")
                one = _command(setting, name, f"{base}/events/{rate}/1")
                start = on_terminal(one, lambda _data, _pid: None)
                return (spent - start) / (number - 1)

            return interleaved({OURS: lambda: work(OURS), BARE: lambda: work(BARE)}, setting.rounds)

    return run


def _footer(setting: Setting, _names: Sequence[str]) -> Samples:
    """Measure the footer's refreshes a second, from the first one without an event to the last."""
    seconds = 1 if setting.quick else SECONDS
    with server.running() as base:

        def refreshes() -> float:
            drawn: list[float] = []

            def take(data: bytes, _pid: int) -> None:
                if _FOOTER.search(data) and b"\n" not in data:  # drawn without a new row
                    drawn.append(time.monotonic())

            on_terminal(_command(setting, OURS, f"{base}/events/1/{seconds + 1}"), take)
            return (len(drawn) - 1) / (drawn[-1] - drawn[0])

        return interleaved({OURS: refreshes}, setting.rounds)


BENCHMARKS: Final = (
    *(
        Benchmark(GROUP, f"CPU a row, {rate:,} events a second", (at_most(BARE, 4),), _table(rate))
        for rate in (200, 2000)
    ),
    Benchmark(GROUP, "footer", (below(10, " Hz"),), _footer, unit="Hz"),
)
