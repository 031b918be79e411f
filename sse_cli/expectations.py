"""What can be expected of a stream: one small class an expectation, by the name of its option.

Rule 1: an expectation works on stamps and on what was said, never on a clock, so that a
recording gives the verdict of the live run. Rule 2: it sees every event once (`row`,
`ignored`) and keeps no more than one of them, the one at fault. Rule 3: what it expects is
text that was typed, to be shown as it is; a secret has no place in one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sse_cli import content, payload
from sse_cli.draft import duration
from sse_cli.errors import UsageError
from sse_cli.events import Closed, Ending, Ignored, Opened
from sse_cli.payload import is_false
from sse_cli.query import Expression, Row
from sse_cli.timing import Timing
from sse_cli.verdict import SENTINEL

EXCERPT: Final = 2000  # characters of an event's data, or of a text, that a report may show
WHOLE: Final = (Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED, Ending.LIMIT)


@dataclass(frozen=True)
class Witness:
    """The event that made an expectation fail. `n` is 0 for a line that is no event's."""

    n: int
    at: float
    event: str
    data: str


@dataclass(frozen=True)
class Facts:
    """What is known of a stream that is over; `answer` is what expressions are asked of."""

    closed: Closed
    timing: Timing
    answer: Mapping[str, Any]
    opened: Opened | None = None
    first_content: float | None = None
    error: Witness | None = None
    format: str | None = None

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


class Finding:
    """What an expectation makes of a stream: whether it holds, what was found, and where."""

    __slots__ = ("found", "holds", "witness")

    def __init__(self, holds: bool, found: str, witness: Witness | None = None) -> None:
        self.holds = holds
        self.found = found
        self.witness = None if holds else witness


class Expectation:
    """One expectation, for one run. `expected` is how the report says it."""

    name: ClassVar[str]

    def __init__(self, text: str) -> None:
        self.expected = text

    def row(self, row: Row) -> None:
        """Take note of a message."""

    def ignored(self, event: Ignored) -> None:
        """Take note of what a browser would drop."""

    def judge(self, facts: Facts, /) -> Finding:
        """The finding, once the stream is over."""
        raise NotImplementedError

    @property
    def option(self) -> str:
        """The option's name, for an error."""
        return f"--{self.name}"


class Reply(Expectation):
    """By default: the reply, or the file, is an event stream."""

    name = "reply"

    def __init__(self) -> None:
        super().__init__("an event stream")

    def judge(self, facts: Facts, /) -> Finding:
        """Status and content type, as the reply has them."""
        opened = facts.opened
        if opened is None:
            return Finding(False, "no reply")
        if opened.status is None:
            found = {"other": "something else"}.get(opened.media, opened.media)
            return Finding(opened.media != "other", found)
        kind = content.essence(opened.header("content-type")) or "no content type"
        return Finding(opened.media != "other", f"{opened.status} {kind}")


class Whole(Expectation):
    """By default: the stream came to its end, and no event reports an error."""

    name = "ending"

    def __init__(self) -> None:
        super().__init__("whole, no error event")

    def judge(self, facts: Facts, /) -> Finding:
        """The ending and its evidence."""
        return Finding(facts.closed.ending in WHOLE, _ending(facts.closed), facts.error)


class Status(Expectation):
    """`--status N`."""

    name = "status"

    def __init__(self, text: str) -> None:
        self.status = _count(text, self.option)
        if not 100 <= self.status <= 599:
            raise UsageError(f"--status {text} is no HTTP status", "write one: 200, 401, 503")
        super().__init__(str(self.status))

    def judge(self, facts: Facts, /) -> Finding:
        """The status of the reply; a file has none."""
        status = facts.opened.status if facts.opened else None
        return Finding(status == self.status, "none" if status is None else str(status))


class EndingIs(Expectation):
    """`--ending NAME[,NAME]`."""

    name = "ending"

    def __init__(self, text: str) -> None:
        names = [word.strip() for word in text.split(",")]
        known = [ending.value for ending in Ending if ending is not Ending.INTERRUPTED]
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                raise UsageError(f"--ending {name!r} is no ending", hint)
        self.endings = frozenset(map(Ending, names))
        super().__init__(" or ".join(names))

    def judge(self, facts: Facts, /) -> Finding:
        """The ending and its evidence."""
        return Finding(facts.closed.ending in self.endings, _ending(facts.closed), facts.error)


class MinEvents(Expectation):
    """`--min-events N`."""

    name = "min-events"

    def __init__(self, text: str) -> None:
        self.least = _count(text, self.option)
        super().__init__(f"{self.least:,} or more")

    def judge(self, facts: Facts, /) -> Finding:
        """The number of events."""
        count = facts.timing.messages
        return Finding(count >= self.least, f"{count:,}")


class Within(Expectation):
    """A duration that is not to be exceeded."""

    def __init__(self, text: str) -> None:
        self.limit = duration(text, self.option)
        super().__init__(f"{text} or less")

    def within(self, facts: Facts, seconds: float | None, nothing: str = "none came") -> Finding:
        """Whether `seconds`, None for never, are few enough."""
        if not facts.has_times:
            return Finding(False, "a raw stream in a file has no times")
        if seconds is None:
            return Finding(False, nothing)
        return Finding(seconds <= self.limit, _seconds(seconds))


class FirstEventWithin(Within):
    """`--first-event-within T`."""

    name = "first-event-within"

    def judge(self, facts: Facts, /) -> Finding:
        """The time to the first event, since the request began."""
        return self.within(facts, facts.timing.first_event)


class FirstContentWithin(Within):
    """`--first-content-within T`."""

    name = "first-content-within"

    def judge(self, facts: Facts, /) -> Finding:
        """The time to the first piece of text; reasoning is none."""
        nothing = "no text came" if facts.format else "no text: the format is unknown"
        return self.within(facts, facts.first_content, nothing)


class TotalWithin(Within):
    """`--total-within T`."""

    name = "total-within"

    def judge(self, facts: Facts, /) -> Finding:
        """The time that it all took."""
        return self.within(facts, facts.closed.at)


class MaxGap(Within):
    """`--max-gap T`."""

    name = "max-gap"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._before: float | None = None
        self._longest = 0.0
        self._after: Witness | None = None

    def row(self, row: Row) -> None:
        """Measure from the message before."""
        at = row.message.at
        if self._before is not None and at - self._before > self._longest:
            self._longest = at - self._before
            if self._longest > self.limit:
                self._after = _witness(row)
        self._before = at

    def judge(self, facts: Facts, /) -> Finding:
        """The longest gap, and the event that came after it."""
        found = _seconds(self._longest)
        if self._after is None:
            return self.within(facts, self._longest)
        return Finding(False, f"{found} before event {self._after.n:,}", self._after)


class TextMatches(Expectation):
    """`--text REGEX`."""

    name = "text"

    def __init__(self, text: str) -> None:
        try:
            self._pattern = re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(
                f"--text {text!r} is no regular expression: {error}",
                "it is searched for as Python's re does; a backslash keeps . ( [ + as they are",
            ) from None
        super().__init__(f"/{text}/")

    def judge(self, facts: Facts, /) -> Finding:
        """The text that was searched."""
        text = str(facts.answer["text"])
        found = self._pattern.search(text)
        if found:
            return Finding(True, _quoted(found[0]))
        if not facts.format:
            return Finding(False, "no text: the format is unknown")
        return Finding(False, _quoted(text) if text else "no text")


class ValidJSON(Expectation):
    """`--valid-json`."""

    name = "valid-json"

    def __init__(self, _: str = "") -> None:
        super().__init__(f"every event, but {SENTINEL}")
        self._seen = self._bad = 0
        self._first: Witness | None = None

    def row(self, row: Row) -> None:
        """Look whether the data is JSON; what can't be parsed is its own payload."""
        data = row.message.data
        self._seen += 1
        if data != SENTINEL and row.payload.__class__ is str and row.payload == data:
            self._bad += 1
            self._first = self._first or _witness(row)

    def judge(self, _: Facts, /) -> Finding:
        """How many are not, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, "no JSON")


class NoIgnored(Expectation):
    """`--no-ignored`."""

    name = "no-ignored"

    def __init__(self, _: str = "") -> None:
        super().__init__("nothing a browser drops")
        self._count = 0
        self._first: Witness | None = None
        self._why = ""

    def ignored(self, event: Ignored) -> None:
        """Count it; the first one is shown."""
        self._count += 1
        if self._first is None:
            self._why = f"{event.reason} in line {event.line:,}"
            self._first = Witness(0, event.at, event.type or "", event.text[:EXCERPT])

    def judge(self, _: Facts, /) -> Finding:
        """How many lines or blocks, and why the first one is dropped."""
        more = f", and {self._count - 1:,} more" if self._count > 1 else ""
        return Finding(self._count == 0, f"{self._why}{more}" or "nothing", self._first)


class ExpectEvent(Expectation):
    """`--expect-event NAME[=COUNT]`."""

    name = "expect-event"

    def __init__(self, text: str) -> None:
        name, equals, count = text.rpartition("=")
        self._type = name if equals else text
        self._exactly = _count(count, self.option) if equals else None
        if not self._type:
            raise UsageError("--expect-event names no event", "write --expect-event NAME[=COUNT]")
        number = "1 or more" if self._exactly is None else f"{self._exactly:,}"
        super().__init__(f"{number} of {self._type}")
        self._seen = 0

    def row(self, row: Row) -> None:
        """Count the events of that type."""
        self._seen += row.message.type == self._type

    def judge(self, _: Facts, /) -> Finding:
        """How many there were."""
        holds = self._seen > 0 if self._exactly is None else self._seen == self._exactly
        return Finding(holds, f"{self._seen:,}" if self._seen else "none")


class AnyMatch(Expectation):
    """`--any EXPR`."""

    name = "any"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)
        self._n = self._seen = 0

    def row(self, row: Row) -> None:
        """Ask the payload, until one matches."""
        self._seen += 1
        if not self._n and not is_false(self._expression.search(row.payload)):
            self._n = row.message.n

    def judge(self, _: Facts, /) -> Finding:
        """The first event that matches."""
        if self._n:
            return Finding(True, f"event {self._n:,}")
        why = _why(self._expression)
        return Finding(False, f"none of {self._seen:,}{why}" if self._seen else "no event came")


class AllMatch(Expectation):
    """`--all-match EXPR`."""

    name = "all-match"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)
        self._seen = self._bad = 0
        self._first: Witness | None = None

    def row(self, row: Row) -> None:
        """Ask the payload of every message but the sentinel."""
        if row.message.data == SENTINEL:
            return
        self._seen += 1
        if is_false(self._expression.search(row.payload)):
            self._bad += 1
            self._first = self._first or _witness(row)

    def judge(self, _: Facts, /) -> Finding:
        """How many don't match, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, f"no match{_why(self._expression)}")


class Expect(Expectation):
    """`--expect EXPR`."""

    name = "expect"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)

    def judge(self, facts: Facts, /) -> Finding:
        """The expression's value for the answer."""
        value = self._expression.search(facts.answer)
        shown = payload.show(value)[:EXCERPT]
        return Finding(not is_false(value), f"{shown}{_why(self._expression)}")


KINDS: Final[Mapping[str, type[Expectation]]] = {
    kind.name: kind
    for kind in (
        Status,
        EndingIs,
        MinEvents,
        FirstEventWithin,
        FirstContentWithin,
        MaxGap,
        TotalWithin,
        TextMatches,
        ValidJSON,
        NoIgnored,
        ExpectEvent,
        AnyMatch,
        AllMatch,
        Expect,
    )
}


def build(asked: Iterable[tuple[str, str]]) -> list[Expectation]:
    """The expectations for one run: the defaults that nothing replaces, then those `asked` for.

    `asked` are names of `KINDS` and values; a flag's value is "". Raises UsageError for a value
    that is none, KeyError for a name that is none.
    """
    found = [KINDS[name](value) for name, value in asked]
    return [*_defaults(found), *found]


def _defaults(asked: list[Expectation]) -> Iterable[Expectation]:
    """An event stream, and all of it; unless another status, or an ending, is asked for."""
    if any(isinstance(one, Status) and one.status != 200 for one in asked):
        return
    endings = next((one.endings for one in asked if isinstance(one, EndingIs)), None)
    if endings is None or not endings & {Ending.REFUSED, Ending.UNREACHABLE}:
        yield Reply()
    if endings is None:
        yield Whole()


def _of_all(seen: int, bad: int, first: Witness | None, what: str) -> Finding:
    if not seen:
        return Finding(False, "no event came")
    if first is None:
        return Finding(True, f"all {seen:,}")
    others = f", and {bad - 1:,} more" if bad > 1 else ""
    return Finding(False, f"{what} in event {first.n:,}{others}", first)


def _witness(row: Row) -> Witness:
    message = row.message
    return Witness(message.n, message.at, message.type, message.data[:EXCERPT])


def _ending(closed: Closed) -> str:
    return f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value


def _why(expression: Expression) -> str:
    return f" ({expression.first_error})" if expression.errors else ""


def _quoted(text: str) -> str:
    cut = text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
    return payload.show(cut)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f}ms" if value < 0.9995 else f"{value:.2f}s"


def _count(text: str, option: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UsageError(f"{option} {text!r} is no number", "write digits alone: 5")
    return int(text)
