"""The expectations of a check, as observers of its run."""

from __future__ import annotations

from collections.abc import Sequence

from sse_cli.check.expectations import AnswerProgress, Expectation
from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending, Ignored, Opened
from sse_cli.model.observer import Due, Observer
from sse_cli.model.row import Note, Row
from sse_cli.run.response_observer import ResponseObserver


class ExpectationObserver(Observer):
    """Shows every event to every expectation."""

    def __init__(self, expectations: Sequence[Expectation]) -> None:
        self.expectations = expectations

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Show messages."""
        for one in self.expectations:
            for row in rows:
                one.row(row)
        return rows

    def note(self, note: Note, /) -> None:
        """Show a line that was ignored."""
        if isinstance(note, Ignored):
            for one in self.expectations:
                one.ignored(note)


class ExpectationDeadlines(Observer):
    """Ends a run as soon as an expectation of a time can't hold any more.

    `waits` tells whether there is such an expectation at all, `gave_up` that one ended the run.
    """

    def __init__(self, expectations: Sequence[Expectation], response: ResponseObserver) -> None:
        self.gave_up = False
        self._waiting = [one for one in expectations if type(one).due is not Expectation.due]
        self._response = response
        self._is_refused = False

    @property
    def waits(self) -> bool:
        """Whether any expectation waits for an event no longer than some time."""
        return bool(self._waiting)

    def note(self, note: Note, /) -> None:
        """Note whether there is a stream: no event can be in a reply that is only shown."""
        if isinstance(note, Opened):
            self._is_refused = note.media == "other"

    def due(self) -> Due | None:
        """Return the moment after which an expectation can't hold unless an event comes before."""
        found = None if self._is_refused else self._first()
        return found and Due(found[0])

    def overdue(self, at: float, *, has_reply: bool) -> Closed:
        """Return the end of a run that waited in vain."""
        self.gave_up = True
        phase = "the stream still ran" if has_reply else "no reply had come"
        found = self._first()
        limit = f"{found[1].option} {found[1].typed}" if found else "its time"
        detail = f"{phase} when {limit} was over"
        return Closed(at, Ending.DEADLINE, detail, Cause.EXPECTED_TIME)

    def _first(self) -> tuple[float, Expectation] | None:
        response = self._response
        progress = AnswerProgress(response.timing.first.get("text"), not response.is_unknown)
        dues = [(at, one) for one in self._waiting if (at := one.due(progress)) is not None]
        return min(dues, key=lambda due: due[0], default=None)
