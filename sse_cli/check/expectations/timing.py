"""Expectations of the timing of a stream, all by the time stamps of its events."""

from __future__ import annotations

from sse_cli.analysis.unfinished import SENTINEL
from sse_cli.check.expectations.base import (
    AnswerProgress,
    Evidence,
    Expectation,
    Judgement,
    StreamFacts,
    evidence_of,
)
from sse_cli.model.row import Row
from sse_cli.request.option_values import duration


class Within(Expectation):
    """Expectation that a duration is not exceeded."""

    def __init__(self, text: str) -> None:
        self.limit = duration(text, self.option)
        self.typed = text
        super().__init__(f"{text} or less")

    def within(
        self, facts: StreamFacts, seconds: float | None, nothing: str = "none came"
    ) -> Judgement:
        """Judge a duration in seconds; None stands for never, described by `nothing`."""
        if not facts.has_times:
            return Judgement(False, "a raw stream in a file has no times")
        if seconds is None:
            return Judgement(False, nothing)
        return Judgement(seconds <= self.limit, _seconds(seconds))


class FirstEventWithin(Within):
    """Expectation that the first event comes in time."""

    name = "first-event-within"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._came = False

    def row(self, _: Row) -> None:
        """Note that an event came."""
        self._came = True

    def due(self, _: AnswerProgress, /) -> float | None:
        """Return the time limit until the first event has come."""
        return None if self._came else self.limit

    def can_change(self, facts: StreamFacts, /) -> bool:
        """Return whether reading stopped before the time limit."""
        return facts.closed.at <= self.limit

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the time from the start of the request to the first event."""
        return self.within(facts, facts.timing.first_event)


class FirstContentWithin(Within):
    """Expectation that the first text comes in time."""

    name = "first-content-within"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._came = False

    def row(self, _: Row) -> None:
        """Note that an event came, which may hold text."""
        self._came = True

    def due(self, progress: AnswerProgress, /) -> float | None:
        """Return the time limit until the first text has come.

        It no longer applies after an event while the format is unknown: once the format is
        detected, that event may turn out to hold text.
        """
        is_settled = progress.first_content is not None or (self._came and not progress.has_format)
        return None if is_settled else self.limit

    def can_change(self, facts: StreamFacts, /) -> bool:
        """Return whether reading stopped before the time limit."""
        return facts.closed.at <= self.limit

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the time to the first piece of text; reasoning does not count."""
        nothing = "no text came" if facts.format else "no text: the format is unknown"
        return self.within(facts, facts.first_content, nothing)


class TotalWithin(Within):
    """Expectation that the stream ends in time."""

    name = "total-within"

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the total time."""
        return self.within(facts, facts.closed.at)


class MaxGap(Within):
    """Expectation that events follow each other in time."""

    name = "max-gap"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._before: Row | None = None
        self._longest = 0.0
        self._after: Evidence | None = None

    def row(self, row: Row) -> None:
        """Measure the gap since the previous message."""
        at = row.message.at
        if self._before is not None and at - self._before.message.at > self._longest:
            self._longest = at - self._before.message.at
            if at > self._before.message.at + self.limit:
                self._after = evidence_of(row)
        self._before = row

    def due(self, _: AnswerProgress, /) -> float | None:
        """Return the limit for the next event, None before the first and after the sentinel."""
        before = self._before
        if before is None or before.message.data == SENTINEL:
            return None
        return before.message.at + self.limit

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the longest gap, and the event that came after it."""
        if self._after is None:
            return self._until_the_end(facts)
        longest = _seconds(self._longest)
        return Judgement(False, f"{longest} before event {self._after.n:,}", self._after)

    def _until_the_end(self, facts: StreamFacts) -> Judgement:
        """Judge a stream whose events all came in time; the wait after the last may be too long."""
        if self._before is None or not facts.gave_up:
            return self.within(facts, self._longest)
        message = self._before.message
        if facts.closed.at <= message.at + self.limit:
            return self.within(facts, self._longest)
        found = f"nothing for {_seconds(facts.closed.at - message.at)} after event {message.n:,}"
        return Judgement(False, found, evidence_of(self._before))


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f}ms" if value < 0.9995 else f"{value:.2f}s"
