"""`sse tail TARGET`: the typewriter text of an answer, whatever API is behind it."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from sse_cli.cli import messages
from sse_cli.cli.command_line import PAIRS
from sse_cli.cli.options.request import RequestOptions
from sse_cli.cli.options.stream import (
    COLOR,
    FORMAT,
    HELP_ALL,
    OUTPUT,
    STREAM,
    ColorChoice,
    ReadingOptions,
    RecordingOptions,
    ResumeOptions,
    Texts,
    option,
)
from sse_cli.cli.watch import TARGET
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.response import answer_object
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed
from sse_cli.query.selection import Query, as_text
from sse_cli.render.response_writers import (
    DeltaWriter,
    JSONLinesWriter,
    NoWriter,
    PlainReasoning,
    ReasoningWriter,
    TextWriter,
)
from sse_cli.render.stdout import Output, is_terminal
from sse_cli.run.open_target import VERBOSE, Wanted, open_target
from sse_cli.run.response_observer import ResponseObserver
from sse_cli.run.stream_run import Run
from sse_cli.text import json_values, units


class TailFormat(StrEnum):
    """What `tail` writes."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


class Reasoning(StrEnum):
    """Where reasoning and tool calls go."""

    AUTO = "auto"
    STDERR = "stderr"
    STDOUT = "stdout"
    HIDE = "hide"


class TailOptions(NamedTuple):
    """What to take for the answer, and how to show it."""

    color: COLOR = ColorChoice.AUTO
    help_all: HELP_ALL = False
    format: FORMAT = None
    query: Annotated[
        Texts,
        option(
            "-q", "--query", panel=STREAM, metavar="EXPR", text="JMESPath for the text instead."
        ),
    ] = None
    choice: Annotated[
        int,
        option("--choice", panel=STREAM, metavar="N", min=0, text="Which alternative to type out."),
    ] = 0
    output: Annotated[
        TailFormat,
        option("-o", "--output", panel=OUTPUT, metavar="FORMAT", text="text, json or jsonl."),
    ] = TailFormat.TEXT
    reasoning: Annotated[
        Reasoning,
        option(
            "--reasoning",
            panel=OUTPUT,
            metavar="WHERE",
            text="stderr, stdout or hide; by default stderr if it is a terminal.",
        ),
    ] = Reasoning.AUTO
    markdown: Annotated[
        bool, option("--markdown", panel=OUTPUT, text="Render the answer on a terminal.")
    ] = False
    summary: Annotated[
        bool | None,
        option(
            "--summary/--no-summary", panel=OUTPUT, text="The closing line.", show_default=False
        ),
    ] = None


def tail(  # noqa: PLR0913 (Typer's: the context, the target, groups of options)
    ctx: typer.Context,
    target: TARGET,
    *,
    _asked: RequestOptions,
    answer: TailOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    keeping: RecordingOptions,
) -> None:
    """Type out the answer of an AI API as it arrives; -o json gives it whole.

    sse tail https://api.example.com/v1/chat/completions --json @body.json
    """
    wanted = Wanted(target, ctx.meta[PAIRS], reading, resuming, keeping)
    raise typer.Exit(type_out(wanted, answer))


def type_out(wanted: Wanted, options: TailOptions) -> int:
    """Read a target to the end of its answer; the exit code."""
    run = Run(wanted.session(), wanted.clock())
    view = ResponseObserver(Accumulator(_formats(options)), _writer(options), run.verdict)
    run.answer = answer = view.accumulator
    run.is_done = lambda: answer.done or (answer.format is None and answer.gave_up)
    run.verdict.missing = view.missing
    signals = open_target(wanted, run)
    try:
        closed = run.over(signals, view)
    finally:
        view.writer.close()
    color: messages.Color = options.color.value
    failed = messages.failed(closed) or run.signal_number
    if view.is_unknown and not failed and run.timing.messages:
        raise UsageError(
            f"the format is unknown: none fits the {units.count(run.timing.messages, 'event')} "
            "that came",
            closed.cause or Cause.UNKNOWN_FORMAT,
        )
    if options.output is TailFormat.JSON:
        _print(answer_object(answer, run.opened, closed, run.timing, view.timing))
    _close(run, closed, view, options)
    messages.explain(run, closed, color, head=VERBOSE not in wanted.pairs)
    return messages.exit_code(run, closed)


def _formats(options: TailOptions) -> list[WireFormat]:
    if options.query is not None and options.format is not None:
        raise UsageError("--query takes the text instead of a format", "drop --format or --query")
    if options.query is not None:
        if len(options.query) > 1:
            raise UsageError("tail takes one --query", "sse watch shows several, a column each")
        return [_of_query(Query(options.query[0], "--query"))]
    return wire_format.known() if options.format is None else [wire_format.named(options.format)]


def _of_query(query: Query) -> WireFormat:
    """A format whose text is the value of an expression over the payload."""

    def text(envelope: Any) -> str:
        return as_text(query.search(envelope["data"]))

    return WireFormat.of("--query", {"text": text}, query)


def _writer(options: TailOptions) -> DeltaWriter:
    if options.markdown and options.output is not TailFormat.TEXT:
        raise UsageError("--markdown renders text", f"drop -o {options.output.value}")
    output = Output()
    if options.output is TailFormat.JSON:
        return NoWriter()
    if options.output is TailFormat.JSONL:
        return JSONLinesWriter(output)
    aside = _aside(options, output)
    if options.markdown and is_terminal():
        from sse_cli.render import console, markdown  # noqa: PLC0415 (Rich costs 40 ms)

        screen = console.make(options.color.value)
        return markdown.MarkdownWriter(screen, aside, choice=options.choice)
    return TextWriter(output, aside, choice=options.choice, terminal=is_terminal())


def _aside(options: TailOptions, output: Output) -> ReasoningWriter | None:
    where = options.reasoning
    if where is Reasoning.AUTO:
        where = Reasoning.STDERR if _is_person_reading() else Reasoning.HIDE
    if where is Reasoning.HIDE or (where is Reasoning.STDERR and sys.stderr is None):
        return None
    if where is Reasoning.STDOUT:
        return PlainReasoning(output, terminal=is_terminal())
    from sse_cli.render import console, reasoning  # noqa: PLC0415 (Rich costs 40 ms)

    return reasoning.ConsoleReasoning(console.make(options.color.value, stderr=True))


def _is_person_reading() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _print(answer: dict[str, Any]) -> None:
    output = Output()
    output.write(json_values.lay_out(answer) + "\n")
    output.flush()


def _close(run: Run, closed: Closed, view: ResponseObserver, options: TailOptions) -> None:
    """The closing line, for a person who reads or who asked for it; and what was broken."""
    wanted = options.summary
    if wanted is None:
        wanted = options.output is TailFormat.TEXT and is_terminal() and _is_person_reading()
    failures = view.accumulator.failures
    nothing = "" if messages.failed(closed) else view.nothing(options.choice)
    if not wanted and not view.broken and not failures and not nothing:
        return
    from sse_cli.render import tail_summary  # noqa: PLC0415 (Rich costs 40 ms)

    color: messages.Color = options.color.value
    if view.broken:
        messages.say(tail_summary.broken_json(view.broken, view.first_broken), color)
    messages.say(tail_summary.failed_expressions(failures), color)
    if nothing:
        messages.say(tail_summary.nothing(nothing), color)
    if wanted:
        report = tail_summary.TailReport(
            closed,
            run.timing,
            view.timing,
            view.accumulator,
            run.reconnects,
            run.resume_audit.repeated,
            run.resume_audit.skipped,
            messages.failed(closed) and messages.is_one_screen(),
        )
        messages.say(tail_summary.lines(report), color)
