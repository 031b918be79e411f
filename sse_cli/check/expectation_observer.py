"""The observers that show a run to the expectations of a check."""

from __future__ import annotations

from collections.abc import Sequence

from sse_cli.check.expectations import AnswerProgress, Expectation
from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending, Ignored, Opened
from sse_cli.model.observer import Due, Observer
from sse_cli.model.row import Note, Row
from sse_cli.run.response_observer import ResponseObserver


class ExpectationObserver(Observer):
    """An observer that shows every event to every expectation."""

    def __init__(self, expectations: Sequence[Expectation]) -> None:
        self.expectations = expectations

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Show the messages of one read."""
        for expectation in self.expectations:
            for row in rows:
                expectation.row(row)
        return rows

    def note(self, note: Note, /) -> None:
        """Show a line or block that was ignored."""
        if isinstance(note, Ignored):
            for expectation in self.expectations:
                expectation.ignored(note)


class ExpectationDeadlines(Observer):
    """An observer that ends a run as soon as an expectation of a time can no longer hold.

    `waits` is whether there is such an expectation, `gave_up` whether one ended the run.
    """

    def __init__(self, expectations: Sequence[Expectation], response: ResponseObserver) -> None:
        self.gave_up = False
        self._waiting = [each for each in expectations if type(each).due is not Expectation.due]
        self._response = response
        self._is_refused = False

    @property
    def waits(self) -> bool:
        """True if any expectation sets a time limit for an event."""
        return bool(self._waiting)

    def note(self, note: Note, /) -> None:
        """Note whether the reply is a stream: any other reply holds no events to wait for."""
        if isinstance(note, Opened):
            self._is_refused = note.media == "other"

    def due(self) -> Due | None:
        """Return the time after which an expectation can't hold unless an event comes first."""
        first = None if self._is_refused else self._first()
        return first and Due(first[0])

    def overdue(self, at: float, *, has_reply: bool) -> Closed:
        """Return the end of a run whose expected event did not come in time."""
        self.gave_up = True
        phase = "the stream still ran" if has_reply else "no reply had come"
        first = self._first()
        limit = f"{first[1].option} {first[1].typed}" if first else "its time"
        detail = f"{phase} when {limit} was over"
        return Closed(at, Ending.DEADLINE, detail, Cause.EXPECTED_TIME)

    def _first(self) -> tuple[float, Expectation] | None:
        response = self._response
        progress = AnswerProgress(response.timing.first.get("text"), not response.is_unknown)
        dues = [(at, each) for each in self._waiting if (at := each.due(progress)) is not None]
        return min(dues, key=lambda due: due[0], default=None)
