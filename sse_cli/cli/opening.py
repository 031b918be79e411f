"""From the words of a command line to a stream of signals, the same for every command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from sse_cli import request, sources
from sse_cli.cli.options import ReadingOptions
from sse_cli.cli.parsing import CURL
from sse_cli.cli.telling import say
from sse_cli.errors import UsageError
from sse_cli.events import Opened, Signal
from sse_cli.sources import Clock

Pairs = Sequence[tuple[str, str]]
Aside = Callable[[], AbstractContextManager[None]]
VERBOSE = ("verbose", "")


def clock_from_first_use() -> Clock:
    """Seconds since it was first asked: what was imported before a request is not its time."""
    start: list[float] = []

    def clock() -> float:
        now = time.perf_counter()
        if not start:
            start.append(now)
        return now - start[0]

    return clock


def open_target(
    target: str,
    pairs: Pairs,
    options: ReadingOptions,
    clock: Clock,
    aside: Aside = nullcontext,
) -> Iterator[Signal]:
    """The signals of a target; `aside` makes room on the terminal for what `-v` says.

    Raises UsageError for a target that can't be opened or asked.
    """
    reading = sources.Reading(any_type=options.any_type, ndjson=options.ndjson)
    kind = "url" if target == CURL else sources.kind_of(target)
    if kind == "url":
        url = [] if target == CURL else [("url", target)]
        asked = request.build([*url, *pairs])
        signals = sources.from_url(asked, reading, clock)
        return _told(asked, signals, aside) if VERBOSE in pairs else signals
    if asking := [name for name, _ in pairs if name != "verbose"]:
        raise UsageError(f"--{asking[0]} goes with a URL, and {target} is none", "drop it")
    if kind == "stdin":
        return sources.from_stdin(reading, clock)
    return sources.from_file(target, reading)


def max_size(text: str) -> int:
    """`--max-size` in bytes."""
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3}.get(text[-1:].upper(), 1)
    digits = text[:-1] if factor > 1 else text
    is_number = digits.isascii() and digits.isdecimal() and len(digits) < 19
    if not is_number or int(digits) == 0:
        raise UsageError(f"--max-size {text!r} is no size", "write bytes, or 512K, 16M")
    return int(digits) * factor


def _told(asked: request.Request, signals: Iterator[Signal], aside: Aside) -> Iterator[Signal]:
    """`signals`, with the request and the reply's head told on standard error."""
    from sse_cli.render import reply  # noqa: PLC0415 (Rich costs 40 ms)

    with aside():
        say(reply.request_lines(asked))
    for signal in signals:
        if isinstance(signal, Opened):
            with aside():
                say(reply.reply_lines(signal))
        yield signal
