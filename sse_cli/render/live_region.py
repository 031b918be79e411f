"""Output on a terminal: finished lines that scroll up for good, above a live part.

The live part is drawn again with each write of new lines and, from a thread of its own, at most
ten times a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType, Segment
from rich.text import Text

from sse_cli.render.stdout import failing_output

REFRESH_SECONDS: Final = 0.105  # at most ten a second, in spite of the timer's jitter


class LiveRegion:
    """A printer of lines above a live part, which `live` draws.

    Without a terminal that can move its cursor, there is no live part.
    """

    def __init__(self, console: Console, live: Callable[[], Sequence[Text]]) -> None:
        self._console = console
        self._draw = live
        self._can_move = console.file.isatty() and not console.is_dumb_terminal
        self._lines: list[Text] = []
        self._live: Sequence[Text] = ()
        self._is_shown = False  # the live part is on the screen
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the live part and keep it current."""
        if self._can_move:
            self._thread = threading.Thread(target=self._refresh, daemon=True, name="sse-live")
            self._thread.start()

    def write(self, line: Text) -> None:
        """Add a line; it appears with the next `flush`."""
        self._lines.append(line)

    def flush(self) -> None:
        """Print the added lines in one write. Raises OutputError or ReaderGone."""
        if not self._lines:
            return
        with self._lock, failing_output():
            self._print(self._lines, self._live)
            self._lines.clear()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hide the live part while something else is written to the terminal."""
        with self._lock, failing_output():
            self._print(self._lines, ())
            self._lines.clear()
            yield

    def close(self) -> None:
        """Print the remaining lines and remove the live part."""
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
                except OSError:  # the next flush fails as well, and reports it
                    return

    def _print(self, lines: Sequence[Text], live: Sequence[Text]) -> None:
        console = self._console
        with console:  # buffers everything for a single write
            if self._is_shown:
                console.control(Control(ControlType.CARRIAGE_RETURN), _erase_below())
                self._is_shown = False
            for line in lines:
                # Repeated from the line: Console.print joins its texts and forgets how they wrap.
                console.print(line, no_wrap=True, overflow=line.overflow)
            if live:
                self._print_live(live)
        console.file.flush()

    def _print_live(self, live: Sequence[Text]) -> None:
        """Print the live lines and move the cursor back to the start of the first.

        The cursor stays there when the window gets narrower, whether the terminal cuts the lines
        or wraps them again. So the live part is always everything from the cursor down, however
        many rows it takes.
        """
        last = len(live) - 1
        for index, line in enumerate(live):
            shown = line.copy()
            shown.truncate(self._console.width - 1, overflow="ellipsis")
            self._console.print(shown, end="" if index == last else "\n", no_wrap=True)
        back: list[ControlType | tuple[ControlType, int]] = [ControlType.CARRIAGE_RETURN]
        self._console.control(Control(*back, *([(ControlType.CURSOR_UP, last)] if last else [])))
        self._is_shown = True


def _erase_below() -> Control:
    """Return a control that erases from the cursor to the end of the screen (ED, ECMA-48 8.3.39).

    Rich has none. On an old Windows console, which Rich drives by system calls, it erases the
    current line only.
    """
    control = Control()
    control.segment = Segment("\x1b[J", None, [(ControlType.ERASE_IN_LINE, 2)])
    return control
