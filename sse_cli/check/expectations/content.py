"""Expectations of the content of a stream: its events, its text, the whole answer."""

from __future__ import annotations

import re

from sse_cli.analysis.unfinished import SENTINEL
from sse_cli.check.expectations.base import (
    EXCERPT,
    Evidence,
    Expectation,
    Judgement,
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
                "the syntax is that of Python's re; put a backslash before a literal . ( [ or +",
            ) from None
        super().__init__(f"/{text}/")

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: more text might come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the match, or the text that was searched."""
        text = str(facts.answer["text"])
        match = self._pattern.search(text)
        if match:
            return Judgement(True, _quoted(match[0]))
        if not facts.format:
            return Judgement(False, "no text: the format is unknown")
        return Judgement(False, _quoted(text) if text else "no text")


class ValidJSON(Expectation):
    """Expectation that the data of every event is JSON."""

    name = "valid-json"

    def __init__(self, _: str = "") -> None:
        super().__init__(f"every event, but {SENTINEL}")
        self._seen = self._bad = 0
        self._first: Evidence | None = None

    def row(self, row: Row) -> None:
        """Check that the data is JSON; the payload of invalid JSON is the data itself."""
        data = row.message.data
        self._seen += 1
        if data != SENTINEL and row.payload.__class__ is str and row.payload == data:
            self._bad += 1
            self._first = self._first or evidence_of(row)

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return whether no event has come yet: a later one might hold."""
        return not self._seen

    def judge(self, _: StreamFacts, /) -> Judgement:
        """Return how many events are not JSON, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, "invalid JSON")


class NoIgnored(Expectation):
    """Expectation that a browser would drop nothing."""

    name = "no-ignored"

    def __init__(self, _: str = "") -> None:
        super().__init__("nothing a browser drops")
        self._count = 0
        self._first: Evidence | None = None
        self._why = ""

    def ignored(self, event: Ignored) -> None:
        """Count it, and keep the first as evidence."""
        self._count += 1
        if self._first is None:
            self._why = f"{event.reason} in line {event.line:,}"
            self._first = Evidence(0, event.at, event.type or "", event.text[:EXCERPT])

    def judge(self, _: StreamFacts, /) -> Judgement:
        """Return how many lines or blocks there were, and why the first one is dropped."""
        more = f", and {self._count - 1:,} more" if self._count > 1 else ""
        return Judgement(self._count == 0, f"{self._why}{more}" or "nothing", self._first)


class ExpectEvent(Expectation):
    """Expectation that events of a type come: `NAME`, or `NAME=COUNT` for so many of them."""

    name = "expect-event"

    def __init__(self, text: str) -> None:
        name, equals, number = text.rpartition("=")
        self._type = name if equals else text
        self._exactly = count(number, self.option) if equals else None
        if not self._type:
            option = self.option
            raise UsageError(f"{option} does not name an event", f"write {option} NAME[=COUNT]")
        quantity = "1 or more" if self._exactly is None else f"{self._exactly:,}"
        super().__init__(f"{quantity} of {self._type}")
        self._seen = 0

    def row(self, row: Row) -> None:
        """Count the events of that type."""
        self._seen += row.message.type == self._type

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return whether more of them could help: not once there are as many as expected."""
        return self._exactly is None or self._seen < self._exactly

    def judge(self, _: StreamFacts, /) -> Judgement:
        """Return how many there were."""
        holds = self._seen > 0 if self._exactly is None else self._seen == self._exactly
        return Judgement(holds, f"{self._seen:,}" if self._seen else "none")


class AnyMatch(Expectation):
    """Expectation that an expression is true of at least one event."""

    name = "any"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)
        self._n = self._seen = 0

    def row(self, row: Row) -> None:
        """Evaluate the expression on the payload, until one matches."""
        self._seen += 1
        if not self._n and not is_false(self._expression.search(row.payload)):
            self._n = row.message.n

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: a match might come."""
        return True

    def judge(self, _: StreamFacts, /) -> Judgement:
        """Return the first event that matches."""
        if self._n:
            return Judgement(True, f"event {self._n:,}")
        why = _why(self._expression)
        return Judgement(False, f"none of {self._seen:,}{why}" if self._seen else "no event came")


class AllMatch(Expectation):
    """Expectation that an expression is true of every event."""

    name = "all-match"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)
        self._seen = self._bad = 0
        self._first: Evidence | None = None

    def row(self, row: Row) -> None:
        """Evaluate the expression on the payload, except that of the sentinel."""
        if row.message.data == SENTINEL:
            return
        self._seen += 1
        if is_false(self._expression.search(row.payload)):
            self._bad += 1
            self._first = self._first or evidence_of(row)

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return whether no event has come yet: a later one might hold."""
        return not self._seen

    def judge(self, _: StreamFacts, /) -> Judgement:
        """Return how many events do not match, and the first of them."""
        return _of_all(self._seen, self._bad, self._first, f"no match{_why(self._expression)}")


class Expect(Expectation):
    """Expectation that an expression is true of the answer."""

    name = "expect"

    def __init__(self, text: str) -> None:
        self._expression = Expression(text, self.option)
        super().__init__(text)

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: the answer is not complete."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the expression's value for the answer."""
        value = self._expression.search(facts.answer)
        shown = json_values.show(value)[:EXCERPT]
        return Judgement(not is_false(value), f"{shown}{_why(self._expression)}")


def _of_all(seen: int, bad: int, first: Evidence | None, problem: str) -> Judgement:
    if not seen:
        return Judgement(False, "no event came")
    if first is None:
        return Judgement(True, f"all {seen:,}")
    others = f", and {bad - 1:,} more" if bad > 1 else ""
    return Judgement(False, f"{problem} in event {first.n:,}{others}", first)


def _why(expression: Expression) -> str:
    return f" ({expression.first_error})" if expression.errors else ""


def _quoted(text: str) -> str:
    cut = text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
    return json_values.show(cut)
