"""The table on a terminal: rows that scroll up, and a live footer below them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from sse_cli.model.events import Closed
from sse_cli.model.observer import Observer
from sse_cli.model.row import Item, Note, Row
from sse_cli.query.selection import Query
from sse_cli.render.live_region import LiveRegion
from sse_cli.render.table import TableRenderer


class LiveTable(Observer):
    """A view of one run as a table; `footer` draws the line below it."""

    def __init__(
        self,
        screen: Console,
        queries: Sequence[Query],
        footer: Callable[[], Text],
        *,
        full: bool = False,
        everything: bool = False,
    ) -> None:
        self._console = screen
        self._width = 0  # of the terminal; 0 until it is asked for, once a read
        self._renderer = TableRenderer(
            self._measured,
            queries,
            full=full,
            everything=everything,
            encoding=screen.encoding,
        )
        self._screen = LiveRegion(screen, lambda: [footer()])

    def start(self) -> None:
        """Show the footer."""
        self._screen.start()

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Add the rows of messages."""
        for row in rows:
            self._add(row)
        return rows

    def note(self, note: Note, /) -> None:
        """Add the row of any other event."""
        self._add(note)

    def finish(self, closed: Closed) -> Closed:
        """Add the end of the run."""
        self._add(closed)
        return closed

    def _add(self, item: Item) -> None:
        for line in self._renderer.feed(item):
            self._screen.write(line)

    def _measured(self) -> int:
        self._width = self._width or self._console.width
        return self._width

    def suspended(self) -> AbstractContextManager[None]:
        """Take the footer away while something else is written to the terminal."""
        return self._screen.suspended()

    def flush(self) -> None:
        """Print them."""
        self._screen.flush()
        self._width = 0

    def close(self) -> None:
        """Take the footer away, for good."""
        self._screen.close()
