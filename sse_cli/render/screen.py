"""A terminal: finished lines scroll up for good, a live part stays below them.

The live part is written again only when lines are added (in the same write) and, by a thread of
its own, at most ten times a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from sse_cli.render.output import failing_output

REFRESH_SECONDS: Final = 0.1


class Screen:
    """Prints lines to `console`; `live` draws the live part, if the terminal can have one."""

    def __init__(self, console: Console, live: Callable[[], Sequence[Text]]) -> None:
        self._console = console
        self._draw = live
        self._can_move = console.file.isatty() and not console.is_dumb_terminal
        self._lines: list[Text] = []
        self._live: Sequence[Text] = ()
        self._shown = 0  # live lines that stand on the screen
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the live part and keep it up to date."""
        if self._can_move:
            self._thread = threading.Thread(target=self._refresh, daemon=True, name="sse-live")
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

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the live part away while something else is written to the terminal."""
        with self._lock, failing_output():
            self._print(self._lines, ())
            self._lines.clear()
            yield

    def close(self) -> None:
        """Print what is left and take the live part away."""
        self._closing.set()
        if self._thread:
            self._thread.join()
        with self._lock, failing_output():
            self._print(self._lines, ())
            self._lines.clear()

    def _refresh(self) -> None:
        while not self._closing.wait(REFRESH_SECONDS):
            with self._lock:
                if self._closing.is_set():
                    return
                try:
                    self._live = self._draw()
                    self._print((), self._live)
                except OSError:  # the next flush meets it too, and reports it
                    return

    def _print(self, lines: Sequence[Text], live: Sequence[Text]) -> None:
        console = self._console
        with console:  # buffers: one write for all of it
            if self._shown:
                console.control(self._erasure())
                self._shown = 0
            for line in lines:
                # Said again here: Console.print joins its texts and forgets how they wrap.
                console.print(line, no_wrap=True, overflow=line.overflow)
            self._print_live(live)
        console.file.flush()

    def _print_live(self, live: Sequence[Text]) -> None:
        """The live lines; the cursor stays at the end of the last one."""
        last = len(live) - 1
        for index, line in enumerate(live):
            shown = line.copy()
            shown.truncate(self._console.width - 1, overflow="ellipsis")
            self._console.print(shown, end="" if index == last else "\n", no_wrap=True)
            self._shown += 1

    def _erasure(self) -> Control:
        """Back to the start of the live part.

        A narrower window may have wrapped it, or cut it: terminals differ, and there is no
        telling. A scrap of it that stays does less harm than a row of the table that goes.
        """
        codes: list[tuple[ControlType, int] | ControlType] = [ControlType.CARRIAGE_RETURN]
        for _ in range(self._shown - 1):
            codes += [(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)]
        return Control(*codes, (ControlType.ERASE_IN_LINE, 2))
