"""One stream of a check: its settings, its expectations, and one run over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from sse_cli.analysis.timing import Timing
from sse_cli.analysis.verdict import ReportedError
from sse_cli.check import expectations, failure_recordings
from sse_cli.check.expectation_observer import ExpectationDeadlines, ExpectationObserver
from sse_cli.check.expectations import EXCERPT, Evidence, Expectation, StreamFacts, option_of
from sse_cli.check.outcome import Attempt, judge
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.response_object import response_object
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.events import Closed, Opened
from sse_cli.model.observer import Observer
from sse_cli.query.selection import Expression
from sse_cli.request.option_values import duration
from sse_cli.run.measurements import Measurements
from sse_cli.run.observers import Assembly, ShownLimit, Until
from sse_cli.run.open_target import clock_of, open_target, recorder_of, session_of
from sse_cli.run.response_observer import DeltaWriter, NoWriter, ResponseObserver, missing_end
from sse_cli.run.settings import RecordingSettings, TargetSettings
from sse_cli.run.stream_run import StreamRun
from sse_cli.text import redaction

MAX_TIME: Final = 120.0  # seconds, by default: no stream may hang a CI job
MARGIN: Final = 0.1  # seconds after --total-within until the request is given up


@dataclass(frozen=True)
class StreamCheck:
    """One stream to check, with its settings and expectations."""

    name: str
    settings: TargetSettings
    expected: Sequence[tuple[str, str]] = ()
    format: str | None = None
    max_events: int | None = None
    until: str | None = None
    place: tuple[str, int] | None = None
    keep: Path | None = None
    file_name: str = "stream"

    def ready(self) -> StreamCheck:
        """Return the stream with a deadline on its request.

        Raises UsageError for an expectation, a format or an expression that is not valid.
        """
        expectations.build(self.expected)
        if self.format is not None:
            wire_format.named(self.format)
        if self.until is not None:
            Expression(self.until, option_of("until"))
        request = self.settings.request
        if request is None:
            limit = self.settings.max_time or self._deadline()
            return replace(self, settings=self.settings._replace(max_time=limit))
        if request.max_time is None:
            request = request._replace(max_time=self._deadline())
        name = self.name if self.place else redaction.url(request.url)
        return replace(self, name=name, settings=self.settings._replace(request=request))

    def target(self) -> str:
        """Return the target for display: the method and redacted URL, or the name of a file."""
        request = self.settings.request
        if request:
            return f"{request.method} {redaction.url(request.url)}"
        return self.name if self.settings.target == "-" else self.settings.target

    def accumulator(self, known: Sequence[WireFormat]) -> Accumulator:
        """Return an accumulator for the given format, or one that detects any `known` format."""
        return Accumulator(known if self.format is None else [wire_format.named(self.format)])

    def _deadline(self) -> float:
        total = dict(self.expected).get("total-within")
        return MAX_TIME if total is None else duration(total, option_of("total-within")) + MARGIN


def run_once(
    stream: StreamCheck,
    known: Sequence[WireFormat],
    number: int = 1,
    begun: Callable[[Timing], object] = lambda _timing: None,
) -> Attempt:
    """Read a stream to its end and judge it; keep its recording only if an expectation failed.

    `begun` gets the timing, which is updated while the stream runs.
    """
    if stream.keep is None:
        return _run(stream, known, begun)
    with failure_recordings.attempt(stream.keep, stream.file_name, number) as recorded:
        recording = RecordingSettings(str(recorded.path))
        settings = stream.settings._replace(recording=recording)
        attempt = _run(replace(stream, settings=settings), known, begun)
        recorded.wanted = not attempt.outcome.held
    return replace(attempt, recording=recorded.name)


def _run(
    stream: StreamCheck, known: Sequence[WireFormat], begun: Callable[[Timing], object]
) -> Attempt:
    judged = judged_run(stream, stream.accumulator(known))
    begun(judged.measured.timing)
    closed = judged.run.read(open_target(stream.settings, judged.run))
    facts = judged.facts(closed)
    status = facts.opened.status if facts.opened else None
    return Attempt(judge(judged.expectations, facts), facts.answer, status)


class JudgedRun(NamedTuple):
    """A run with the observers and expectations that judge it."""

    run: StreamRun
    measured: Measurements
    response: ResponseObserver
    expectations: Sequence[Expectation]
    deadlines: ExpectationDeadlines

    def facts(self, closed: Closed) -> StreamFacts:
        """Return the facts that the expectations judge."""
        measured, response = self.measured, self.response
        opened, accumulator = measured.connections.opened, response.accumulator
        answer = response_object(accumulator, opened, closed, measured.timing, response.timing)
        wire = accumulator.format
        return StreamFacts(
            closed=closed,
            timing=measured.timing,
            answer=answer | {"headers": _headers(opened)},
            opened=opened,
            first_content=response.timing.first.get("text"),
            error=_evidence(measured.verdict.reported),
            format=wire.name if wire else None,
            empty_data=wire is not None and wire.empty_data,
            gave_up=self.deadlines.gave_up,
        )


def judged_run(
    stream: StreamCheck, accumulator: Accumulator, writer: DeltaWriter | None = None
) -> JudgedRun:
    """Return a run over `stream`, with the observers that judge it."""
    settings = stream.settings
    session = session_of(settings)
    measured = Measurements(session, partial(missing_end, accumulator))
    response = ResponseObserver(accumulator, writer or NoWriter(), measured.verdict)
    expected = expectations.build(stream.expected)
    deadlines = ExpectationDeadlines(expected, response)
    observers: list[Observer | None] = [
        recorder_of(settings),
        Assembly(accumulator),
        *measured.observers(),
        Until(Expression(stream.until, option_of("until"))) if stream.until is not None else None,
        ShownLimit(stream.max_events) if stream.max_events is not None else None,
        response,
        ExpectationObserver(expected),
        deadlines if deadlines.waits else None,
    ]
    run = StreamRun(session, clock_of(settings), [observer for observer in observers if observer])
    return JudgedRun(run, measured, response, expected, deadlines)


def _evidence(report: ReportedError | None) -> Evidence | None:
    """Return the event that reports an error as evidence, cut to the length that is shown."""
    if report is None:
        return None
    n = report.n if report.is_event else 0
    return Evidence(n, report.at, report.type, report.data[:EXCERPT])


def _headers(opened: Opened | None) -> dict[str, str]:
    """Return the reply's headers by lower-case name, with secrets redacted."""
    if opened is None:
        return {}
    names = {name.lower() for name, _ in opened.headers}
    return {name: redaction.header(name, opened.header(name) or "") for name in sorted(names)}
