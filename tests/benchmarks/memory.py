"""Memory over a million events: the size of the process after 10,000, and its peak."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks import corpora
from tests.benchmarks.measure import (
    OURS,
    Benchmark,
    Samples,
    Setting,
    below,
    cpu_of,
    environment,
)
from tests.benchmarks.terminal import on_terminal

GROUP: Final = "memory"
EVENTS: Final = 1_000_000
WARM: Final = 10_000
TEXT: Final = 8  # characters of text in each event
KIB: Final = 1024  # in a MiB
MIB: Final = 1024 * 1024


class _Watched:
    """A counter of a process's output that notes the memory at a mark, and the peak."""

    def __init__(self, mark: int, unit: bytes) -> None:
        self._left, self._unit = mark, unit
        self._reads = 0
        self.at_mark = 0
        self.peak = 0

    def take(self, data: bytes, pid: int) -> None:
        """Count a read; read the peak from the kernel at every 16th."""
        self._left -= data.count(self._unit) if self._unit else len(data)
        self._reads += 1
        if self._left <= 0 and not self.at_mark:
            self.at_mark = _held(pid, "VmRSS")
        # Not ru_maxrss, which starts with the parent's memory at the fork.
        if self._reads % 16 == 0:
            self.peak = _held(pid, "VmHWM") or self.peak


def _growth(command: Sequence[str], watched: _Watched, *, terminal: bool) -> float:
    """Return the MiB by which the process grew after the mark."""
    if terminal:
        on_terminal(command, watched.take)
    else:
        _in_pipe(command, watched)
    if not watched.at_mark:
        raise SystemExit(f"{' '.join(command)} wrote too little to be measured")
    return max(0, watched.peak - watched.at_mark) / KIB


def _in_pipe(command: Sequence[str], watched: _Watched) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), bufsize=0) as process:
        assert process.stdout
        while data := process.stdout.read(1 << 16):
            watched.take(data, process.pid)
        cpu_of(process.pid, process)


def _held(pid: int, name: str) -> int:
    """Return a figure (KiB) of a running process; 0 once it has ended."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) if found else 0


def _run(
    *words: str, unit: bytes = b"\n", terminal: bool = False
) -> Callable[[Setting, Sequence[str]], Samples]:
    def run(setting: Setting, _names: Sequence[str]) -> Samples:
        number = 10 * WARM if setting.quick else EVENTS
        path = corpora.ended(corpora.of_events(setting.folder, corpora.numbered, number))
        verb, *options = words
        command = (setting.script, verb, str(path), *options)
        mark = WARM if unit else WARM * TEXT
        return {OURS: [_growth(command, _Watched(mark, unit), terminal=terminal)]}

    return run


def _tail(setting: Setting, names: Sequence[str]) -> Samples:
    """Measure `tail` without the text, which is the answer and has to be kept."""
    run = _run("tail", unit=b"")
    grown = run(setting, names)[OURS][0]
    text = (10 * WARM if setting.quick else EVENTS) * TEXT / MIB
    return {OURS: [max(0.0, grown - text)]}


BENCHMARKS: Final = (
    Benchmark(
        GROUP,
        "watch -o table, 1,000,000 events",
        (below(10, " MiB"),),
        _run("watch", "-o", "table", terminal=True),
        unit="MiB",
    ),
    Benchmark(
        GROUP,
        "watch -o jsonl, 1,000,000 events",
        (below(10, " MiB"),),
        _run("watch", "-o", "jsonl"),
        unit="MiB",
    ),
    Benchmark(
        GROUP, "tail, 1,000,000 events, less its text", (below(10, " MiB"),), _tail, unit="MiB"
    ),
)
