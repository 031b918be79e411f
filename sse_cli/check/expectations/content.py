"""Expectations of the content of a stream: its events, its text, the whole answer."""

from __future__ import annotations

import re

from sse_cli.analysis.verdict import SENTINEL
from sse_cli.check.expectations.base import (
    EXCERPT,
    Evidence,
    Expectation,
    Finding,
    StreamFacts,
    count,
    evidence_of,
)
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ignored
from sse_cli.model.row import Row
from sse_cli.query.selection import Expression
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false


class TextMatches(Expectation):
    """Expectation that a regular expression is found in the answer's text."""

    name = "text"

    def __init__(self, text: str) -> None:
        try:
            self._pattern = re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(
                f"{self.option} {text!r} is not a valid regular expression: {error}",
                "it is searched for as Python's re does; a backslash keeps . ( [ + as they are",
            ) from None
        super().__init__(f"/{text}/")

    def can_change(self, _: StreamFacts, /) -> bool:
        """More text might come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The text that was searched."""
        text = str(facts.answer["text"])
        found = self._pattern.search(text)
        if found:
            return Finding(True, _quoted(found[0]))
        if not facts.format:
            return Finding(False, "no text: the format is unknown")
        return Finding(False, _quoted(text) if text else "no text")


class ValidJSON(Expectation):
    """Expectation that the data of every event is JSON."""

    name = "valid-json"

    def __init__(self, _: str = "") -> None:
        super().__init__(f"every event, but {SENTINEL}")
        self._seen = self._bad = 0
        self._first: Evidence | None = None

    def row(self, row: Row) -> None:
        """Look whether the data is JSON; what can't be parsed is its own payload."""
        data = row.message.data
        self._seen += 1
        if data != SENTINEL and row.payload.__class__ is str and row.payload == data:
            self._bad += 1
            self._first = self._first or evidence_of(row)

    def can_change(self, _: StreamFacts, /) -> bool:
        """An event might come, if there was none."""
        return not self._seen

    def judge(self, _: StreamFacts, /) -> Finding:
        """How many are not, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, "no JSON")


class NoIgnored(Expectation):
    """Expectation that a browser would drop nothing."""

    name = "no-ignored"

    def __init__(self, _: str = "") -> None:
        super().__init__("nothing a browser drops")
        self._count = 0
        self._first: Evidence | None = None
        self._why = ""

    def ignored(self, event: Ignored) -> None:
        """Count it; the first one is shown."""
        self._count += 1
        if self._first is None:
            self._why = f"{event.reason} in line {event.line:,}"
            self._first = Evidence(0, event.at, event.type or "", event.text[:EXCERPT])

    def judge(self, _: StreamFacts, /) -> Finding:
        """How many lines or blocks, and why the first one is dropped."""
        more = f", and {self._count - 1:,} more" if self._count > 1 else ""
        return Finding(self._count == 0, f"{self._why}{more}" or "nothing", self._first)


class ExpectEvent(Expectation):
    """Expectation that events of a type come: `NAME`, or `NAME=COUNT` for so many of them."""

    name = "expect-event"

    def __init__(self, text: str) -> None:
        name, equals, number = text.rpartition("=")
        self._type = name if equals else text
        self._exactly = count(number, self.option) if equals else None
        if not self._type:
            option = self.option
            raise UsageError(f"{option} names no event", f"write {option} NAME[=COUNT]")
        often = "1 or more" if self._exactly is None else f"{self._exactly:,}"
        super().__init__(f"{often} of {self._type}")
        self._seen = 0

    def row(self, row: Row) -> None:
        """Count the events of that type."""
        self._seen += row.message.type == self._type

    def can_change(self, _: StreamFacts, /) -> bool:
        """More of them might come, unless there are too many."""
        return self._exactly is None or self._seen < self._exactly

    def judge(self, _: StreamFacts, /) -> Finding:
        """How many there were."""
        holds = self._seen > 0 if self._exactly is None else self._seen == self._exactly
        return Finding(holds, f"{self._seen:,}" if self._seen else "none")


class AnyMatch(Expectation):
    """Expectation that an expression is true of at least one event."""

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

    def can_change(self, _: StreamFacts, /) -> bool:
        """The one that matches might come."""
        return True

    def judge(self, _: StreamFacts, /) -> Finding:
        """The first event that matches."""
        if self._n:
            return Finding(True, f"event {self._n:,}")
        why = _why(self._expression)
        return Finding(False, f"none of {self._seen:,}{why}" if self._seen else "no event came")


class AllMatch(Expectation):
    """Expectation that an expression is true of every event."""

    name = "all-match"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)
        self._seen = self._bad = 0
        self._first: Evidence | None = None

    def row(self, row: Row) -> None:
        """Ask the payload of every message but the sentinel."""
        if row.message.data == SENTINEL:
            return
        self._seen += 1
        if is_false(self._expression.search(row.payload)):
            self._bad += 1
            self._first = self._first or evidence_of(row)

    def can_change(self, _: StreamFacts, /) -> bool:
        """An event might come, if there was none."""
        return not self._seen

    def judge(self, _: StreamFacts, /) -> Finding:
        """How many don't match, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, f"no match{_why(self._expression)}")


class Expect(Expectation):
    """Expectation that an expression is true of the answer."""

    name = "expect"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)

    def can_change(self, _: StreamFacts, /) -> bool:
        """The answer is not whole."""
        return True

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The expression's value for the answer."""
        value = self._expression.search(facts.answer)
        shown = json_values.show(value)[:EXCERPT]
        return Finding(not is_false(value), f"{shown}{_why(self._expression)}")


def _of_all(seen: int, bad: int, first: Evidence | None, what: str) -> Finding:
    if not seen:
        return Finding(False, "no event came")
    if first is None:
        return Finding(True, f"all {seen:,}")
    others = f", and {bad - 1:,} more" if bad > 1 else ""
    return Finding(False, f"{what} in event {first.n:,}{others}", first)


def _why(expression: Expression) -> str:
    return f" ({expression.first_error})" if expression.errors else ""


def _quoted(text: str) -> str:
    cut = text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
    return json_values.show(cut)
