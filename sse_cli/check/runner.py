"""Streams to be checked: one run each, several at a time, every one in a thread of its own.

The main thread only waits, so that Ctrl-C reaches it at once; the threads are daemons, which
die with the process, wherever they block.
"""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sse_cli.analysis.timing import Timing
from sse_cli.analysis.verdict import ReportedError
from sse_cli.check import expectations, failure_recordings
from sse_cli.check.expectation_observer import ExpectationObserver
from sse_cli.check.expectations import EXCERPT, Evidence, StreamFacts
from sse_cli.check.outcome import Attempt, Checked, Running, judge
from sse_cli.cli.options.stream import RecordingOptions
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.response import answer_object
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.events import Closed, Opened
from sse_cli.query.selection import Expression
from sse_cli.render.response_writers import NoWriter
from sse_cli.request.values import duration
from sse_cli.run.observers import ObserverGroup
from sse_cli.run.open_target import Wanted, build_request, kind_of, open_target
from sse_cli.run.response_observer import ResponseObserver
from sse_cli.run.stream_run import Run
from sse_cli.text import redaction

MAX_TIME: Final = 120.0  # seconds, unless told otherwise: nothing may hang a CI job
MARGIN: Final = 0.1  # seconds after --total-within until the request is given up
FIRST_PAUSE: Final = 0.5  # seconds before the second attempt; twice that before each later one
LONGEST_PAUSE: Final = 8.0
_OPTION: Final = re.compile(r"(?:invalid )?--([a-z0-9.-]+)")


@dataclass(frozen=True)
class StreamCheck:
    """One stream to check, with all that was said of it."""

    name: str
    wanted: Wanted
    expected: Sequence[tuple[str, str]] = ()
    format: str | None = None
    max_events: int | None = None
    until: str | None = None
    place: tuple[str, int] | None = None
    lines: Mapping[str, int] = field(default_factory=dict)  # of its keys in that file
    keep: Path | None = None
    file_name: str = "stream"

    def ready(self) -> StreamCheck:
        """The stream with its request built, and a deadline on it; what can't be is raised now.

        Raises UsageError.
        """
        expectations.build(self.expected)
        self.wanted.session()
        self.wanted.clock()
        if self.format is not None:
            wire_format.named(self.format)
        if self.until is not None:
            Expression(self.until, "--until")
        if kind_of(self.wanted.target) != "url":
            return self
        asked = build_request(self.wanted)
        if "max-time" not in dict(self.wanted.pairs):
            asked = asked._replace(max_time=self._deadline())
        name = self.name if self.place else redaction.url(asked.url)
        return replace(self, name=name, wanted=self.wanted._replace(asked=asked))

    def line_of(self, message: str) -> int | None:
        """The line in the file of the option that an error begins with, else of the stream."""
        found = _OPTION.match(message)
        name = found[1] if found else ""
        own = self.lines.get(name) or self.lines.get(f"{name}s")  # --header is of `headers`
        return own or (self.place[1] if self.place else None)

    def target(self) -> str:
        """What is checked, for people."""
        asked = self.wanted.asked
        if asked:
            return f"{asked.method} {redaction.url(asked.url)}"
        return self.name if self.wanted.target == "-" else self.wanted.target

    def accumulator(self, known: Sequence[WireFormat]) -> Accumulator:
        """What puts the answer together, by its format or by one of those `known`."""
        return Accumulator(known if self.format is None else [wire_format.named(self.format)])

    def _deadline(self) -> float:
        total = dict(self.expected).get("total-within")
        return MAX_TIME if total is None else duration(total, "--total-within") + MARGIN


def run_once(
    stream: StreamCheck,
    known: Sequence[WireFormat],
    number: int = 1,
    begun: Callable[[Timing], object] = lambda _timing: None,
) -> Attempt:
    """Read a stream to its end, and judge it; its recording stays only if something failed.

    `begun` is given the figures, which are those of the moment while it runs.
    """
    if stream.keep is None:
        return _run(stream, known, begun)
    with failure_recordings.attempt(stream.keep, stream.file_name, number) as kept:
        recorded = RecordingOptions(record=str(kept.path))
        wanted = stream.wanted._replace(keeping=recorded)
        attempt = _run(replace(stream, wanted=wanted), known, begun)
        kept.wanted = not attempt.outcome.held
    return replace(attempt, recording=kept.name)


def _run(
    stream: StreamCheck, known: Sequence[WireFormat], begun: Callable[[Timing], object]
) -> Attempt:
    run = Run(
        stream.wanted.session(),
        stream.wanted.clock(),
        until=Expression(stream.until, "--until") if stream.until is not None else None,
        max_events=stream.max_events,
    )
    view = ResponseObserver(stream.accumulator(known), NoWriter(), run.verdict)
    watcher = ExpectationObserver(expectations.build(stream.expected), view)
    run.due = watcher.due if watcher.waits else None
    run.answer = view.accumulator
    run.is_done = lambda: view.accumulator.done
    run.verdict.missing = view.missing
    begun(run.timing)
    closed = run.over(open_target(stream.wanted, run), ObserverGroup(view, watcher))
    facts = _facts(run, view, closed)
    status = run.opened.status if run.opened else None
    return Attempt(judge(watcher.expectations, facts), facts.answer, status)


def _facts(run: Run, view: ResponseObserver, closed: Closed) -> StreamFacts:
    answer = answer_object(view.accumulator, run.opened, closed, run.timing, view.timing)
    wire = view.accumulator.format
    return StreamFacts(
        closed=closed,
        timing=run.timing,
        answer=answer | {"headers": _headers(run.opened)},
        opened=run.opened,
        first_content=view.timing.first.get("text"),
        error=_witness(run.verdict.reported),
        format=wire.name if wire else None,
        gave_up=run.gave_up,
    )


def _witness(report: ReportedError | None) -> Evidence | None:
    """The event that reports an error, as far as it is shown."""
    if report is None:
        return None
    n = report.n if report.is_event else 0
    return Evidence(n, report.at, report.type, report.data[:EXCERPT])


def _headers(opened: Opened | None) -> dict[str, str]:
    """The reply's headers by their names in lower case; secrets redacted."""
    if opened is None:
        return {}
    names = {name.lower() for name, _ in opened.headers}
    return {name: redaction.header(name, opened.header(name) or "") for name in sorted(names)}


@dataclass(frozen=True)
class Plan:
    """How many streams at a time, how often each is tried at most."""

    jobs: int = 1
    attempts: int = 1

    def is_over(self, found: Sequence[Attempt]) -> bool:
        """Whether no other attempt follows those."""
        return bool(found) and (found[-1].outcome.held or len(found) >= self.attempts)


class Runner:
    """Runs streams in threads: `wait` for each in turn, or, after Ctrl-C, take it as it is
    (`stopped`)."""

    def __init__(self, streams: Sequence[StreamCheck], plan: Plan) -> None:
        self._streams = streams
        self._plan = plan
        self._known = wire_format.known()
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Exception | None]] = queue.SimpleQueue()
        self._finished: set[int] = set()
        self._running: dict[int, tuple[float, Timing]] = {}  # since when, and the figures
        self._tried: list[list[Attempt]] = [[] for _ in streams]  # so far; each of one thread
        for index in range(len(streams)):
            self._waiting.put(index)
        for number in range(min(plan.jobs, len(streams))):
            threading.Thread(target=self._work, daemon=True, name=f"sse-check-{number}").start()

    def wait(self, index: int) -> Checked:
        """StreamCheck `index` once it is checked. Raises what its thread raised."""
        while index not in self._finished:
            self._take(*self._done.get())
        return self._checked(index, 0)

    def stopped(self, index: int, signal_number: int) -> Checked:
        """StreamCheck `index` as it is now; without a verdict unless it was over."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(*self._done.get_nowait())
        is_over = index in self._finished or self._plan.is_over(self._tried[index])
        return self._checked(index, 0 if is_over else signal_number)

    def running(self) -> list[Running]:
        """What runs at this moment. Any thread may ask."""
        now = time.monotonic()
        return [
            Running(
                self._streams[index].name, len(self._tried[index]) + 1, now - since, timing.messages
            )
            for index, (since, timing) in sorted(self._running.items())
        ]

    def _take(self, index: int, error: Exception | None) -> None:
        if error is not None:
            raise error
        self._finished.add(index)

    def _checked(self, index: int, signal_number: int) -> Checked:
        stream = self._streams[index]
        attempts = list(self._tried[index])
        return Checked(stream.name, stream.target(), attempts, stream.place, signal_number)

    def _work(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                index = self._waiting.get_nowait()
                self._done.put((index, self._raised_by(index)))

    def _raised_by(self, index: int) -> Exception | None:
        """Try a stream; what that raised is raised again where it is waited for."""
        try:
            self._try(index, self._tried[index])
        except Exception as error:
            return error
        return None

    def _try(self, index: int, found: list[Attempt]) -> None:
        def begun(timing: Timing) -> None:
            self._running[index] = time.monotonic(), timing

        stream = self._streams[index]
        pause = FIRST_PAUSE
        while True:
            try:
                found.append(run_once(stream, self._known, len(found) + 1, begun))
            finally:
                self._running.pop(index, None)
            if self._plan.is_over(found):
                return
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
