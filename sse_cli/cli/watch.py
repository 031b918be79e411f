"""`sse watch TARGET`: each event live, as a row of a table or a line for a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from sse_cli import request, sources, verdict
from sse_cli.cli import views
from sse_cli.cli.options import Format, OutputOptions, RequestOptions, StreamOptions
from sse_cli.cli.parsing import CURL, PAIRS
from sse_cli.cli.pipeline import Run
from sse_cli.errors import UsageError
from sse_cli.events import Closed, Ending, Opened, Signal
from sse_cli.query import Expression, Query, Selection
from sse_cli.render.items import Lines
from sse_cli.session import Session

TARGET = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="URL, file, - for stdin, or: curl … as pasted.", show_default=False
    ),
]


def watch(
    ctx: typer.Context,
    target: TARGET,
    _asked: RequestOptions,
    stream: StreamOptions,
    output: OutputOptions,
) -> None:
    """Show each event of a stream as it arrives: a table to read, or lines to pipe.

    sse https://api.example.com/stream -q 'choices[0].delta.content'
    """
    raise typer.Exit(follow(target, ctx.meta[PAIRS], stream, output))


def follow(
    target: str, pairs: Sequence[tuple[str, str]], stream: StreamOptions, output: OutputOptions
) -> int:
    """Read a target to its end; the exit code. Raises SSEError for what can't begin."""
    queries = [Query(text) for text in stream.query or ()]
    chosen = views.choose(output, queries)
    clock = sources.start_clock()
    run = Run(
        Session(max_size=_bytes(stream.max_size)),
        clock,
        Selection(
            queries,
            Expression(stream.where, "--where") if stream.where else None,
            frozenset(stream.event or ()),
            frozenset(stream.exclude or ()),
        ),
        Expression(stream.until, "--until") if stream.until else None,
        stream.max_events,
    )
    signals = _signals(target, pairs, stream, clock, ("verbose", "") in pairs)
    if chosen is Format.TABLE:
        closed = _table(run, signals, queries, output)
    else:
        closed = run.over(signals, [views.stream(chosen, output, queries)])
        if output.summary:
            _say(_summary(run, closed, output), output)
    _report(run, closed, output)
    if run.signal_number:
        return 128 + run.signal_number
    return verdict.EXIT_CODES[closed.ending]


def _signals(
    target: str,
    pairs: Sequence[tuple[str, str]],
    stream: StreamOptions,
    clock: sources.Clock,
    verbose: bool,
) -> Iterator[Signal]:
    reading = sources.Reading(any_type=stream.any_type, ndjson=stream.ndjson)
    kind = "url" if target == CURL else sources.kind_of(target)
    if kind == "url":
        url = [] if target == CURL else [("url", target)]
        asked = request.build([*url, *pairs])
        signals = sources.from_url(asked, reading, clock)
        return _loud(asked, signals) if verbose else signals
    if asking := [name for name, _ in pairs if name != "verbose"]:
        raise UsageError(f"--{asking[0]} goes with a URL, and {target} is none", "drop it")
    return (
        sources.from_stdin(reading, clock)
        if kind == "stdin"
        else sources.from_file(target, reading)
    )


def _loud(asked: request.Request, signals: Iterator[Signal]) -> Iterator[Signal]:
    """`signals`, with the request and the reply's head told on standard error."""
    from sse_cli.render import reply  # noqa: PLC0415 (Rich costs 40 ms)

    _say(reply.request_lines(asked))
    for signal in signals:
        if isinstance(signal, Opened):
            _say(reply.reply_lines(signal))
        yield signal


def _table(
    run: Run, signals: Iterator[Signal], queries: Sequence[Query], output: OutputOptions
) -> Closed:
    from sse_cli.render import console, summary  # noqa: PLC0415 (Rich costs 40 ms)
    from sse_cli.render.live import Live  # noqa: PLC0415

    screen = console.make(output.color.value)
    live = Live(
        screen,
        queries,
        lambda: summary.footer(run.timing, run.clock()),
        full=output.full,
        everything=output.everything,
    )
    try:
        closed = run.over(signals, [live])
    finally:
        live.close()
    if output.summary is not False:
        console.print_lines(screen, _summary(run, closed, output, console.is_unicode(screen)))
    return closed


def _summary(run: Run, closed: Closed, output: OutputOptions, unicode: bool = True) -> Lines:
    from sse_cli.render import summary  # noqa: PLC0415 (Rich costs 40 ms)

    expressions: list[Expression] = [*run.selection.queries]
    expressions += [one for one in (run.selection.where, run.until) if one]
    report = summary.Report(
        run.timing, closed, run.shown, run.aside, expressions, output.everything
    )
    return summary.summary(report, unicode=unicode)


def _report(run: Run, closed: Closed, output: OutputOptions) -> None:
    """What went wrong, on standard error: a refused reply's body, then error and hint."""
    failed = verdict.EXIT_CODES[closed.ending] != 0 and closed.ending is not Ending.INTERRUPTED
    empty = run.timing.messages == 0 and closed.ending in (Ending.EOF, Ending.EOF_UNVERIFIED)
    if not failed and not empty:
        return
    from sse_cli.render import reply  # noqa: PLC0415 (Rich costs 40 ms)

    if run.opened and closed.body:
        _say(reply.refused_lines(run.opened, closed, head=output.output is not Format.TABLE))
    if failed:
        _say(reply.error_lines(closed.detail or closed.ending.value, closed.hint), output)
    else:
        _say(reply.warning_lines(EMPTY, EMPTY_HINT), output)


EMPTY = "the stream ended without a single event"
EMPTY_HINT = "--all shows comments and ignored lines, -o raw the bytes, -v the exchange"


def _say(lines: Lines, output: OutputOptions | None = None) -> None:
    from sse_cli.render import console  # noqa: PLC0415 (Rich costs 40 ms)

    color: Any = output.color.value if output else "auto"
    if sys.stderr is not None:
        console.print_lines(console.make(color, stderr=True), lines)


def _bytes(text: str) -> int:
    """`--max-size` in bytes."""
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3}.get(text[-1:].upper(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageError(f"--max-size {text!r} is no size", "write bytes, or 512K, 16M")
    return int(digits) * factor
