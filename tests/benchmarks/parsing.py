"""The parser beside others: the same bytes in the same reads, the same messages as output."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import cycle, pairwise
from typing import Any, Final

from sse_cli.model.events import Message
from sse_cli.parser.event_stream import EventStreamParser
from tests.benchmarks import corpora, peers
from tests.benchmarks.measure import (
    OURS,
    Bar,
    Benchmark,
    Samples,
    Setting,
    at_most,
    faster,
    interleaved,
    seconds,
)

GROUP: Final = "parser"
MB: Final = 1000 * 1000
CORPUS: Final = 50 * MB
PARTS: Final = 10
LARGE: Final = 4 * MB
CHECKED: Final = 2 * MB
HTTPX_SSE: Final = "httpx-sse"
LAUNCHDARKLY: Final = "launchdarkly-eventsource"
NODE: Final = "eventsource-parser"
_ONE_EVENT: Final = 0  # the size of a read that stands for one event

Make = Callable[[random.Random], Iterator[bytes]]


def ours(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Feed our parser as a session does."""
    parser = EventStreamParser()
    for chunk in chunks:
        yield from parser.feed(chunk, 0.5)


def _reads(body: bytes, size: int) -> list[bytes]:
    return corpora.events(body) if size == _ONE_EVENT else corpora.reads(body, size)


def _consume(feed: peers.Feed, reads: Sequence[bytes]) -> float:
    """Use each as its own documentation does: iterate peers, feed ours. Return the seconds."""
    gc.collect()

    def work() -> None:
        for _ in feed(reads):
            pass

    def fed() -> None:
        parser = EventStreamParser()
        for read in reads:
            for _ in parser.feed(read, 0.5):
                pass

    return seconds(fed if feed is ours else work)


def _our_messages(reads: Sequence[bytes]) -> list[peers.Seen]:
    return [
        peers.Seen(one.type, one.data)
        for one in ours(reads)
        if isinstance(one, Message) and one.data
    ]


def _check(make: Make, reads: Sequence[bytes], names: Sequence[str]) -> None:
    """Exit unless ours and each peer give the same messages, without which times mean nothing."""
    wanted = _our_messages(reads)
    for name in names:
        found = [one for one in map(peers.seen, peers.DECODERS[name][1](reads)) if one]
        if found != wanted:
            raise SystemExit(f"{name} and ours disagree on {make.__name__}: nothing to compare")


def _corpus(make: Make, size: int) -> Callable[[Setting, Sequence[str]], Samples]:
    def run(setting: Setting, names: Sequence[str]) -> Samples:
        path = corpora.of_size(setting.folder, make, setting.size(CORPUS))
        body = path.read_bytes()
        reads = _reads(body, size)
        decoders = [name for name in names if name in peers.DECODERS]
        # Whole events: parsers differ on whether they dispatch an incomplete one at the end.
        start = body[: body.rfind(b"\n\n", 0, CHECKED) + 2]
        _check(make, _reads(start, size), decoders)
        feeds = {OURS: ours} | {name: peers.DECODERS[name][1] for name in decoders}
        parts = _parts(reads)
        runs = {name: _in_turn(partial(_consume, feed), parts) for name, feed in feeds.items()}
        if NODE in names:
            files = [path.with_suffix(f".{number}") for number in range(len(parts))]
            for file, part in zip(files, parts, strict=True):
                file.write_bytes(b"".join(part))
            runs[NODE] = _in_turn(lambda file: peers.node_seconds(file, size)[0], files)
        return interleaved(runs, setting.rounds * len(parts))

    return run


def _parts(reads: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Split a corpus into parts, one for each round.

    A machine is fast for some seconds and slow for others: short tasks that alternate quickly see
    the same of both.
    """
    number = min(PARTS, len(reads))
    marks = [part * len(reads) // number for part in range(number + 1)]
    return [reads[start:end] for start, end in pairwise(marks)]


def _in_turn(work: Callable[[Any], float], parts: Sequence[Any]) -> Callable[[], float]:
    """Return a task that works on one part after another, and scales its time to all of them."""
    rest = cycle(parts)
    return lambda: work(next(rest)) * len(parts)


def _large(make: Callable[[int], bytes]) -> Callable[[Setting, Sequence[str]], Samples]:
    """Compare one event in reads of 1 KiB with one of a quarter of its size."""

    def run(setting: Setting, _names: Sequence[str]) -> Samples:
        reads = {
            name: corpora.reads(make(setting.size(size)), 1024)
            for name, size in ((OURS, LARGE), ("a quarter of it", LARGE // 4))
        }
        return interleaved(
            {name: lambda part=part: _consume(ours, part) for name, part in reads.items()},  # type: ignore[misc]
            setting.rounds,
        )

    return run


def _one_line(size: int) -> bytes:
    return b"data: " + b"x" * size + b"\n\n"


def _many_lines(size: int) -> bytes:
    return b"data: 0123456789abcdef\n" * (size // 23) + b"\n"


def _comments(size: int) -> bytes:
    return b": 0123456789abcdef\n" * (size // 19) + b"data: x\n\n"


def _bars(httpx: float, launchdarkly: float) -> tuple[Bar, Bar]:
    return faster(HTTPX_SSE, httpx), faster(LAUNCHDARKLY, launchdarkly)


_SDKS: Final = tuple(map(faster, ("sseclient-py", "openai", "anthropic")))
_ALL: Final = (*_SDKS, faster(NODE))
_CORPORA: Final[tuple[tuple[str, Make, int, Sequence[Bar]], ...]] = (
    ("openai, 64 KiB reads", corpora.openai_chat, 65536, (*_bars(2, 1.25), *_ALL)),
    ("anthropic, 64 KiB reads", corpora.anthropic, 65536, (*_bars(2, 1.25), *_ALL)),
    ("openai, 1 KiB reads", corpora.openai_chat, 1024, _bars(1.5, 0.9)),
    ("anthropic, 1 KiB reads", corpora.anthropic, 1024, _bars(1.5, 0.9)),
    ("openai, one event a read", corpora.openai_chat, _ONE_EVENT, _bars(1.5, 1)),
    ("anthropic, one event a read", corpora.anthropic, _ONE_EVENT, _bars(1.5, 1)),
    ("spec-rich, 64 KiB reads", corpora.spec_rich, 65536, _bars(1.5, 1.25)),
)
_LARGE: Final = (
    ("one 4 MB event, one line", _one_line),
    ("one 4 MB event, many data lines", _many_lines),
    ("one 4 MB event, comments only", _comments),
)
BENCHMARKS: Final = (
    *(Benchmark(GROUP, name, bars, _corpus(make, size)) for name, make, size, bars in _CORPORA),
    *(
        Benchmark(GROUP, name, (at_most("a quarter of it", 5),), _large(make))
        for name, make in _LARGE
    ),
)
