"""What is expected of the times of a stream: all by the stamps of its events."""

from __future__ import annotations

from sse_cli.analysis.verdict import SENTINEL
from sse_cli.check.expectations.base import (
    AnswerProgress,
    Evidence,
    Expectation,
    Finding,
    StreamFacts,
    evidence_of,
)
from sse_cli.model.row import Row
from sse_cli.request.values import duration


class Within(Expectation):
    """A duration that is not to be exceeded."""

    def __init__(self, text: str) -> None:
        self.limit = duration(text, self.option)
        self.typed = text
        super().__init__(f"{text} or less")

    def within(
        self, facts: StreamFacts, seconds: float | None, nothing: str = "none came"
    ) -> Finding:
        """Whether `seconds`, None for never, are few enough."""
        if not facts.has_times:
            return Finding(False, "a raw stream in a file has no times")
        if seconds is None:
            return Finding(False, nothing)
        return Finding(seconds <= self.limit, _seconds(seconds))


class FirstEventWithin(Within):
    """Expectation that the first event comes in time."""

    name = "first-event-within"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._came = False

    def row(self, _: Row) -> None:
        """Wait no longer."""
        self._came = True

    def due(self, _: AnswerProgress, /) -> float | None:
        """The time for the first event, until it came."""
        return None if self._came else self.limit

    def can_change(self, facts: StreamFacts, /) -> bool:
        """There was time left for it."""
        return facts.closed.at <= self.limit

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The time to the first event, since the request began."""
        return self.within(facts, facts.timing.first_event)


class FirstContentWithin(Within):
    """Expectation that the first text comes in time."""

    name = "first-content-within"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._came = False

    def row(self, _: Row) -> None:
        """Note that something came, which may be text."""
        self._came = True

    def due(self, said: AnswerProgress, /) -> float | None:
        """The time for the first text, until it came. Events of no known format may be found to
        have held it."""
        is_settled = said.first_content is not None or (self._came and not said.has_format)
        return None if is_settled else self.limit

    def can_change(self, facts: StreamFacts, /) -> bool:
        """There was time left for it."""
        return facts.closed.at <= self.limit

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The time to the first piece of text; reasoning is none."""
        nothing = "no text came" if facts.format else "no text: the format is unknown"
        return self.within(facts, facts.first_content, nothing)


class TotalWithin(Within):
    """Expectation that the stream ends in time."""

    name = "total-within"

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The time that it all took."""
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
        """Measure from the message before."""
        at = row.message.at
        if self._before is not None and at - self._before.message.at > self._longest:
            self._longest = at - self._before.message.at
            if at > self._before.message.at + self.limit:
                self._after = evidence_of(row)
        self._before = row

    def due(self, _: AnswerProgress, /) -> float | None:
        """The time for the next event, after one that was not the last by its own words."""
        before = self._before
        if before is None or before.message.data == SENTINEL:
            return None
        return before.message.at + self.limit

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The longest gap, and the event that came after it."""
        found = _seconds(self._longest)
        if self._after is None:
            return self._until_the_end(facts)
        return Finding(False, f"{found} before event {self._after.n:,}", self._after)

    def _until_the_end(self, facts: StreamFacts) -> Finding:
        """The finding where all events came in time: after the last, nothing may have."""
        if self._before is None or not facts.gave_up:
            return self.within(facts, self._longest)
        message = self._before.message
        if facts.closed.at <= message.at + self.limit:
            return self.within(facts, self._longest)
        found = f"nothing for {_seconds(facts.closed.at - message.at)} after event {message.n:,}"
        return Finding(False, found, evidence_of(self._before))


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f}ms" if value < 0.9995 else f"{value:.2f}s"
