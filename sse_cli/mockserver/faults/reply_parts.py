"""The parts from which faults build replies: heads, chunks, and sections of a scenario."""

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
    """The facts of a request that a fault may use: its path, its Host, and its number (from 1)
    among the requests for scenarios."""

    path: str
    host: str
    number: int = 1


def head(scenario: Scenario, *headers: str) -> Step:
    """Return the head as a step of bare bytes, none of which belong to the stream."""
    phrase = PHRASES.get(scenario.status, "")
    own = [f"{name}: {value}" for name, value in scenario.headers]
    if scenario.content_type:
        own.append(f"Content-Type: {scenario.content_type}")
    lines = [f"HTTP/1.1 {scenario.status} {phrase}", *own, *headers, "", ""]
    return Step(0.0, "\r\n".join(lines).encode(), b"")


def chunk(step: Step) -> Step:
    """Return a step as one chunk (RFC 9112, 7.1)."""
    says = step.data if step.says is None else step.says
    return Step(step.delay, b"%x\r\n%s\r\n" % (len(step.data), step.data), says)


def parts(scenario: Scenario) -> tuple[tuple[Step, ...], Step, tuple[Step, ...]]:
    """Return the steps before the middle, the step there, and the steps after it."""
    steps = scenario.steps or (Step(0.0, b""),)
    middle = len(steps) // 2
    return steps[:middle], steps[middle], steps[middle + 1 :]


def half(step: Step) -> Step:
    """Return a step with the first half of its bytes."""
    return step._replace(data=step.data[: len(step.data) // 2])


def chunked(
    scenario: Scenario, steps: Iterable[Step], end: ReplyEnd = ReplyEnd.CLOSE, *after: Step
) -> RawReply:
    """Return a head, each of `steps` as a chunk, and `after` as they are; no last chunk."""
    pieces = [head(scenario, "Transfer-Encoding: chunked"), *map(chunk, steps), *after]
    return RawReply(lambda: pieces, end)


def in_the_middle(scenario: Scenario, steps: Iterable[Step]) -> Scenario:
    """Return the scenario with more steps between its halves."""
    before, step, after = parts(scenario)
    return replace(scenario, steps=(*before, *steps, step, *after))


def line(size: int, piece: bytes) -> Iterator[Step]:
    """Yield an event with a line of `size` bytes, too large for any client to show."""
    yield Step(0.0, b"data: ", b"")
    yield from repeat(Step(0.0, piece, b""), size // len(piece))
    yield Step(0.0, b"\n\n", b"")


def comments(count: int = COMMENTS) -> Iterator[Step]:
    """Yield `count` empty comments."""
    lines = PIECE // 2
    for start in range(0, count, lines):
        yield Step(0.0, b":\n" * min(lines, count - start), b"")
