"""The lines that the closing summaries of `watch` and `tail` share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from sse_cli.model.events import Closed, Ending
from sse_cli.render import phases
from sse_cli.render.console import prose
from sse_cli.render.http_messages import coding_note
from sse_cli.run.measurements import Measurements
from sse_cli.text import escaping, units

_GOOD: Final = frozenset({Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED})
_STOPPED: Final = frozenset({Ending.LIMIT, Ending.INTERRUPTED, Ending.EMPTY})

Figure = tuple[str, str]  # label, value


def ending_line(closed: Closed, *, explained: bool = False) -> Text:
    """Return how the stream ended, with the evidence unless an error line below gives it
    (`explained`)."""
    ending = closed.ending
    style = "sse.good" if ending in _GOOD else "sse.stopped" if ending in _STOPPED else "sse.bad"
    if explained or not closed.detail:
        return Text(ending.value, style)
    return prose(f"{ending.value}  ", style, escaping.compact(closed.detail))


def reconnects_lines(measured: Measurements) -> Iterable[Text]:
    """Yield how often the stream reconnected, and how many events were repeated or skipped."""
    reconnects, audit = measured.connections.reconnects, measured.resume_audit
    if not reconnects:
        return
    line = Text(f"reconnected {units.count(reconnects, 'time')}", style="sse.label")
    if audit.repeated:
        line.append(f"  {units.count(audit.repeated, 'event')} repeated", "sse.ignored")
    if audit.skipped:
        line.append(f"  {audit.skipped:,} skipped", "sse.bad")
    yield line


def coding_lines(measured: Measurements) -> Iterable[Text]:
    """Yield a note on a Content-Encoding that is not one."""
    opened = measured.connections.opened
    if opened and (note := coding_note(opened)):
        yield Text(escaping.compact(note), style="sse.ignored", no_wrap=False)


def phases_lines(measured: Measurements) -> Iterable[Text]:
    """Yield the phases of the connection; a file has none."""
    if found := phases.figures(measured.timing.phases):
        yield figures_line(found)


def equal_once(figures: Iterable[Figure]) -> list[Figure]:
    """Join the labels of neighbours with the same value: "first byte, event"."""
    joined: list[Figure] = []
    for label, value in figures:
        if joined and joined[-1][1] == value:
            before = joined[-1][0]
            more = label.removeprefix("first ") if before.startswith("first ") else label
            joined[-1] = (f"{before}, {more}", value)
        else:
            joined.append((label, value))
    return joined


def figures_line(figures: Iterable[Figure]) -> Text:
    """Return the figures side by side, each after its label."""
    line = Text(no_wrap=False)  # too long a line is wrapped between two figures
    for label, value in figures:
        line.append("  " if line else "")
        line.append(f"{label} " if label else "", "sse.label")
        line.append(value, "sse.figure")
    return line
