"""`sse watch TARGET`: each event live, as a row of a table or a line for a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Annotated

import typer

from sse_cli.cli import messages, views
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
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Signal
from sse_cli.query.selection import Expression, Query, Selection
from sse_cli.render.lines import Lines
from sse_cli.request.values import duration
from sse_cli.run.open_target import VERBOSE, Aside, Wanted, open_target
from sse_cli.run.stream_run import Run
from sse_cli.run.time_limit import TimeLimit

TARGET = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="URL, file, - for stdin, or: curl … as pasted.",
        show_default=False,
    ),
]


def watch(  # noqa: PLR0913 (Typer's: the context, the target, groups of options)
    ctx: typer.Context,
    target: TARGET,
    *,
    _asked: RequestOptions,
    stream: StreamOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    keeping: RecordingOptions,
    output: OutputOptions,
) -> None:
    """Show each event of a stream as it arrives: a table to read, or lines to pipe.

    sse https://api.example.com/stream -q 'choices[0].delta.content'
    """
    wanted = Wanted(target, ctx.meta[PAIRS], reading, resuming, keeping)
    raise typer.Exit(follow(wanted, stream, output))


def follow(wanted: Wanted, stream: StreamOptions, output: OutputOptions) -> int:
    """Read a target to its end; the exit code. Raises SSEError for what can't begin."""
    queries = [Query(text) for text in stream.query or ()]
    chosen = views.choose(output, queries, force=wanted.keeping.force)
    run = Run(
        wanted.session(),
        wanted.clock(),
        selection=_selection(stream, queries),
        until=Expression(stream.until, "--until") if stream.until is not None else None,
        max_events=stream.max_events,
        duration=_duration(stream, wanted.reading.speed or 1.0),
    )

    def opened(aside: Aside = nullcontext) -> Iterator[Signal]:
        return open_target(wanted, run, aside)

    if chosen is Format.TABLE:
        closed = _table(run, opened, queries, output)
    else:
        signals = opened()
        view = views.make(chosen, output, queries)
        closed = run.over(signals, view, view.tap)
        if output.summary:
            messages.say(_summary(run, closed, output), output.color.value)
    is_headed = chosen is Format.TABLE and messages.is_one_screen()  # its first line is the status
    head = VERBOSE not in wanted.pairs
    messages.explain(run, closed, output.color.value, head=head, status=not is_headed)
    return messages.exit_code(run, closed)


def _duration(stream: StreamOptions, speed: float) -> TimeLimit | None:
    if stream.duration is None:
        return None
    if not (seconds := duration(stream.duration, "--for")):
        raise UsageError("--for 0 leaves no time at all", "leave it out for no limit")
    return TimeLimit(seconds, speed)


def _selection(stream: StreamOptions, queries: Sequence[Query]) -> Selection:
    return Selection(
        queries,
        Expression(stream.where, "--where") if stream.where is not None else None,
        frozenset(stream.event or ()),
        frozenset(stream.exclude or ()),
    )


def _table(
    run: Run,
    opened: Callable[[Aside], Iterator[Signal]],
    queries: Sequence[Query],
    output: OutputOptions,
) -> Closed:
    from sse_cli.llm import wire_format  # noqa: PLC0415 (JMESPath costs 20 ms, Rich 40)
    from sse_cli.llm.highlights import Highlights  # noqa: PLC0415
    from sse_cli.render import console, summary  # noqa: PLC0415
    from sse_cli.render.live_table import LiveTable  # noqa: PLC0415

    run.highlights = Highlights(wire_format.known(skip_broken=True))
    screen = console.make(output.color.value)
    live = LiveTable(
        screen,
        queries,
        lambda: summary.footer(run.timing, run.clock()),
        full=output.full,
        everything=output.everything,
    )
    try:
        closed = run.over(opened(live.aside), live)
    finally:
        live.close()
    if output.summary is not False:
        console.print_lines(
            screen, _summary(run, closed, output, unicode=console.is_unicode(screen))
        )
    return closed


def _summary(run: Run, closed: Closed, output: OutputOptions, *, unicode: bool = True) -> Lines:
    from sse_cli.render import summary  # noqa: PLC0415 (Rich costs 40 ms)

    expressions: list[Expression] = [*run.selection.queries]
    expressions += [one for one in (run.selection.where, run.until) if one]
    report = summary.WatchReport(
        run.timing,
        closed,
        run.shown,
        run.aside,
        expressions,
        output.everything,
        run.highlights,
        reconnects=run.reconnects,
        repeated=run.resume_audit.repeated,
        skipped=run.resume_audit.skipped,
        explained=messages.failed(closed) and messages.is_one_screen(),
    )
    return summary.summary(report, unicode=unicode)
