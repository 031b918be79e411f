"""Messages that a resume repeated or lost: the same id and data again, or a gap in numeric ids."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from sse_cli.model.events import Message, Opened
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row

REMEMBERED: Final = 1000  # messages in which a repetition is looked for


class ResumeAudit(Observer):
    """An observer that counts repeated and lost messages over connections; memory is bounded.

    Lost messages are counted only while the ids within every connection are consecutive. A gap
    between ids that are timestamps, or multiples of ten, proves nothing.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.skipped = 0
        # The last connection that sent a message, by its hash: an id may be as long as a line.
        self._seen: OrderedDict[int, int] = OrderedDict()
        self._last: int | None = None  # the last numeric id of this connection
        self._highest = -1  # the highest numeric id of earlier connections
        self._connections = 0
        self._resumed = False  # no numeric id above the highest has come since a resume
        self._consecutive = True

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Check the messages that have their own id field."""
        for row in rows:
            if row.message.id:
                self.message(row.message)
        return rows

    def note(self, note: Note, /) -> None:
        """Count connections."""
        if isinstance(note, Opened):
            self.opened()

    def opened(self) -> None:
        """Start auditing a new connection."""
        self._connections += 1
        if self._last is not None:
            self._highest = max(self._highest, self._last)
            self._resumed = True
        self._last = None

    def message(self, message: Message) -> None:
        """Count a message if it is a repetition, and the messages lost before it."""
        if not message.id:
            return
        key = hash((message.id, message.data))
        previous = self._seen.pop(key, self._connections)
        self.repeated += previous < self._connections
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
            lost = number - self._highest - 1
            self.skipped += lost if self._consecutive else 0
        elif self._last is not None and number not in (self._last, self._last + 1):
            self._consecutive = False
        self._last = number
