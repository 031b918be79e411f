"""The base class of expectations, with its input (`StreamFacts`) and its `Judgement`."""

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
    """The event that made an expectation fail.

    `n` is its number, 0 for a line outside any event; `at` is its time stamp in seconds.
    """

    n: int
    at: float
    event: str
    data: str


@dataclass(frozen=True)
class StreamFacts:
    """The facts about a stream that has ended; expressions are evaluated on `answer`."""

    closed: Closed
    timing: Timing
    answer: Mapping[str, Any]
    opened: Opened | None = None
    first_content: float | None = None
    error: Evidence | None = None
    format: str | None = None
    empty_data: bool = False  # events without data are part of the format
    gave_up: bool = False  # reading stopped because an expectation could no longer hold

    @property
    def started(self) -> bool:
        """True if there is a stream to judge: events, or a reply that was read as a stream."""
        if self.opened is None or self.timing.messages:
            return self.timing.messages > 0
        return self.opened.media != "other" and self.closed.ending is not Ending.REFUSED

    @property
    def has_times(self) -> bool:
        """True if the stamps are meaningful: a raw stream in a file is read all at once."""
        return self.closed.at > 0 or self.opened is None or self.opened.status is not None


class AnswerProgress(NamedTuple):
    """The state of an answer that is still arriving: the time stamp (seconds) of its first text,
    and whether its format is known."""

    first_content: float | None
    has_format: bool


class Judgement:
    """The judgement of an expectation: whether it holds, what was found, and the evidence.

    `warning` tells of something that is not expected but no failure either, "" for nothing.
    """

    __slots__ = ("evidence", "found", "holds", "warning")

    def __init__(
        self, holds: bool, found: str, evidence: Evidence | None = None, *, warning: str = ""
    ) -> None:
        self.holds = holds
        self.found = found
        self.evidence = None if holds else evidence
        self.warning = warning


class Expectation:
    """One expectation, for one run. `expected` is its description in reports.

    A quiet one is reported only if it fails or warns.
    """

    name: ClassVar[str]
    typed = ""  # the value as it was typed
    is_quiet = False

    def __init__(self, text: str) -> None:
        self.expected = text

    def row(self, row: Row) -> None:
        """Take a message."""

    def ignored(self, event: Ignored) -> None:
        """Take a line or block that a browser would drop."""

    def due(self, progress: AnswerProgress, /) -> float | None:
        """Return the time (seconds of the run) after which this can't hold unless an event comes
        first, None for no such time. Any thread may call it."""

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return whether the unread rest of the stream could make this hold, if it fails so far."""
        return False

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the judgement, once the stream has ended."""
        raise NotImplementedError

    @property
    def option(self) -> str:
        """The option's name, for an error."""
        return option_of(self.name)


def evidence_of(row: Row) -> Evidence:
    """Return a message as evidence."""
    message = row.message
    return Evidence(message.n, message.at, message.type, message.data[:EXCERPT])


def option_of(name: str) -> str:
    """Return the spelling of the option `name`, for a label or an error."""
    return f"--{name}"


def count(text: str, option: str) -> int:
    """Return the number that was typed. Raises UsageError if `text` is not a whole number."""
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UsageError(f"{option} {text!r} is not a whole number", "write only digits: 5")
    return int(text)
