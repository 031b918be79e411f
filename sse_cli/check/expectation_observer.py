"""What `check` does with the events of a run: each is shown to every expectation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sse_cli.check.expectations import AnswerProgress, Expectation
from sse_cli.model.events import Ignored
from sse_cli.query.selection import Row
from sse_cli.run.observers import Note
from sse_cli.run.response_observer import ResponseObserver
from sse_cli.run.stream_run import Due


@dataclass
class ExpectationObserver:
    """Shows every event to every expectation."""

    expectations: Sequence[Expectation]
    view: ResponseObserver

    @property
    def waits(self) -> bool:
        """Whether any of them waits for an event no longer than some time."""
        return any(type(one).due is not Expectation.due for one in self.expectations)

    def due(self) -> Due | None:
        """The moment from which on an expectation can't hold unless an event comes before, and
        the option that says so."""
        said = AnswerProgress(self.view.timing.first.get("text"), not self.view.is_unknown)
        dues = [(at, one) for one in self.expectations if (at := one.due(said)) is not None]
        if not dues:
            return None
        at, one = min(dues, key=lambda due: due[0])
        return at, f"{one.option} {one.typed}"

    def rows(self, rows: Sequence[Row]) -> None:
        """Show messages."""
        for one in self.expectations:
            for row in rows:
                one.row(row)

    def note(self, note: Note) -> None:
        """Show a line that was ignored."""
        if isinstance(note, Ignored):
            for one in self.expectations:
                one.ignored(note)

    def flush(self) -> None:
        """Nothing is held back."""
