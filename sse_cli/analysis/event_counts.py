"""Counts of the events that are not messages, and of the connections."""

from __future__ import annotations

from collections import Counter
from typing import Final

from sse_cli.model.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note

_NAMES: Final = {Comment: "comment", Retry: "retry line", Ignored: "ignored line"}


class EventCounts(Observer):
    """Counts of comments, retry lines and ignored lines, by these names."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, note: Note, /) -> None:
        """Count an event."""
        if name := _NAMES.get(type(note)):
            self.counts[name] += 1


class Connections(Observer):
    """The head of the last reply, and how often the stream was opened again."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.reconnects = 0
        self._begins_at = 0.0  # when the last announced connection begins (seconds of the run)

    def note(self, note: Note, /) -> None:
        """Take note of a reply, or of a connection that is announced."""
        if isinstance(note, Opened):
            self.opened = note
        elif isinstance(note, Reconnecting):
            self.reconnects += 1
            self._begins_at = note.at + note.delay

    def finish(self, closed: Closed) -> Closed:
        """Subtract a connection that was announced but never began."""
        if closed.at < self._begins_at:
            self.reconnects -= 1
        return closed
