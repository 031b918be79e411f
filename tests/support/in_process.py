"""A stream read in this process, as `tail` and `check` read it: the answer and what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from sse_cli.check.stream_check import StreamCheck, judged_run
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.model.delta import Delta
from sse_cli.model.events import Chunk, Closed, Ending, Media, Opened, Signal
from sse_cli.run.open_target import open_target
from sse_cli.run.settings import TargetSettings
from sse_cli.run.stream_run import StreamRun

FORMATS: Final = wire_format.known()
MEDIA: Final[dict[str, Media]] = {
    ".sse": "event-stream",
    ".ndjson": "ndjson",
    ".txt": "data-stream",
}


class Kept:
    """A writer that keeps the deltas."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []

    def write(self, deltas: Iterable[Delta]) -> None:
        """Keep deltas."""
        self.deltas += deltas

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Read(NamedTuple):
    """The answer of a stream, and its parts in the order in which they are printed.

    `answer` is the object of `tail -o json`, and `messages` the number of those that were read.
    """

    accumulator: Accumulator
    deltas: list[Delta]
    answer: dict[str, Any]
    messages: int

    def printed(self, kind: str, choice: int) -> str:
        """Return the text or reasoning of a choice as it is printed."""
        return "".join(p.value for p in self.deltas if p.kind == kind and p.choice == choice)

    @property
    def replaces(self) -> bool:
        """True if a part of the answer was printed anew, because the stream restated it."""
        return any(piece.replaces for piece in self.deltas)


def read(body: bytes, media: Media, *, size: int = 0) -> Read:
    """Read a body whole, or `size` bytes at a time."""
    return _read(TargetSettings("-"), lambda _: signals(body, media, size=size))


def read_target(target: str) -> Read:
    """Read a file or a recording."""
    settings = TargetSettings(target)
    return _read(settings, lambda run: open_target(settings, run))


def _read(settings: TargetSettings, source: Callable[[StreamRun], Iterator[Signal]]) -> Read:
    kept, accumulator = Kept(), Accumulator(FORMATS)
    judged = judged_run(StreamCheck("body", settings), accumulator, kept)
    closed = judged.run.read(source(judged.run))
    answer = dict(judged.facts(closed).answer)
    del answer["headers"]  # for expectations only
    return Read(accumulator, kept.deltas, answer, judged.measured.timing.messages)


def signals(body: bytes, media: Media, *, size: int = 0) -> Iterator[Signal]:
    """Yield the signals of a body that ends well."""
    yield Opened(0.0, "", media=media)
    for at in range(0, len(body), size or len(body) or 1):
        yield Chunk(0.0, body[at : at + size] if size else body)
    yield Closed(0.0, Ending.EOF, "the input ended")
