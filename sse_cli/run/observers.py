"""What renderers and views are fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from sse_cli.model.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.query.selection import Row

Note: TypeAlias = Comment | Retry | Ignored | Opened | Reconnecting | Closed
Item: TypeAlias = Row | Note


class Renderer(Protocol):
    """A view that writes text."""

    def rows(self, rows: Sequence[Row]) -> str:
        """What messages in a row add to the output."""
        ...

    def note(self, note: Note) -> str:
        """What anything else adds."""
        ...


class View(Protocol):
    """Where messages, and what came between them, go: a renderer with its output."""

    def rows(self, rows: Sequence[Row]) -> None:
        """Take messages that followed each other in a read."""

    def note(self, note: Note) -> None:
        """Take anything else."""

    def flush(self) -> None:
        """A read has been worked through: print what it gave."""


class ObserverGroup:
    """Several views as one."""

    def __init__(self, *views: View) -> None:
        self._views = views

    def rows(self, rows: Sequence[Row]) -> None:
        """Hand messages to each."""
        for view in self._views:
            view.rows(rows)

    def note(self, note: Note) -> None:
        """Hand a note to each."""
        for view in self._views:
            view.note(note)

    def flush(self) -> None:
        """Have each print what a read gave."""
        for view in self._views:
            view.flush()
