"""What the faults are made of: heads, chunks, and the parts of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Final

from sse_cli.mockserver.scenarios.scenario import PHRASES, RawReply, ReplyEnd, Scenario, Step

PIECE: Final = 64 * 1024
LINE_SIZE: Final = 256 * 2**20
COMMENTS: Final = 1_000_000
LAST_CHUNK: Final = Step(0.0, b"0\r\n\r\n", b"")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a fault may know of a request: its path, its Host, and its number among those that
    asked for a scenario (from 1)."""

    path: str
    host: str
    number: int = 1


def head(scenario: Scenario, *headers: str) -> Step:
    """The head as bare bytes; it says nothing of the stream."""
    phrase = PHRASES.get(scenario.status, "")
    own = [f"{name}: {value}" for name, value in scenario.headers]
    if scenario.content_type:
        own.append(f"Content-Type: {scenario.content_type}")
    lines = [f"HTTP/1.1 {scenario.status} {phrase}", *own, *headers, "", ""]
    return Step(0.0, "\r\n".join(lines).encode(), b"")


def chunk(step: Step) -> Step:
    """A step as one chunk (RFC 9112, 7.1)."""
    says = step.data if step.says is None else step.says
    return Step(step.delay, b"%x\r\n%s\r\n" % (len(step.data), step.data), says)


def parts(scenario: Scenario) -> tuple[tuple[Step, ...], Step, tuple[Step, ...]]:
    """The steps before the middle, the one there, and those after it."""
    steps = scenario.steps or (Step(0.0, b""),)
    middle = len(steps) // 2
    return steps[:middle], steps[middle], steps[middle + 1 :]


def half(step: Step) -> Step:
    """The first half of what a step sends."""
    return step._replace(data=step.data[: len(step.data) // 2])


def chunked(
    scenario: Scenario, steps: Iterable[Step], end: ReplyEnd = ReplyEnd.CLOSE, *after: Step
) -> RawReply:
    """A head, each of `steps` as a chunk, and `after` as it stands; no last chunk."""
    pieces = [head(scenario, "Transfer-Encoding: chunked"), *map(chunk, steps), *after]
    return RawReply(lambda: pieces, end)


def in_the_middle(scenario: Scenario, steps: Iterable[Step]) -> Scenario:
    """The scenario with more steps between its halves."""
    before, step, after = parts(scenario)
    return replace(scenario, steps=(*before, *steps, step, *after))


def line(size: int, piece: bytes) -> Iterator[Step]:
    """An event with a line of `size` bytes, too large for any client to show."""
    yield Step(0.0, b"data: ", b"")
    yield from repeat(Step(0.0, piece, b""), size // len(piece))
    yield Step(0.0, b"\n\n", b"")


def comments(count: int = COMMENTS) -> Iterator[Step]:
    """Yield comments of nothing but their colon."""
    lines = PIECE // 2
    for start in range(0, count, lines):
        yield Step(0.0, b":\n" * min(lines, count - start), b"")
