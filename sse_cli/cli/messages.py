"""What is said on standard error. Rich is loaded when there is something to say (40 ms)."""

from __future__ import annotations

import sys
from typing import Literal

from sse_cli.analysis import verdict
from sse_cli.cli import hints
from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending
from sse_cli.render.lines import Lines
from sse_cli.run.stream_run import Run

EMPTY = "the stream ended without a single event"
OWN = "these lines are what sse itself wrote of a stream; each is shown as data"

Color = Literal["auto", "always", "never"]


def say(lines: Lines, color: Color = "auto") -> None:
    """Print lines, if there is a standard error at all."""
    from sse_cli.render import console  # noqa: PLC0415

    if sys.stderr is not None:
        console.print_lines(console.make(color, stderr=True), lines)


def failed(closed: Closed) -> bool:
    """Whether the ending is one to explain."""
    return verdict.EXIT_CODES[closed.ending] != 0 and closed.ending is not Ending.INTERRUPTED


def is_one_screen() -> bool:
    """Whether both outputs are terminals: a person reads them one below the other."""
    return all(stream and stream.isatty() for stream in (sys.stdout, sys.stderr))


def explain(
    run: Run, closed: Closed, color: Color = "auto", *, head: bool = True, status: bool = True
) -> None:
    """What went wrong, or is not what one asks for: a refused reply as it came (`head`: its
    headers, too, and `status`: its status line), error and hint."""
    empty = run.timing.messages == 0 and closed.ending in (Ending.EOF, Ending.EOF_UNVERIFIED)
    hint = hints.hint_of(closed.cause)
    own = closed.ending is Ending.EOF and hint == hints.hint_of(Cause.OWN_OUTPUT)
    if not failed(closed) and not empty and not own:
        return
    from sse_cli.render import http_messages  # noqa: PLC0415

    if run.opened and closed.body:
        say(http_messages.refused_lines(run.opened, closed, head=head, status=status), color)
    if empty:
        say(http_messages.warning_lines(EMPTY, hints.hint_of(Cause.NO_EVENTS)), color)
    elif own:
        say(http_messages.warning_lines(OWN, hint), color)
    else:
        say(http_messages.error_lines(closed.detail or closed.ending.value, hint), color)


def exit_code(run: Run, closed: Closed) -> int:
    """The exit code of a run; 128 + N stands for death by signal N."""
    if run.signal_number:
        return 128 + run.signal_number
    return verdict.EXIT_CODES[closed.ending]
