"""Memory over a million events: what the process holds after 10,000, and the most it ever held."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks import corpora
from tests.benchmarks.measure import OURS, Benchmark, Samples, Setting, below, environment
from tests.benchmarks.terminal import SIZE

GROUP: Final = "memory"
EVENTS: Final = 1_000_000
WARM: Final = 10_000
TEXT: Final = 8  # characters of text in each event
MIB: Final = 1024 * 1024


class _Watched:
    """Counts what a process writes, and asks what it holds once a mark is passed."""

    def __init__(self, mark: int, unit: bytes) -> None:
        self._left, self._unit = mark, unit
        self.at_mark = 0

    def take(self, data: bytes, pid: int) -> None:
        self._left -= data.count(self._unit) if self._unit else len(data)
        if self._left <= 0 and not self.at_mark:
            self.at_mark = _resident(pid)


def _growth(command: Sequence[str], watched: _Watched, *, terminal: bool) -> float:
    """MiB that the process grew after the mark."""
    peak = (_peak_on_terminal if terminal else _peak_of_pipe)(command, watched)
    if not watched.at_mark:
        raise SystemExit(f"{' '.join(command)} wrote less than was to be measured")
    return max(0, peak - watched.at_mark) / MIB


def _peak_on_terminal(command: Sequence[str], watched: _Watched) -> int:
    pid, master = os.forkpty()
    if pid == 0:
        os.execve(command[0], list(command), environment() | SIZE)
    try:
        while data := os.read(master, 1 << 16):
            watched.take(data, pid)
    except OSError:  # Linux: EIO once the command has ended
        pass
    os.close(master)
    return _ended(pid)


def _peak_of_pipe(command: Sequence[str], watched: _Watched) -> int:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), bufsize=0)
    assert process.stdout
    with process.stdout as pipe:
        while data := pipe.read(1 << 16):
            watched.take(data, process.pid)
    peak = _ended(process.pid)
    process.returncode = 0
    return peak


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _ended(pid: int) -> int:
    """The most that a process ever held (bytes), once it has ended."""
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"process {pid} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * 1024


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
    """The text itself is the answer, and kept: it is taken off."""
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
