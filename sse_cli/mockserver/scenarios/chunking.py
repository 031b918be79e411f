"""The chunking of a reply into writes: by size, by event, or none.

A write can start once its last byte is available, so it waits as long as all the steps that begin
inside it. The bytes stay the same, and so does the time of the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from sse_cli.mockserver.scenarios.scenario import Scenario, Step
from sse_cli.model.errors import UsageError
from sse_cli.model.media_type import NDJSON_TYPES, essence

Chunking: TypeAlias = int | Literal["event", "whole"]

# The end of a line and an empty line after it (HTML 9.2.6); CR and LF are never separated.
_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\r|\n){2}")
_LINE: Final = re.compile(rb"\n")


def parse_chunking(text: str) -> Chunking:
    """Return the chunking that `text` describes. Raises UsageError if it is not valid."""
    if text in ("event", "whole"):
        return "event" if text == "event" else "whole"
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise UsageError(f"invalid chunk size {text!r}", "write a number of bytes, event or whole")


def rechunk(scenario: Scenario, chunking: Chunking) -> Scenario:
    """Return `scenario` with other writes; unchanged if it waits for a gate."""
    is_lines = essence(scenario.content_type) in NDJSON_TYPES
    mark = _LINE if is_lines else _BLANK_LINE
    return replace(
        scenario,
        steps=_rechunk(scenario.steps, chunking, mark),
        repeated=_rechunk(scenario.repeated, chunking, mark),
        later_replies=tuple(rechunk(one, chunking) for one in scenario.later_replies),
        respond=scenario.responding(lambda reply: rechunk(reply, chunking)),
    )


def by_event(body: bytes, *, lines: bool = False) -> list[bytes]:
    """Split `body` after each event, or after each line; joined, the parts are `body`."""
    starts = [0, *_ends(body, "event", _LINE if lines else _BLANK_LINE)]
    return [body[start:end] for start, end in pairwise(starts)]


def _rechunk(
    steps: tuple[Step, ...], chunking: Chunking, mark: re.Pattern[bytes]
) -> tuple[Step, ...]:
    waits: list[tuple[int, float]] = []  # the offset at which each step begins, and its wait
    size = 0
    for step in steps:
        if not isinstance(step.delay, (int, float)):
            return steps
        waits.append((size, step.delay))
        size += len(step.data)
    return tuple(_steps(b"".join(step.data for step in steps), waits, chunking, mark))


def _steps(
    body: bytes, waits: list[tuple[int, float]], chunking: Chunking, mark: re.Pattern[bytes]
) -> Iterator[Step]:
    start = taken = 0
    for end in _ends(body, chunking, mark):
        delay = 0.0
        while taken < len(waits) and waits[taken][0] < end:
            delay += waits[taken][1]
            taken += 1
        yield Step(delay, body[start:end])
        start = end
    if rest := sum(delay for _, delay in waits[taken:]):
        yield Step(rest, b"")


def _ends(body: bytes, chunking: Chunking, mark: re.Pattern[bytes]) -> Iterator[int]:
    """Yield the offset at which each write ends."""
    if chunking == "event":
        last = 0
        for match in mark.finditer(body):
            last = match.end()
            yield last
        if last < len(body):
            yield len(body)
    elif chunking == "whole":
        yield from [len(body)] if body else []
    else:
        yield from range(chunking, len(body), chunking)
        yield from [len(body)] if body else []
