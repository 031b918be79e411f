"""`sse check TARGET…`: expectations of streams, for CI: a report, and the exit code."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from sse_cli import check_object, junit, redact, workflow
from sse_cli.check import Checked, exit_code
from sse_cli.cli import keeping, telling
from sse_cli.cli.checking import Plan, Stream, run_all
from sse_cli.cli.opening import Wanted
from sse_cli.cli.options import (
    OUTPUT,
    STREAM,
    ColorChoice,
    ReadingOptions,
    RecordingOptions,
    RequestOptions,
    ResumeOptions,
    Texts,
    option,
    show_all_help,
)
from sse_cli.cli.parsing import CURL, PAIRS
from sse_cli.errors import UsageError
from sse_cli.render.output import Output, is_terminal

EXPECTATIONS = "Expectations"
MANY = "Many streams"


def _expectation(*names: str, text: str, metavar: str | None = None) -> Any:
    return option(*names, panel=EXPECTATIONS, text=text, metavar=metavar, show_default=False)


class CheckFormat(StrEnum):
    """What `check` writes."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class ExpectationOptions:
    """What is expected; each field is named after its option, and after its key in a file."""

    status: Annotated[
        str | None, _expectation("--status", metavar="N", text="The reply's HTTP status.")
    ] = None
    ending: Annotated[
        str | None,
        _expectation(
            "--ending",
            metavar="NAME,...",
            text="How it ends: done, eof, truncated, …; by default whole and without an error.",
        ),
    ] = None
    min_events: Annotated[
        str | None, _expectation("--min-events", metavar="N", text="At least N events.")
    ] = None
    first_event_within: Annotated[
        str | None,
        _expectation("--first-event-within", metavar="TIME", text="Time to the first event."),
    ] = None
    first_content_within: Annotated[
        str | None,
        _expectation("--first-content-within", metavar="TIME", text="Time to the first text."),
    ] = None
    max_gap: Annotated[
        str | None,
        _expectation("--max-gap", metavar="TIME", text="Longest time between two events."),
    ] = None
    total_within: Annotated[
        str | None, _expectation("--total-within", metavar="TIME", text="Time for it all.")
    ] = None
    text: Annotated[
        Texts, _expectation("--text", metavar="REGEX", text="Found in the answer's text.")
    ] = None
    valid_json: Annotated[
        bool, _expectation("--valid-json", text="The data of every event is JSON, or [DONE].")
    ] = False
    no_ignored: Annotated[
        bool, _expectation("--no-ignored", text="Nothing that a browser would drop.")
    ] = False
    expect_event: Annotated[
        Texts,
        _expectation("--expect-event", metavar="NAME[=N]", text="One event of a type, or just N."),
    ] = None
    any: Annotated[
        Texts, _expectation("--any", metavar="EXPR", text="JMESPath, true of any event's data.")
    ] = None
    all_match: Annotated[
        Texts, _expectation("--all-match", metavar="EXPR", text="The same, of every event's.")
    ] = None
    expect: Annotated[
        Texts,
        _expectation(
            "--expect", metavar="EXPR", text="The same, of the answer as tail -o json has it."
        ),
    ] = None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names and values of what was asked for; a flag's value is ""."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None or value is False:
                continue
            for text in value if isinstance(value, list) else [value]:
                yield one.name.replace("_", "-"), "" if text is True else text


@dataclass(frozen=True)
class CheckOptions:
    """What to read of the stream, how often, and where the verdict goes."""

    format: Annotated[
        str | None,
        option(
            "--format",
            panel=STREAM,
            metavar="NAME",
            text="Wire format, or FILE.toml; else detected.",
        ),
    ] = None
    max_events: Annotated[
        int | None,
        option(
            "-n", "--max-events", panel=STREAM, metavar="N", min=1, text="Judge the first N only."
        ),
    ] = None
    until: Annotated[
        str | None,
        option("--until", panel=STREAM, metavar="EXPR", text="Judge up to where EXPR is true."),
    ] = None
    jobs: Annotated[
        int,
        option("--jobs", panel=MANY, metavar="N", min=1, max=64, text="So many at a time."),
    ] = 1
    attempts: Annotated[
        int,
        option(
            "--attempts", panel=MANY, metavar="N", min=1, max=20, text="Try each N times at most."
        ),
    ] = 1
    keep: Annotated[
        str | None,
        option("--keep", panel=OUTPUT, metavar="DIR", text="Leave recordings of what fails there."),
    ] = None
    junit: Annotated[
        str | None,
        option("--junit", panel=OUTPUT, metavar="FILE", text="Write a JUnit XML report there."),
    ] = None
    output: Annotated[
        CheckFormat,
        option("-o", "--output", panel=OUTPUT, metavar="FORMAT", text="text or json."),
    ] = CheckFormat.TEXT
    color: Annotated[
        ColorChoice,
        option("--color", panel=OUTPUT, metavar="WHEN", text="auto, always or never.", hidden=True),
    ] = ColorChoice.AUTO
    help_all: Annotated[
        bool,
        typer.Option(
            "--help-all", help="Show every option.", is_eager=True, callback=show_all_help
        ),
    ] = False


TARGETS = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET...",
        help="URL, recording, .sse file, - for stdin, a .toml of streams, or: curl … as pasted.",
        show_default=False,
    ),
]


def check(  # noqa: PLR0913 (Typer's: the context, the targets, groups of options)
    ctx: typer.Context,
    target: TARGETS,
    *,
    _asked: RequestOptions,
    expected: ExpectationOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    recording: RecordingOptions,
    options: CheckOptions,
) -> None:
    """Judge streams by what is expected of them; exit 1 if an expectation fails.

    Always expected, unless --status or --ending say otherwise: an event stream that comes to its
    end, without an error event. A request is given up after --max-time, 2 minutes by default.

    sse check https://api.example.com/v1/chat/completions --json @body.json --min-events 3
    """
    pairs = ctx.meta[PAIRS]
    streams = [
        Stream(
            _name(one, pairs),
            Wanted(one, pairs, reading, resuming, recording),
            tuple(expected.pairs()),
            options.format,
            options.max_events,
            options.until,
        )
        for one in target
    ]
    raise typer.Exit(check_all(streams, options))


def check_all(streams: Sequence[Stream], options: CheckOptions) -> int:
    """Check all streams and report on them; the exit code. Raises SSEError."""
    _refuse_what_is_for_one(streams, options)
    if options.junit is not None:
        junit.prepare(options.junit)
    keep = keeping.folder(options.keep) if options.keep is not None else None
    names = keeping.file_names(stream.name for stream in streams)
    ready = [
        replace(stream.ready(), keep=keep, file_name=name)
        for stream, name in zip(streams, names, strict=True)
    ]
    report = _report(options)
    started = datetime.now()
    found = []
    for checked in run_all(ready, Plan(options.jobs, options.attempts)):
        found.append(checked)
        report.show(checked)
    report.finish(found)
    if options.junit is not None:
        junit.write(options.junit, found, started)
    _annotate(found, options)
    _explain(found, options)
    return exit_code(one.exit_code for one in found)


def _refuse_what_is_for_one(streams: Sequence[Stream], options: CheckOptions) -> None:
    runs = len(streams) * options.attempts
    if runs > 1 and any(stream.wanted.keeping.record for stream in streams):
        raise UsageError("--record is for one run of one stream", "--keep DIR keeps what fails")
    if runs > 1 and any(stream.wanted.target == "-" for stream in streams):
        raise UsageError("standard input can be read once only", "check it alone: sse check -")


class _TextReport:
    def __init__(self, options: CheckOptions) -> None:
        from sse_cli.render import checks, console  # noqa: PLC0415 (Rich costs 40 ms)

        self._screen = console.make(options.color.value)
        self._print = console.print_lines
        self._checks = checks
        width = self._screen.width if is_terminal() else None
        self._page = checks.Page(width, console.is_unicode(self._screen))

    def show(self, checked: Checked) -> None:
        self._print(self._screen, self._checks.stream_lines(checked, self._page))

    def finish(self, streams: Sequence[Checked]) -> None:
        self._print(self._screen, self._checks.closing_lines(streams))


class _JSONReport:
    def show(self, checked: Checked) -> None:
        """Nothing yet: one object holds them all."""

    def finish(self, streams: Sequence[Checked]) -> None:
        output = Output()
        output.write(check_object.text(streams) + "\n")
        output.flush()


def _report(options: CheckOptions) -> _TextReport | _JSONReport:
    return _JSONReport() if options.output is CheckFormat.JSON else _TextReport(options)


def _annotate(streams: Sequence[Checked], options: CheckOptions) -> None:
    """GitHub's annotations; beside JSON on standard error, which the runner reads as well."""
    if not workflow.is_wanted(os.environ):
        return
    lines = "".join(f"{line}\n" for line in workflow.of(streams))
    if options.output is CheckFormat.JSON:
        typer.echo(lines, nl=False, err=True)
        return
    output = Output()
    output.write(lines)
    output.flush()


def _explain(streams: Sequence[Checked], options: CheckOptions) -> None:
    """The error and the hint, for all that went wrong."""
    if not any(one.exit_code for one in streams):
        return
    from sse_cli.render import reply  # noqa: PLC0415 (Rich costs 40 ms)

    telling.say(reply.error_lines(*check_object.error(streams)), options.color.value)


def _name(target: str, pairs: Iterable[tuple[str, str]]) -> str:
    """What a stream of the command line is called: its URL without what a URL hides."""
    if target == CURL:
        target = next((value for name, value in pairs if name == "url"), CURL)
    return redact.url(target) if "://" in target or "@" in target else target
