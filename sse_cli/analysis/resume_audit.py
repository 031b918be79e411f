"""What a resume repeated or lost: the same id and payload again, or a hole in numeric ids."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from sse_cli.model.events import Message, Opened
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row

REMEMBERED: Final = 1000  # events that a repetition is looked for among


class ResumeAudit(Observer):
    """Watches messages over connections; memory is bounded.

    Holes are counted only while ids count one by one within every connection: a hole between
    ids that are times, or every tenth number, says nothing.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.skipped = 0
        # Hashes, for an id may be as long as a line; each with the last connection that sent it.
        self._seen: OrderedDict[int, int] = OrderedDict()
        self._last: int | None = None  # the last numeric id
        self._highest = -1  # of earlier connections
        self._connections = 0
        self._resumed = False  # no numeric id beyond the highest has come since a resume
        self._consecutive = True

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Look at the messages that have an id of their own."""
        for row in rows:
            if row.message.id:
                self.message(row.message)
        return rows

    def note(self, note: Note, /) -> None:
        """Look for the connections."""
        if isinstance(note, Opened):
            self.opened()

    def opened(self) -> None:
        """A connection was opened."""
        self._connections += 1
        if self._last is not None:
            self._highest = max(self._highest, self._last)
            self._resumed = True
        self._last = None

    def message(self, message: Message) -> None:
        """Count a message with an id of its own if it came before, or after a hole."""
        if not message.id:
            return
        key = hash((message.id, message.data))
        before = self._seen.pop(key, self._connections)
        self.repeated += before < self._connections
        self._seen[key] = self._connections
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._gap(message.id)

    def _gap(self, text: str) -> None:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
        if number is None:
            return
        if self._resumed and number > self._highest:
            self._resumed = False
            hole = number - self._highest - 1
            self.skipped += hole if self._consecutive else 0
        elif self._last is not None and number not in (self._last, self._last + 1):
            self._consecutive = False
        self._last = number
