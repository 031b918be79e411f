"""The command from a file to a pipe: `watch` beside sed, grep and jq, `tail` beside json.loads."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from shlex import quote
from typing import Final

from tests.benchmarks import corpora
from tests.benchmarks.measure import (
    OURS,
    Benchmark,
    Samples,
    Setting,
    at_most,
    cpu,
    environment,
    interleaved,
    seconds,
    wall,
)

GROUP: Final = "pipeline"
SHELL: Final = "sed | grep | jq"
LOADS: Final = "json.loads"
CORPUS: Final = 50 * 1000 * 1000
_ROUNDS: Final = (
    2  # Times the rounds of the others, because these processes run for several seconds.
)
EVENTS: Final = 150_000
_JQ: Final = (
    r"sed -n 's/^data: //p' {} | grep -v '^\[DONE\]' | jq -j '.choices[0].delta.content // empty'"
)

Make = Callable[[random.Random], Iterator[bytes]]


def _watch(setting: Setting, _names: Sequence[str]) -> Samples:
    size = setting.size(CORPUS)
    path = corpora.ended(corpora.of_size(setting.folder, corpora.openai_chat, size))
    mine = (setting.script, "watch", str(path), "-q", "choices[0].delta.content", "-j")
    shell = _JQ.format(quote(str(path)))
    if _output(mine) != _output(("sh", "-c", shell)):
        raise SystemExit("sse and jq give different texts: nothing to compare")
    runs = {OURS: lambda: wall(mine), SHELL: lambda: wall(shell)}
    return interleaved(runs, _ROUNDS * setting.rounds)


def _tail(make: Make, end: bytes) -> Callable[[Setting, Sequence[str]], Samples]:
    def run(setting: Setting, _names: Sequence[str]) -> Samples:
        plain = corpora.of_events(setting.folder, make, setting.size(EVENTS))
        path = corpora.ended(plain, end)
        texts = corpora.payloads(plain)
        command = (setting.script, "tail", str(path))

        def loads() -> None:
            for text in texts:
                json.loads(text)

        # With one process and one thread, CPU time is elapsed time without other processes' share.
        return interleaved(
            {OURS: lambda: cpu(command), LOADS: lambda: seconds(loads)}, _ROUNDS * setting.rounds
        )

    return run


def _output(command: Sequence[str]) -> bytes:
    return subprocess.run(command, stdout=subprocess.PIPE, env=environment(), check=True).stdout


_ENDS: Final[tuple[tuple[str, Make, bytes], ...]] = (
    ("openai-chat", corpora.openai_chat, corpora.DONE),
    (
        "openai-responses",
        corpora.openai_responses,
        b'data: {"type":"response.completed","response":{"status":"completed"}}\n\n',
    ),
    ("anthropic", corpora.anthropic, b'data: {"type":"message_stop"}\n\n'),
)
BENCHMARKS: Final = (
    Benchmark(GROUP, "watch -q … -j, 50 MB file", (at_most(SHELL, 1),), _watch),
    *(
        Benchmark(GROUP, f"tail, 150,000 events, {name}", (at_most(LOADS, 4),), _tail(make, end))
        for name, make, end in _ENDS
    ),
)
