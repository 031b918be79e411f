"""The protocol of everything that turns a run into text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sse_cli.model.row import Note, Row


class Renderer(Protocol):
    """A view that makes text: of messages in a row, and of the events beside them."""

    def rows(self, rows: Sequence[Row]) -> str:
        """Return the text of messages in a row."""
        ...

    def note(self, note: Note) -> str:
        """Return the text of any other event."""
        ...
