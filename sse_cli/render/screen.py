"""A terminal: finished lines scroll up for good, one live line stays below them.

The live line is written again only when lines are added (in the same write) and, by a thread of
its own, at most ten times a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from sse_cli.render.output import failing_output

REFRESH_SECONDS: Final = 0.1


class Screen:
    """Prints lines to `console`; `footer` draws the live line, if the terminal can have one."""

    def __init__(self, console: Console, footer: Callable[[], Text] | None = None) -> None:
        self._console = console
        live = console.file.isatty() and not console.is_dumb_terminal
        self._footer = footer if live else None
        self._lines: list[Text] = []
        self._live: Text | None = None
        self._shown = 0  # cells of the live line that stands on the screen
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the live line and keep it up to date."""
        if self._footer:
            self._thread = threading.Thread(target=self._refresh, daemon=True, name="sse-footer")
            self._thread.start()

    def write(self, line: Text) -> None:
        """Add a line; it appears with the next `flush`."""
        self._lines.append(line)

    def flush(self) -> None:
        """Print the lines added, in one write. Raises OutputError or ReaderGone."""
        if not self._lines:
            return
        with self._lock, failing_output():
            self._print(self._lines, self._live)
            self._lines.clear()

    def close(self) -> None:
        """Print what is left and take the live line away."""
        self._closing.set()
        if self._thread:
            self._thread.join()
        with self._lock, failing_output():
            self._print(self._lines, None)
            self._lines.clear()

    def _refresh(self) -> None:
        assert self._footer is not None  # noqa: S101 (start asked)
        while not self._closing.wait(REFRESH_SECONDS):
            with self._lock:
                if self._closing.is_set():
                    return
                try:
                    self._live = self._footer()
                    self._print((), self._live)
                except OSError:  # the next flush meets it too, and reports it
                    return

    def _print(self, lines: Iterable[Text], live: Text | None) -> None:
        console = self._console
        with console:  # buffers: one write for all of it
            if self._shown:
                console.control(self._erasure())
                self._shown = 0
            for line in lines:
                # Said again here: Console.print joins its texts and forgets how they wrap.
                console.print(line, no_wrap=True, overflow=line.overflow)
            if live is not None:
                width = console.width - 1
                live = live.copy()
                live.truncate(width, overflow="ellipsis")
                console.print(live, end="", no_wrap=True, overflow="crop")
                self._shown = live.cell_len
        console.file.flush()

    def _erasure(self) -> Control:
        """Back to the start of the live line, which a narrower window may have wrapped."""
        rows = max(0, (self._shown - 1) // max(1, self._console.width))
        codes: list[tuple[ControlType, int] | ControlType] = [ControlType.CARRIAGE_RETURN]
        if rows:
            codes.append((ControlType.CURSOR_UP, rows))
        return Control(*codes, (ControlType.ERASE_IN_LINE, 2))
