"""Messages on standard error. Rich (40 ms) is imported only when there is a message."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, TypeAlias

from sse_cli.analysis.phases import Phases
from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending, Opened, Reconnecting, Signal
from sse_cli.model.observer import Observer
from sse_cli.render.renderer import Lines
from sse_cli.request.model import Request
from sse_cli.run.measurements import RunReport

OWN = "these lines are output of sse itself; each is shown as data"

Color = Literal["auto", "always", "never"]


def say(lines: Lines, color: Color = "auto") -> None:
    """Print lines on standard error, unless it is closed."""
    from sse_cli.render import console  # noqa: PLC0415

    if sys.stderr is not None:
        console.print_lines(console.make(color, stderr=True), lines)


def print_below(color: Color, lines: Callable[[bool], Lines]) -> None:
    """Print lines on standard output, below a table.

    `lines` gets whether the terminal can show box drawing and block characters.
    """
    from sse_cli.render import console  # noqa: PLC0415

    screen = console.make(color)
    console.print_lines(screen, lines(console.is_unicode(screen)))


def is_one_screen() -> bool:
    """Return whether both outputs are terminals, so that they appear on one screen."""
    return all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr))


def explain(
    report: RunReport, color: Color = "auto", *, head: bool = True, status: bool = True
) -> None:
    """Print a failure: a refused reply as it was received, then the error and a hint.

    `head` adds the headers of the reply, and `status` its status line. A warning tells that a
    stream was empty, where that is allowed, or that it is output of `sse` itself.
    """
    closed, opened = report.closed, report.measured.connections.opened
    empty = closed.ending is Ending.EMPTY
    if not report.failed and not empty and not closed.cause:
        return
    from sse_cli.cli import hints  # noqa: PLC0415 (only for a run that ended with advice)

    hint = hints.hint_of(closed.cause)
    own = closed.ending is Ending.EOF and hint == hints.hint_of(Cause.OWN_OUTPUT)
    if not report.failed and not empty and not own:
        return
    from sse_cli.render import error_messages, http_messages  # noqa: PLC0415

    if opened and closed.body:
        say(http_messages.refused_lines(opened, closed, head=head, status=status), color)
    if report.failed:
        say(error_messages.error_lines(closed.detail or closed.ending.value, hint), color)
    else:
        say(error_messages.warning_lines(OWN if own else closed.detail, hint), color)


Suspended: TypeAlias = Callable[[], AbstractContextManager[None]]
"""A context that clears the live display of a terminal while something else is written."""


class ExchangeLog(Observer):
    """An observer for `-v` that prints the request and the head of each reply on standard error.

    The phases of the connection follow the head, or stand alone if no reply came. Trailers come at
    the end.
    """

    def __init__(self, request: Request, suspended: Suspended = nullcontext) -> None:
        self._request = request
        self._suspended = suspended
        self._phases = Phases()

    def start(self) -> None:
        """Print the request."""
        from sse_cli.render import http_messages  # noqa: PLC0415

        with self._suspended():
            say(http_messages.request_lines(self._request))

    def signal(self, signal: Signal) -> None:
        """Print the head of a reply, and the phases."""
        self._phases.feed(signal)
        if not isinstance(signal, Opened | Reconnecting | Closed):
            return
        from sse_cli.render import http_messages, phases  # noqa: PLC0415

        lines = [*http_messages.reply_lines(signal)] if isinstance(signal, Opened) else []
        if isinstance(signal, Closed):
            lines += http_messages.end_lines(signal)
        if self._phases.durations:
            lines.append(phases.note(self._phases))
        if lines:
            with self._suspended():
                say(lines)
        self._phases.durations = {}


def exchange_log(request: Request | None, suspended: Suspended | None = None) -> ExchangeLog | None:
    """Return the log for `-v`, or None without `-v`."""
    if request is None or not request.verbose:
        return None
    return ExchangeLog(request, suspended or nullcontext)
