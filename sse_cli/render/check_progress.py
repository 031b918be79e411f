"""The live display of `check` on a terminal: a line for each running stream, removed at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from sse_cli.check.outcome import Running
from sse_cli.render.live_region import LiveRegion
from sse_cli.text import escaping


class Progress:
    """A display of the attempts that `running` returns, updated at most ten times a second."""

    def __init__(self, console: Console, running: Callable[[], Sequence[Running]]) -> None:
        self._console = console
        self._running = running
        self._region = LiveRegion(console, self._lines)
        self._region.start()

    def suspended(self) -> AbstractContextManager[None]:
        """Hide the lines while something else is written to the terminal."""
        return self._region.suspended()

    def close(self) -> None:
        """Remove the lines for good."""
        self._region.close()

    def _lines(self) -> Sequence[Text]:
        """Return one line fewer than the terminal has at most: more could not be erased."""
        height = max(1, self._console.height - 1)
        running = self._running()
        if len(running) <= height:
            return list(map(_line, running))
        shown = running[: height - 1]
        rest = f"and {len(running) - len(shown):,} more" if shown else f"{len(running):,} streams"
        return [*map(_line, shown), Text(f"  {rest}")]


def _line(running: Running) -> Text:
    """Return the figures, then the name, which may be cut on a narrow terminal."""
    noun = "event " if running.events == 1 else "events"
    attempt = f"  attempt {running.attempt}" if running.attempt > 1 else ""
    name = escaping.compact(running.name)
    return Text(f"  {running.seconds:5.1f}s  {running.events:,} {noun}{attempt}  {name}")
