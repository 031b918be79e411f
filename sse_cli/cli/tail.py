"""`sse tail TARGET`: type out the answer of any AI API as it arrives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Final, NamedTuple

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
from sse_cli.cli.target_settings import settings_of
from sse_cli.cli.watch import TARGET
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.response_object import response_object
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending
from sse_cli.model.observer import Observer
from sse_cli.process import crash_reports
from sse_cli.query.selection import Query, as_text
from sse_cli.render.delta_writers import (
    JSONLinesWriter,
    PlainReasoning,
    ReasoningWriter,
    TextWriter,
)
from sse_cli.render.stdout import Output, is_terminal
from sse_cli.run.measurements import Measurements, RunReport
from sse_cli.run.observers import Assembly, UnknownFormatNotice
from sse_cli.run.open_target import clock_of, open_target, recorder_of, session_of
from sse_cli.run.response_observer import DeltaWriter, NoWriter, ResponseObserver, missing_end
from sse_cli.run.settings import TargetSettings
from sse_cli.run.stream_run import StreamRun
from sse_cli.text import json_values, units

_CHOOSE: Final = "use -q EXPR or --format NAME"


class TailFormat(StrEnum):
    """The output format of `tail`."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


class Reasoning(StrEnum):
    """The destination of reasoning and tool calls."""

    AUTO = "auto"
    STDERR = "stderr"
    STDOUT = "stdout"
    HIDE = "hide"


class TailOptions(NamedTuple):
    """The options that select the answer and its output."""

    color: COLOR = ColorChoice.AUTO
    help_all: HELP_ALL = False
    format: FORMAT = None
    query: Annotated[
        Texts,
        option(
            "-q", "--query", panel=STREAM, metavar="EXPR", text="Take the text by JMESPath instead."
        ),
    ] = None
    choice: Annotated[
        int,
        option("--choice", panel=STREAM, metavar="N", min=0, text="Type out this alternative."),
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
            "--summary/--no-summary",
            panel=OUTPUT,
            text="Print the closing line.",
            show_default=False,
        ),
    ] = None


def tail(  # noqa: PLR0913 (Typer passes the context, the target and groups of options)
    ctx: typer.Context,
    target: TARGET,
    *,
    _request: RequestOptions,
    answer: TailOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    recording: RecordingOptions,
) -> None:
    """Type out the answer of an AI API as it arrives; -o json prints it as one object.

    sse tail https://api.example.com/v1/chat/completions --json @body.json
    """
    settings = settings_of(target, ctx.meta[PAIRS], reading, resuming, recording)
    raise typer.Exit(type_out(settings, answer))


def type_out(settings: TargetSettings, options: TailOptions) -> int:
    """Read a target to the end of its answer; return the exit code.

    Raises SSEError for an invalid target or option, and if no format is found.
    """
    session = session_of(settings)
    accumulator = Accumulator(_formats(options))
    measured = Measurements(session, partial(missing_end, accumulator))
    writer = _writer(options)
    response = ResponseObserver(accumulator, writer, measured.verdict)
    notice = UnknownFormatNotice(accumulator, measured.timing, partial(_say_unknown, writer))
    observers: list[Observer | None] = [
        recorder_of(settings),
        messages.exchange_log(settings.request, partial(_finished, writer)),
        Assembly(accumulator),
        *measured.observers(),
        response,
        notice,
    ]
    run = StreamRun(session, clock_of(settings), [observer for observer in observers if observer])
    closed = run.read(open_target(settings, run))
    report = RunReport(measured, closed, run.signal_number)
    _require_format(report, response)
    if options.output is TailFormat.JSON:
        opened = measured.connections.opened
        _print(response_object(accumulator, opened, closed, measured.timing, response.timing))
    _close(report, response, options)
    if response.is_unknown and notice.told != measured.timing.messages:
        _say_unknown_at_end(report)
    verbose = settings.request is not None and settings.request.verbose
    messages.explain(report, options.color.value, head=not verbose)
    return report.exit_code


def _require_format(report: RunReport, response: ResponseObserver) -> None:
    """Raise UsageError if no format fits the events that came."""
    count = 0 if response.is_bare_end else report.measured.timing.messages
    if response.is_unknown and count and not report.failed and not report.signal_number:
        raise UsageError(
            f"the format is unknown: none fits the {units.count(count, 'event')} that came",
            report.closed.cause or Cause.UNKNOWN_FORMAT,
        )


@contextmanager
def _finished(writer: DeltaWriter) -> Iterator[None]:
    """Finish the open line of the answer, so that messages can follow on standard error."""
    writer.close()
    yield


def _say_unknown(writer: DeltaWriter, count: int) -> None:
    with _finished(writer):
        events = units.count(count, "event")
        crash_reports.say(f"note: {events}, no known format yet: {_CHOOSE}")


def _say_unknown_at_end(report: RunReport) -> None:
    """Say that no format fitted, if something else ended the run before that was certain."""
    ending, count = report.closed.ending, report.measured.timing.messages
    if count and ending is not Ending.ERROR_EVENT:  # which says why there is no text
        crash_reports.say(f"note: {units.count(count, 'event')}, no known format: {_CHOOSE}")


def _formats(options: TailOptions) -> list[WireFormat]:
    if options.query is not None and options.format is not None:
        raise UsageError("--query replaces a format", "drop --format or --query")
    if options.query is not None:
        if len(options.query) > 1:
            raise UsageError("tail takes one --query", "sse watch shows several, one per column")
        return [_of_query(Query(options.query[0], "--query"))]
    return wire_format.known() if options.format is None else [wire_format.named(options.format)]


def _of_query(query: Query) -> WireFormat:
    """Return a format whose text is the value of an expression over the payload."""

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
    reasoning_writer = _reasoning_writer(options, output)
    if options.markdown and is_terminal():
        from sse_cli.render import console, markdown  # noqa: PLC0415 (Rich costs 40 ms)

        screen = console.make(options.color.value)
        return markdown.MarkdownWriter(screen, output, reasoning_writer, choice=options.choice)
    return TextWriter(output, reasoning_writer, choice=options.choice, terminal=is_terminal())


def _reasoning_writer(options: TailOptions, output: Output) -> ReasoningWriter | None:
    where = options.reasoning
    if where is Reasoning.AUTO:
        where = Reasoning.STDERR if _is_person_reading() else Reasoning.HIDE
    if where is Reasoning.HIDE or (where is Reasoning.STDERR and sys.stderr is None):
        return None
    if where is Reasoning.STDOUT:
        return PlainReasoning(output, terminal=is_terminal())
    from sse_cli.render import console, reasoning_writer  # noqa: PLC0415 (Rich costs 40 ms)

    screen = console.make(options.color.value, stderr=True)
    return reasoning_writer.ConsoleReasoning(screen, shares_lines=messages.is_one_screen())


def _is_person_reading() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _print(answer: dict[str, Any]) -> None:
    output = Output()
    output.write(json_values.lay_out(answer) + "\n")
    output.flush()


def _close(report: RunReport, response: ResponseObserver, options: TailOptions) -> None:
    """Print problems with the answer, and the closing line if requested or on a terminal."""
    summary = options.summary
    if summary is None:
        summary = options.output is TailFormat.TEXT and is_terminal() and _is_person_reading()
    failures, differing = response.accumulator.failures, response.accumulator.differing
    repairs = response.accumulator.repairs.counts
    nothing = "" if report.failed else response.nothing(options.choice)
    failure = "" if report.failed else response.failure()
    unread = response.unread
    voided = response.accumulator.voided if options.output is TailFormat.TEXT else 0
    if not any((summary, unread, voided, failures, nothing, failure, differing, repairs)):
        return
    from sse_cli.render import tail_summary  # noqa: PLC0415 (Rich costs 40 ms)

    color: messages.Color = options.color.value
    if voided:
        messages.say(tail_summary.voided(voided), color)
    messages.say(tail_summary.unread(unread), color)
    messages.say(tail_summary.failed_expressions(failures), color)
    messages.say(tail_summary.repaired(repairs), color)
    if differing:
        messages.say(tail_summary.differing(differing), color)
    if failure:
        messages.say(tail_summary.failure(failure), color)
    if nothing:
        messages.say(tail_summary.nothing(nothing), color)
    if summary:
        explained = report.failed and messages.is_one_screen()
        messages.say(tail_summary.lines(report, response, explained=explained), color)
