"""From a process's start to its exit, in an environment that holds only what `sse` needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.benchmarks import peers, server
from tests.benchmarks.measure import OURS, Benchmark, Samples, Setting, at_most, interleaved, wall

GROUP: Final = "startup"
PASS: Final = "python -c pass"
HTTPIE: Final = "HTTPie"
CURL: Final = "curl"
_ROUNDS: Final = 4  # Times the rounds of the others, because these are short.


def _version(setting: Setting, _names: Sequence[str]) -> Samples:
    mine = (setting.script, "--version")
    nothing = (str(setting.python), "-c", "pass")
    runs = {OURS: lambda: wall(mine), PASS: lambda: wall(nothing)}
    return interleaved(runs, _ROUNDS * setting.rounds, warm_up=True)


def _one_event(setting: Setting, names: Sequence[str]) -> Samples:
    with server.running() as base:
        url = f"{base}/events/1/1"
        commands = {
            OURS: (setting.script, "watch", url, "-o", "jsonl"),
            PASS: (str(setting.python), "-c", "pass"),
            HTTPIE: (peers.httpie() or "http", "--stream", "--ignore-stdin", url),
            CURL: ("curl", "-sN", url),
        }
        runs = {
            name: lambda words=words: wall(words)
            for name, words in commands.items()
            if name in (OURS, *names)
        }
        return interleaved(runs, _ROUNDS * setting.rounds, warm_up=True)


BENCHMARKS: Final = (
    Benchmark(GROUP, "sse --version", (at_most(PASS, 2.5),), _version),
    Benchmark(
        GROUP,
        "sse watch URL -o jsonl, one event",
        (at_most(HTTPIE, 0.5), at_most(PASS, 13), at_most(CURL)),
        _one_event,
    ),
)
