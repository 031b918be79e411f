"""What `check` waits for, on a terminal: a live line for each stream that runs, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.text import Text

from sse_cli.check.outcome import Running
from sse_cli.render.live_region import LiveRegion
from sse_cli.text import escaping


class Progress:
    """Shows what `running` gives, ten times a second at most, until it is closed."""

    def __init__(self, console: Console, running: Callable[[], Sequence[Running]]) -> None:
        self._console = console
        self._running = running
        self._screen = LiveRegion(console, self._lines)
        self._screen.start()

    def suspended(self) -> AbstractContextManager[None]:
        """Take the lines away while something else is written to the terminal."""
        return self._screen.suspended()

    def close(self) -> None:
        """Take the lines away, for good."""
        self._screen.close()

    def _lines(self) -> Sequence[Text]:
        """As many as the terminal is high, but one: more could not be taken away again."""
        room = max(1, self._console.height - 1)
        running = self._running()
        if len(running) <= room:
            return list(map(_line, running))
        shown = running[: room - 1]
        rest = f"and {len(running) - len(shown):,} more" if shown else f"{len(running):,} streams"
        return [*map(_line, shown), Text(f"  {rest}")]


def _line(one: Running) -> Text:
    """The figures before the name, which a narrow terminal cuts."""
    noun = "event " if one.events == 1 else "events"
    again = f"  attempt {one.attempt}" if one.attempt > 1 else ""
    return Text(
        f"  {one.seconds:5.1f}s  {one.events:,} {noun}{again}  {escaping.compact(one.name)}"
    )
