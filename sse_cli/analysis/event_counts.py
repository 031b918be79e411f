"""Counts of events that are not messages, and of connections."""

from __future__ import annotations

from collections import Counter
from typing import Final

from sse_cli.model.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note

_NAMES: Final = {Comment: "comment", Retry: "retry line", Ignored: "ignored line"}


class EventCounts(Observer):
    """Counts of comments, retry lines and ignored lines, with these names as keys."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, note: Note, /) -> None:
        """Count an event."""
        if name := _NAMES.get(type(note)):
            self.counts[name] += 1


class Connections(Observer):
    """The head of the last reply, and the number of reconnects."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.reconnects = 0
        self._begins_at = 0.0  # when the next connection will begin (seconds since the run began)

    def note(self, note: Note, /) -> None:
        """Take the head of a reply, or count a reconnect."""
        if isinstance(note, Opened):
            self.opened = note
        elif isinstance(note, Reconnecting):
            self.reconnects += 1
            self._begins_at = note.at + note.delay

    def finish(self, closed: Closed) -> Closed:
        """Undo the count of a reconnect that was announced but never began."""
        if closed.at < self._begins_at:
            self.reconnects -= 1
        return closed
