"""`sse watch TARGET`: show each event live, as a row of a table or a line in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from sse_cli.cli import messages
from sse_cli.cli import watch_output as outputs
from sse_cli.cli.command_line import PAIRS
from sse_cli.cli.options.request import RequestOptions
from sse_cli.cli.options.stream import (
    Format,
    OutputOptions,
    ReadingOptions,
    RecordingOptions,
    ResumeOptions,
    StreamOptions,
)
from sse_cli.cli.target_settings import settings_of
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending
from sse_cli.model.observer import Observer
from sse_cli.parser.session import Session
from sse_cli.query.selection import Expression, Query, Selection
from sse_cli.render.renderer import Lines
from sse_cli.request.option_values import duration
from sse_cli.run.measurements import Measurements, RunReport, format_error
from sse_cli.run.observers import ShownCount, ShownLimit, Until
from sse_cli.run.open_target import clock_of, is_live, open_target, recorder_of, session_of
from sse_cli.run.settings import TargetSettings
from sse_cli.run.stream_run import StreamRun
from sse_cli.run.time_limit import TimeLimit
from sse_cli.sources.clock import Clock

if TYPE_CHECKING:  # JMESPath costs 20 ms, Rich 40
    from sse_cli.llm.highlights import Highlights
    from sse_cli.render.live_table import LiveTable

TARGET = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="URL, file, - for stdin, or: curl … as pasted.",
        show_default=False,
    ),
]


def watch(  # noqa: PLR0913 (Typer passes the context, the target and groups of options)
    ctx: typer.Context,
    target: TARGET,
    *,
    _request: RequestOptions,
    stream: StreamOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    recording: RecordingOptions,
    output: OutputOptions,
) -> None:
    """Show each event of a stream as it arrives: a table to read, or lines to pipe.

    sse https://api.example.com/stream -q 'choices[0].delta.content'
    """
    settings = settings_of(target, ctx.meta[PAIRS], reading, resuming, recording)
    raise typer.Exit(follow(settings, stream, output))


class Watch:
    """One run of `watch`, with its observers and its summary."""

    def __init__(
        self, settings: TargetSettings, stream: StreamOptions, output: OutputOptions
    ) -> None:
        self.queries = [Query(text, "--query") for text in stream.query or ()]
        self.format = outputs.choose(output, self.queries, force=settings.recording.force)
        self.settings = settings
        self.output = output
        self.session: Session = session_of(settings)
        self.clock: Clock = clock_of(settings)
        self.measured = Measurements(self.session, format_error=format_error)
        self.selection = _selection(stream, self.queries)
        self.until = None if stream.until is None else Expression(stream.until, "--until")
        self.shown = ShownCount() if stream.max_events is None else ShownLimit(stream.max_events)
        self.time_limit = _time_limit(stream)
        self.highlights: Highlights | None = None

    def read(self) -> RunReport:
        """Read the target to its end. Raises UsageError if it can't be opened."""
        table = self._table() if self.format is Format.TABLE else None
        view = table or outputs.make(self.format, self.output, self.queries)
        observers: list[Observer | None] = [
            recorder_of(self.settings),
            messages.exchange_log(self.settings.request, table.suspended if table else None),
            self.time_limit,
            *self.measured.observers(),
            self.highlights,
            Until(self.until) if self.until else None,
            self.selection,
            self.shown,
            view,
        ]
        run = StreamRun(self.session, self.clock, [observer for observer in observers if observer])
        closed = run.read(open_target(self.settings, run))
        return RunReport(self.measured, closed, run.signal_number, may_be_empty=True)

    def summary(self, report: RunReport, *, unicode: bool = True) -> Lines:
        """Return the closing lines."""
        from sse_cli.cli import hints  # noqa: PLC0415
        from sse_cli.render import watch_summary  # noqa: PLC0415 (Rich costs 40 ms)

        filters = [each for each in (self.selection.where, self.until) if each]
        details = watch_summary.WatchDetails(
            self.selection,
            self.shown.shown,
            [*self.queries, *filters],
            self.output.everything,
            self.highlights,
            hints.hint_of(Cause.HIDDEN_EVENTS),
        )
        is_told = report.failed or report.closed.ending is Ending.EMPTY
        explained = is_told and messages.is_one_screen()
        return watch_summary.lines(report, details, explained=explained, unicode=unicode)

    def _table(self) -> LiveTable:
        from sse_cli.llm import wire_format  # noqa: PLC0415 (JMESPath costs 20 ms, Rich 40)
        from sse_cli.llm.highlights import Highlights  # noqa: PLC0415
        from sse_cli.render import console  # noqa: PLC0415
        from sse_cli.render.footer import footer  # noqa: PLC0415
        from sse_cli.render.live_table import LiveTable  # noqa: PLC0415

        self.highlights = Highlights(wire_format.known(skip_broken=True))
        screen = console.make(self.output.color.value)
        state = partial(footer, is_live=is_live(self.settings), unicode=console.is_unicode(screen))
        return LiveTable(
            screen,
            self.queries,
            lambda: state(self.measured.timing, self.clock()),
            full=self.output.full,
            everything=self.output.everything,
            typed=self.settings.target == "-",
        )


def follow(settings: TargetSettings, stream: StreamOptions, output: OutputOptions) -> int:
    """Read a target to its end and show it; return the exit code.

    Raises SSEError for an invalid target or option.
    """
    watch = Watch(settings, stream, output)
    report = watch.read()
    is_table = watch.format is Format.TABLE
    color: messages.Color = output.color.value
    if is_table and output.summary is not False:
        messages.print_below(color, lambda unicode: watch.summary(report, unicode=unicode))
    elif output.summary:
        messages.say(watch.summary(report), color)
    is_headed = is_table and messages.is_one_screen()  # its first line is the status
    verbose = settings.request is not None and settings.request.verbose
    messages.explain(report, color, head=not verbose, status=not is_headed)
    return report.exit_code


def _time_limit(stream: StreamOptions) -> TimeLimit | None:
    if stream.duration is None:
        return None
    if not (seconds := duration(stream.duration, "--for")):
        raise UsageError("--for 0 leaves no time at all", "leave it out for no limit")
    return TimeLimit(seconds)


def _selection(stream: StreamOptions, queries: Sequence[Query]) -> Selection:
    return Selection(
        queries,
        Expression(stream.where, "--where") if stream.where is not None else None,
        frozenset(stream.event or ()),
        frozenset(stream.exclude or ()),
    )
