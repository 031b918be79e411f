"""Receiving as fast as the network allows: 200 MB over loopback, an HTTP chunk an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.benchmarks import clients, server
from tests.benchmarks.measure import OURS, Benchmark, Samples, Setting, at_most, interleaved, wall

GROUP: Final = "receive"
BARE: Final = "bare httpx loop"
CURL: Final = "curl"
SIZE: Final = 200 * 1000 * 1000


def _receive(setting: Setting, names: Sequence[str]) -> Samples:
    with server.running() as base:
        url = f"{base}/flood/{setting.size(SIZE)}"
        commands = {
            OURS: (setting.script, "watch", url, "-o", "raw"),
            BARE: (str(setting.python), "-c", clients.WRITING, url),
            CURL: ("curl", "-sN", url),
        }
        runs = {
            name: lambda words=words: wall(words)
            for name, words in commands.items()
            if name in (OURS, *names)
        }
        return interleaved(runs, setting.rounds)


BENCHMARKS: Final = (
    Benchmark(GROUP, "200 MB, -o raw", (at_most(BARE, 1.5), at_most(CURL)), _receive),
)
