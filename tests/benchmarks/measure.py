"""The method of measurement: ours and its peers in turn, medians, and their comparison with bars.

Machines are busy: measurements to be compared ran in alternation, and a ratio comes with the
quartiles of the ratios of single rounds. Samples are seconds, or MiB where a benchmark says so.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

OURS: Final = "ours"
Samples: TypeAlias = dict[str, list[float]]
Figures: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """The folder of a run's corpora, the Python it starts, and how thorough it is."""

    folder: Path
    python: Path  # An environment with the dependencies of `sse`, and nothing else.
    rounds: int = 5
    quick: bool = False

    def size(self, wanted: int) -> int:
        """Return `wanted` bytes or events, or a hundredth of them in a quick run."""
        return max(1, wanted // 100) if self.quick else wanted

    @property
    def script(self) -> str:
        """The `sse` command of that environment."""
        return str(self.python.with_name("sse"))


class Bar(NamedTuple):
    """A requirement: `value` of a benchmark's figures against `limit` (None: only reported).

    `peers` are the peers that it needs.
    """

    words: str
    peers: tuple[str, ...]
    value: Callable[[Figures], float]
    limit: float | None
    at_least: bool = False
    unit: str = "x"

    def is_met(self, value: float) -> bool | None:
        """Return whether `value` is good enough; None without a limit."""
        if self.limit is None:
            return None
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Benchmark:
    """One measurement. `run` returns the samples of ours and of the given peers."""

    group: str
    name: str
    bars: Sequence[Bar]
    run: Callable[[Setting, Sequence[str]], Samples]
    unit: str = "s"

    @property
    def peers(self) -> tuple[str, ...]:
        """All peers that its bars name, each once."""
        return tuple(dict.fromkeys(peer for bar in self.bars for peer in bar.peers))


@dataclass(frozen=True)
class Finding:
    """One line of the table: a bar, and its measured value."""

    group: str
    name: str
    bar: str
    peer: str
    ours: float
    theirs: float | None
    unit: str
    value: float
    low: float  # the quartiles of single rounds
    high: float
    value_unit: str
    met: bool | None
    samples: Samples = field(repr=False, default_factory=dict)


def faster(peer: str, times: float | None = None) -> Bar:
    """Require that ours takes at most 1/`times` of the peer's time."""
    words = f"≥ {times:g}x" if times else "compared"
    return Bar(words, (peer,), lambda one: one[peer] / one[OURS], times, at_least=True)


def at_most(peer: str, times: float | None = None) -> Bar:
    """Require that ours takes at most `times` the peer's time."""
    words = f"≤ {times:g}x" if times else "compared"
    return Bar(words, (peer,), lambda one: one[OURS] / one[peer], times)


def added(peer: str, base: str, times: float) -> Bar:
    """Require that ours adds at most `times` as much to `base` as the peer does."""

    def value(one: Figures) -> float:
        # A peer that adds nothing would make any ratio infinite, so it counts as a microsecond.
        return (one[OURS] - one[base]) / max(one[peer] - one[base], 1e-6)

    return Bar(f"≤ {times:g}x what it adds to {base}", (peer, base), value, times)


def over(peer: str, microseconds: float) -> Bar:
    """Require that ours takes at most so many microseconds more than the peer."""
    words = f"≤ {microseconds:g} µs over"
    return Bar(words, (peer,), lambda one: (one[OURS] - one[peer]) * 1e6, microseconds, unit=" µs")


def below(limit: float, unit: str) -> Bar:
    """Require that ours itself is at most `limit`."""
    return Bar(f"≤ {limit:g}{unit}", (), lambda one: one[OURS], limit, unit=unit)


def interleaved(
    runs: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: bool = False
) -> Samples:
    """Run each in turn, `rounds` times; each round begins with another one."""
    names = list(runs)
    if warm_up:
        for run in runs.values():
            run()
    samples: Samples = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            samples[name].append(runs[name]())
    return samples


def findings(benchmark: Benchmark, samples: Samples) -> list[Finding]:
    """Compare the samples with the bars, except with bars whose peers are missing."""
    medians = {name: statistics.median(values) for name, values in samples.items()}
    rounds = [
        dict(zip(samples, values, strict=True)) for values in zip(*samples.values(), strict=True)
    ]
    found = []
    for bar in benchmark.bars:
        if not set(bar.peers) <= set(samples):
            continue
        value = bar.value(medians)
        low, high = _quartiles([bar.value(one) for one in rounds])
        peer = bar.peers[0] if bar.peers else ""
        found.append(
            Finding(
                benchmark.group, benchmark.name, bar.words, peer,
                medians[OURS], medians.get(peer), benchmark.unit,
                value, low, high, bar.unit, bar.is_met(value), samples,
            )
        )  # fmt: skip
    return found


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


# Clocks


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that `work` takes in this process.

    Without threads that is its elapsed time, without the time that other processes took.
    """
    start = time.process_time()
    work()
    return time.process_time() - start


def wall(command: Sequence[str] | str, **more: Any) -> float:
    """Return the time from a command's start to its exit; discard its output."""
    start = time.perf_counter()
    _run(command, **more)
    return time.perf_counter() - start


def cpu(command: Sequence[str], **more: Any) -> float:
    """Return the CPU time (user and system) of a command, as the kernel counts it."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment(), **more
    ) as process:
        return cpu_of(process.pid, process)


def cpu_of(pid: int, process: subprocess.Popen[Any] | None = None) -> float:
    """Wait for a child; return its CPU time."""
    _, status, usage = os.wait4(pid, 0)
    if process:
        process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"process {pid} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def environment() -> dict[str, str]:
    """Return an environment with only this machine's PATH: no proxy, no unbuffered Python."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def _run(command: Sequence[str] | str, **more: Any) -> None:
    subprocess.run(
        command,
        shell=isinstance(command, str),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment(),
        check=True,
        **more,
    )
