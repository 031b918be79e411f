"""What an expectation is, what it is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

from sse_cli.analysis.timing import Timing
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending, Ignored, Opened
from sse_cli.model.row import Row

EXCERPT: Final = 2000  # characters of an event's data, or of a text, that a report may show


@dataclass(frozen=True)
class Evidence:
    """The event that made an expectation fail. `n` is 0 for a line that is no event's."""

    n: int
    at: float
    event: str
    data: str


@dataclass(frozen=True)
class StreamFacts:
    """What is known of a stream that is over; `answer` is what expressions are asked of."""

    closed: Closed
    timing: Timing
    answer: Mapping[str, Any]
    opened: Opened | None = None
    first_content: float | None = None
    error: Evidence | None = None
    format: str | None = None
    gave_up: bool = False  # what an expectation waited for came too late: nobody read on

    @property
    def started(self) -> bool:
        """Whether a stream was there to judge: events, or a reply that was taken for one."""
        if self.opened is None or self.timing.messages:
            return self.timing.messages > 0
        return self.opened.media != "other" and self.closed.ending is not Ending.REFUSED

    @property
    def has_times(self) -> bool:
        """Whether the stamps say anything: a raw stream in a file is read at once."""
        return self.closed.at > 0 or self.opened is None or self.opened.status is not None


class AnswerProgress(NamedTuple):
    """What is known of the answer while it comes: when its first text did, and whether its
    format is known."""

    first_content: float | None
    has_format: bool


class Finding:
    """What an expectation makes of a stream: whether it holds, what was found, and where."""

    __slots__ = ("found", "holds", "witness")

    def __init__(self, holds: bool, found: str, witness: Evidence | None = None) -> None:
        self.holds = holds
        self.found = found
        self.witness = None if holds else witness


class Expectation:
    """One expectation, for one run. `expected` is how the report says it."""

    name: ClassVar[str]
    typed = ""  # the value as it was typed

    def __init__(self, text: str) -> None:
        self.expected = text

    def row(self, row: Row) -> None:
        """Take note of a message."""

    def ignored(self, event: Ignored) -> None:
        """Take note of what a browser would drop."""

    def due(self, said: AnswerProgress, /) -> float | None:
        """The moment (seconds of the run) from which on it can't hold unless something comes
        before; None while there is none. Any thread may ask."""

    def can_change(self, _: StreamFacts, /) -> bool:
        """Whether more of a stream that nobody read on could make it hold, if it doesn't."""
        return False

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The finding, once the stream is over."""
        raise NotImplementedError

    @property
    def option(self) -> str:
        """The option's name, for an error."""
        return option_of(self.name)


def evidence_of(row: Row) -> Evidence:
    """The message as a witness."""
    message = row.message
    return Evidence(message.n, message.at, message.type, message.data[:EXCERPT])


def option_of(name: str) -> str:
    """Return the spelling of the option `name`, for a label or an error."""
    return f"--{name}"


def count(text: str, option: str) -> int:
    """A number as it is typed. Raises UsageError for what is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UsageError(f"{option} {text!r} is no number", "write digits alone: 5")
    return int(text)
