"""The table of events on a terminal: rows that scroll up, above a live footer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from sse_cli.model.observer import Observer
from sse_cli.model.row import Item, Note, Row
from sse_cli.query.selection import Query
from sse_cli.render.live_region import LiveRegion
from sse_cli.render.table import EventTable


class LiveTable(Observer):
    """A view that prints a run as a table; `footer` draws the line below it.

    `typed` tells that the stream itself is typed on the terminal.
    """

    def __init__(  # noqa: PLR0913 (a stream, its terminal, and what to show of it)
        self,
        console: Console,
        queries: Sequence[Query],
        footer: Callable[[], Text],
        *,
        full: bool = False,
        everything: bool = False,
        typed: bool = False,
    ) -> None:
        self._console = console
        self._width = 0  # of the terminal, asked for once a read (an ioctl); 0 until then
        self._table = EventTable(
            self._current_width,
            queries,
            full=full,
            everything=everything,
            encoding=console.encoding,
        )
        self._region = LiveRegion(console, lambda: [footer()], typed=typed)

    def start(self) -> None:
        """Show the footer."""
        self._region.start()

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Add a row for each message."""
        for row in rows:
            self._add(row)
        return rows

    def note(self, note: Note, /) -> None:
        """Add a row for any other event."""
        self._add(note)

    def _add(self, item: Item) -> None:
        for line in self._table.feed(item):
            self._region.write(line)

    def _current_width(self) -> int:
        self._width = self._width or self._console.width
        return self._width

    def suspended(self) -> AbstractContextManager[None]:
        """Hide the footer while something else is written to the terminal."""
        return self._region.suspended()

    def flush(self) -> None:
        """Print the rows added since the last flush."""
        self._region.flush()
        self._width = 0

    def close(self) -> None:
        """Remove the footer for good."""
        self._region.close()
