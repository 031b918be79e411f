"""`sse check TARGET…`: judge streams by expectations, for CI, with a report and an exit code."""

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
from sse_cli.cli import check_errors, messages
from sse_cli.cli.check_targets import CheckArguments
from sse_cli.cli.command_line import PAIRS
from sse_cli.cli.messages import Suspended
from sse_cli.cli.options.check import CheckFormat, CheckOptions, ExpectationOptions
from sse_cli.cli.options.request import RequestOptions
from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.model.errors import Terminated, UsageError
from sse_cli.render.stdout import Output, is_terminal, standard_output

TARGETS = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET...",
        help="URL, recording, .sse file, - for stdin, .toml file of streams, or: curl … as pasted.",
        show_default=False,
    ),
]


def check(  # noqa: PLR0913 (Typer passes the context, the targets and groups of options)
    ctx: typer.Context,
    target: TARGETS,
    *,
    expected: ExpectationOptions,
    _request: RequestOptions,
    resuming: ResumeOptions,
    reading: ReadingOptions,
    recording: RecordingOptions,
    options: CheckOptions,
) -> None:
    """Judge streams by expectations; exit 1 if one fails.

    By default, a complete event stream without an error event is expected.
    A stream is given up after --max-time, 2 minutes by default.

    sse check https://api.example.com/v1/chat/completions --json @body.json --min-events 3
    """
    arguments = CheckArguments(ctx.meta[PAIRS], expected, resuming, reading, recording, options)
    raise typer.Exit(check_all(arguments.streams(target), options))


def check_all(streams: Sequence[StreamCheck], options: CheckOptions) -> int:
    """Check all streams and report on them; return the exit code. Raises SSEError."""
    _validate(streams, options)
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
        results = _results(runner, len(streams), report, suspended)
    report.finish(results)
    if options.junit is not None:
        junit.write(options.junit, results, started)
    _annotate(results, options)
    _explain(results, options)
    return exit_code(checked.exit_code for checked in results)


@contextmanager
def _progress(runner: Runner, streams: Sequence[StreamCheck]) -> Iterator[Suspended]:
    """Show the running attempts on standard error if it is a terminal and this is not CI.

    Yields a context manager that clears the display while something else is written. Nothing is
    shown with `-v`, because its output would mix with the display.
    """
    is_interactive = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")
    if not is_interactive or any(_is_verbose(stream) for stream in streams):
        yield nullcontext
        return
    from sse_cli.render import check_progress, console  # noqa: PLC0415 (Rich costs 40 ms)

    shown = check_progress.Progress(console.make(stderr=True), runner.running)
    try:
        yield shown.suspended
    finally:
        shown.close()


def _results(
    runner: Runner, count: int, report: _TextReport | _JSONReport, suspended: Suspended
) -> list[Checked]:
    """Return all streams; report each as soon as it and the streams before it have finished.

    After Ctrl-C, take the rest in their current state.
    """
    results: list[Checked] = []
    try:
        while len(results) < count:
            results.append(runner.wait(len(results)))
            with suspended():
                report.show(results[-1])
    except (KeyboardInterrupt, Terminated) as error:
        number = getattr(error, "signal_number", signal.SIGINT)
        while len(results) < count:
            results.append(runner.stopped(len(results), number))
            with suspended():
                report.show(results[-1])
    return results


def _is_verbose(stream: StreamCheck) -> bool:
    return stream.settings.request is not None and stream.settings.request.verbose


def _validate(streams: Sequence[StreamCheck], options: CheckOptions) -> None:
    """Raise UsageError for options that allow only one run, or that exclude each other."""
    runs = len(streams) * options.attempts
    if runs > 1 and any(stream.settings.recording.path for stream in streams):
        raise UsageError("--record is for one run of one stream", "--keep DIR keeps failed runs")
    if options.keep and any(stream.settings.recording.path for stream in streams):
        raise UsageError(
            "--record keeps every run, and --keep only failed ones", "drop one of them"
        )
    if runs > 1 and any(stream.settings.target == "-" for stream in streams):
        raise UsageError("standard input can be read only once", "check it alone: sse check -")


class _TextReport:
    def __init__(self, options: CheckOptions) -> None:
        from sse_cli.render import check_report, console  # noqa: PLC0415 (Rich costs 40 ms)

        standard_output()  # raises if it is closed
        self._screen = console.make(options.color.value)
        self._print = console.print_lines
        self._checks = check_report
        self._layout = check_report.ReportLayout(
            self._screen,
            self._screen.width if is_terminal() else None,
        )

    def show(self, checked: Checked) -> None:
        self._print(self._screen, self._checks.stream_lines(checked, self._layout))

    def finish(self, streams: Sequence[Checked]) -> None:
        self._print(self._screen, self._checks.closing_lines(streams))


class _JSONReport:
    def show(self, checked: Checked) -> None:
        """Do nothing yet, because one object holds all streams."""

    def finish(self, streams: Sequence[Checked]) -> None:
        output = Output()
        output.write(json_report.text(streams) + "\n")
        output.flush()


def _report(options: CheckOptions) -> _TextReport | _JSONReport:
    return _JSONReport() if options.output is CheckFormat.JSON else _TextReport(options)


def _annotate(streams: Sequence[Checked], options: CheckOptions) -> None:
    """Write GitHub's annotations; with JSON on standard error, which the runner reads too."""
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
    """Print the error and the hint if any stream failed."""
    if not any(checked.exit_code for checked in streams):
        return
    from sse_cli.render import error_messages  # noqa: PLC0415 (Rich costs 40 ms)

    message, hint = map(github_actions.defused, check_errors.error(streams))
    messages.say(error_messages.error_lines(message, hint), options.color.value)
