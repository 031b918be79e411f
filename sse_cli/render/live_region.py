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

from sse_cli.process.key_echo import KeyEcho
from sse_cli.render.stdout import failing_output

REFRESH_SECONDS: Final = 0.105  # at most ten a second, in spite of the timer's jitter
_ERASE_LINE: Final = "\x1b[K"  # to its end (EL, ECMA-48 8.3.41)
# The line, then from its second column to the end of the screen (ED, 8.3.39). Not from the first:
# there, at the top of the screen, tmux keeps the erased text in its history.
_ERASE_BELOW: Final = "\x1b[K\x1b[C\x1b[J\r"


class LiveRegion:
    """A printer of lines above a live part, which `live` draws.

    Without a terminal that can move its cursor, there is no live part. Keys are echoed only with
    `typed`, which tells that they are input of the program.
    """

    def __init__(
        self, console: Console, live: Callable[[], Sequence[Text]], *, typed: bool = False
    ) -> None:
        self._console = console
        self._draw = live
        self._can_move = console.file.isatty() and not console.is_dumb_terminal
        self._lines: list[Text] = []
        self._shown = 0  # lines of the live part that are on the screen
        self._shown_width = 0  # cells of the widest of them
        self._echo = None if typed or not self._can_move else KeyEcho(console.file.fileno())
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the live part and keep it current."""
        if self._can_move:
            if self._echo:
                self._echo.off()
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
            # Drawn again, so that it agrees with the lines above it.
            self._print(self._lines, self._draw() if self._thread else ())
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
        try:
            with self._lock, failing_output():
                self._print(self._lines, ())
                self._lines.clear()
        finally:
            if self._echo:
                self._echo.on()

    def _refresh(self) -> None:
        while not self._closing.wait(REFRESH_SECONDS):
            with self._lock:
                if self._closing.is_set():
                    return
                try:
                    self._print((), self._draw())
                except OSError:  # the next flush fails as well, and reports it
                    return

    def _print(self, lines: Sequence[Text], live: Sequence[Text]) -> None:
        console = self._console
        with console:  # buffers everything for a single write
            if self._shown:
                console.control(Control(ControlType.CARRIAGE_RETURN), self._erasure())
                self._shown = 0
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
        self._shown, self._shown_width = len(live), 0
        for index, line in enumerate(live):
            shown = line.copy()
            shown.truncate(self._console.width - 1, overflow="ellipsis")
            self._shown_width = max(self._shown_width, shown.cell_len)
            self._console.print(shown, end="" if index == last else "\n", no_wrap=True)
        back: list[ControlType | tuple[ControlType, int]] = [ControlType.CARRIAGE_RETURN]
        self._console.control(Control(*back, *([(ControlType.CURSOR_UP, last)] if last else [])))

    def _erasure(self) -> Control:
        """Return a control that erases the live part, from the cursor at its start.

        Rich has none. On an old Windows console, which Rich drives by system calls, it erases the
        current line only.
        """
        is_one_row = self._shown == 1 and self._shown_width <= self._console.width
        control = Control()
        codes = _ERASE_LINE if is_one_row else _ERASE_BELOW
        control.segment = Segment(codes, None, [(ControlType.ERASE_IN_LINE, 2)])
        return control
