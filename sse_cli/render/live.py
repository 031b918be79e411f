"""The table on a terminal: rows that scroll up, and a live footer below them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from sse_cli.query import Query
from sse_cli.render.items import Item
from sse_cli.render.screen import Screen
from sse_cli.render.table import TableRenderer


class Live:
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
        self._renderer = TableRenderer(
            lambda: screen.width,
            queries,
            full=full,
            everything=everything,
            encoding=screen.encoding,
        )
        self._screen = Screen(screen, lambda: [footer()])
        self._screen.start()

    def show(self, item: Item) -> None:
        """Add the item's rows."""
        for line in self._renderer.feed(item):
            self._screen.write(line)

    def aside(self) -> AbstractContextManager[None]:
        """Take the footer away while something else is written to the terminal."""
        return self._screen.aside()

    def flush(self) -> None:
        """Print them."""
        self._screen.flush()

    def close(self) -> None:
        """Take the footer away, for good."""
        self._screen.close()
