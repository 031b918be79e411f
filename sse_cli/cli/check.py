"""`sse check TARGET…`: expectations of streams, for CI: a report, and the exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from sse_cli.check import failure_recordings
from sse_cli.check.outcome import Checked, exit_code
from sse_cli.check.reports import github_actions, json_report, junit
from sse_cli.check.runner import Plan, Runner
from sse_cli.check.stream_check import StreamCheck
from sse_cli.cli import check_errors, hints, messages
from sse_cli.cli.check_targets import CheckArguments
from sse_cli.cli.command_line import PAIRS
from sse_cli.cli.messages import Suspended
from sse_cli.cli.options.check import CheckFormat, CheckOptions, ExpectationOptions
from sse_cli.cli.options.request import RequestOptions
from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.model.causes import Cause
from sse_cli.model.errors import Terminated, UsageError
from sse_cli.render.stdout import Output, is_terminal, standard_output

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
    expected: ExpectationOptions,
    _asked: RequestOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    recording: RecordingOptions,
    options: CheckOptions,
) -> None:
    """Judge streams by what is expected of them; exit 1 if an expectation fails.

    Always expected, unless told otherwise: a whole event stream without an error event.
    A request is given up after --max-time, 2 minutes by default.

    sse check https://api.example.com/v1/chat/completions --json @body.json --min-events 3
    """
    said = CheckArguments(ctx.meta[PAIRS], expected, resuming, reading, recording, options)
    raise typer.Exit(check_all(said.streams(target), options))


def check_all(streams: Sequence[StreamCheck], options: CheckOptions) -> int:
    """Check all streams and report on them; the exit code. Raises SSEError."""
    _refuse_what_is_for_one(streams, options)
    if options.keep is not None:
        folder = failure_recordings.folder(options.keep)
        names = failure_recordings.file_names(stream.name for stream in streams)
        pairs = zip(streams, names, strict=True)
        streams = [replace(stream, keep=folder, file_name=name) for stream, name in pairs]
    if options.junit is not None:
        junit.prepare(options.junit)
    report = _report(options)
    started = datetime.now()
    runner = Runner(streams, Plan(options.jobs, options.attempts))
    with _progress(runner, streams) as suspended:
        found = _checked(runner, len(streams), report, suspended)
    report.finish(found)
    if options.junit is not None:
        junit.write(options.junit, found, started)
    _annotate(found, options)
    _explain(found, options)
    return exit_code(one.exit_code for one in found)


@contextmanager
def _progress(runner: Runner, streams: Sequence[StreamCheck]) -> Iterator[Suspended]:
    """Show what runs on standard error if that is a person's terminal; gives what makes room
    there. What `-v` says would be written across it."""
    is_for_people = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")
    if not is_for_people or any(_is_verbose(stream) for stream in streams):
        yield nullcontext
        return
    from sse_cli.render import check_progress, console  # noqa: PLC0415 (Rich costs 40 ms)

    shown = check_progress.Progress(console.make(stderr=True), runner.running)
    try:
        yield shown.suspended
    finally:
        shown.close()


def _checked(
    runner: Runner, count: int, report: _TextReport | _JSONReport, suspended: Suspended
) -> list[Checked]:
    """Every stream as soon as it and those before it are over; after Ctrl-C all, as they are."""
    found: list[Checked] = []
    try:
        while len(found) < count:
            found.append(runner.wait(len(found)))
            with suspended():
                report.show(found[-1])
    except (KeyboardInterrupt, Terminated) as error:
        number = getattr(error, "signal_number", signal.SIGINT)
        while len(found) < count:
            found.append(runner.stopped(len(found), number))
            with suspended():
                report.show(found[-1])
    return found


def _is_verbose(stream: StreamCheck) -> bool:
    return stream.settings.request is not None and stream.settings.request.verbose


def _refuse_what_is_for_one(streams: Sequence[StreamCheck], options: CheckOptions) -> None:
    runs = len(streams) * options.attempts
    if runs > 1 and any(stream.settings.recording.path for stream in streams):
        raise UsageError("--record is for one run of one stream", "--keep DIR keeps what fails")
    if options.keep and any(stream.settings.recording.path for stream in streams):
        raise UsageError("--record keeps every run and --keep what fails", "drop one of them")
    if runs > 1 and any(stream.settings.target == "-" for stream in streams):
        raise UsageError("standard input can be read once only", "check it alone: sse check -")


class _TextReport:
    def __init__(self, options: CheckOptions) -> None:
        from sse_cli.render import check_report, console  # noqa: PLC0415 (Rich costs 40 ms)

        standard_output()  # which may be closed
        self._screen = console.make(options.color.value)
        self._print = console.print_lines
        self._checks = check_report
        self._page = check_report.ReportLayout(
            self._screen,
            hints.hint_of(Cause.EMPTY_CHECK),
            self._screen.width if is_terminal() else None,
        )

    def show(self, checked: Checked) -> None:
        self._print(self._screen, self._checks.stream_lines(checked, self._page))

    def finish(self, streams: Sequence[Checked]) -> None:
        self._print(self._screen, self._checks.closing_lines(streams))


class _JSONReport:
    def show(self, checked: Checked) -> None:
        """Nothing yet: one object holds them all."""

    def finish(self, streams: Sequence[Checked]) -> None:
        output = Output()
        output.write(json_report.text(streams) + "\n")
        output.flush()


def _report(options: CheckOptions) -> _TextReport | _JSONReport:
    return _JSONReport() if options.output is CheckFormat.JSON else _TextReport(options)


def _annotate(streams: Sequence[Checked], options: CheckOptions) -> None:
    """GitHub's annotations; beside JSON on standard error, which the runner reads as well."""
    if not github_actions.is_wanted(os.environ):
        return
    lines = "".join(f"{line}\n" for line in github_actions.of(streams))
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
    from sse_cli.render import error_messages  # noqa: PLC0415 (Rich costs 40 ms)

    message, hint = map(github_actions.defused, check_errors.error(streams))
    messages.say(error_messages.error_lines(message, hint), options.color.value)
