"""From expectations to verdicts, and from verdicts to the exit code of `check`. Pure functions.

A failed expectation means exit 1. If nothing could be judged (no connection, a refused reply,
silence before the first byte), the exit code of the ending says why. If an expected status or
ending was met, even such a result is intended, and every expectation is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sse_cli.check.expectations import (
    EndingIs,
    Evidence,
    Expectation,
    IsEventStream,
    Judgement,
    Status,
    StreamFacts,
)
from sse_cli.model import exit_codes
from sse_cli.model.events import Closed, Ending
from sse_cli.model.exit_codes import ExitCode

Verdict = Literal["held", "failed", "unjudged"]


@dataclass(frozen=True)
class Result:
    """One line of a report: the expectation, the value found, the verdict and the evidence."""

    name: str
    expected: str
    found: str
    verdict: Verdict
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of one run."""

    results: Sequence[Result]
    closed: Closed
    exit_code: int

    @property
    def held(self) -> bool:
        """True if every expectation holds."""
        return self.exit_code == ExitCode.OK

    @property
    def is_judged(self) -> bool:
        """True if anything could be judged."""
        return self.exit_code in (ExitCode.OK, ExitCode.EXPECTATION)

    @property
    def failed(self) -> list[Result]:
        """The expectations that failed."""
        return [result for result in self.results if result.verdict == "failed"]


@dataclass(frozen=True)
class Attempt:
    """One run of a stream. Expressions were evaluated on `answer`; `recording` is a path."""

    outcome: Outcome
    answer: Mapping[str, Any]
    status: int | None = None
    recording: str | None = None

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.outcome.closed.at


class Running(NamedTuple):
    """A running attempt: the seconds since its start, and the number of events so far."""

    name: str
    attempt: int
    seconds: float
    events: int


@dataclass(frozen=True)
class Checked:
    """A stream and its attempts, the last of which counts; empty if it was never judged.

    With a `signal_number`, that signal stopped the attempt after these, and none of them counts.
    `target` is for display: the method and URL with secrets redacted, or the name of a file.
    `place` is the check file and line that describe the stream, if any.
    """

    name: str
    target: str
    attempts: Sequence[Attempt] = ()
    place: tuple[str, int] | None = None
    signal_number: int = 0

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts, if any."""
        return None if self.signal_number or not self.attempts else self.attempts[-1]

    @property
    def earlier(self) -> Sequence[Attempt]:
        """The attempts that do not count."""
        return self.attempts[:-1] if self.last else self.attempts

    @property
    def exit_code(self) -> int:
        """The exit code of this stream alone."""
        return self.last.outcome.exit_code if self.last else 128 + (self.signal_number or 2)


def judge(expectations: Iterable[Expectation], facts: StreamFacts) -> Outcome:
    """Return the results of all expectations, and the exit code of a stream."""
    judgements = [(each, each.judge(facts)) for each in expectations]
    intended = any(
        isinstance(each, Status | EndingIs) and judgement.holds for each, judgement in judgements
    )
    interrupted = facts.closed.ending is Ending.INTERRUPTED
    everything = not interrupted and (facts.started or intended or _ended_well(facts.closed))

    def result(expectation: Expectation, judgement: Judgement) -> Result:
        lacks_reply = isinstance(expectation, IsEventStream) and facts.opened is None
        judged = everything and not lacks_reply
        judged = judged or (not interrupted and _has_status(expectation, facts))
        if facts.gave_up and not judgement.holds and expectation.can_change(facts):
            judged = False
        name: Verdict = ("held" if judgement.holds else "failed") if judged else "unjudged"
        return Result(
            expectation.name, expectation.expected, judgement.found, name, judgement.evidence
        )

    results = [result(*pair) for pair in judgements]
    return Outcome(results, facts.closed, _exit_code(results, facts.closed, everything))


def exit_code(codes: Iterable[int]) -> int:
    """Return one code for all streams: a signal's, else 1 if any is 1, else the lowest but 0."""
    failed = {code for code in codes if code != ExitCode.OK}
    signals = [code for code in failed if code > 128]
    return max(signals, default=0) or min(failed, default=ExitCode.OK)


def _exit_code(results: Sequence[Result], closed: Closed, judged: bool) -> int:
    if any(result.verdict == "failed" for result in results):
        return ExitCode.EXPECTATION
    return ExitCode.OK if judged else exit_codes.EXIT_CODES[closed.ending]


def _has_status(expectation: Expectation, facts: StreamFacts) -> bool:
    """Return whether an expectation of the status can be judged: a refused reply has one too."""
    return isinstance(expectation, Status) and facts.opened is not None


def _ended_well(closed: Closed) -> bool:
    """Return whether a body ended normally, even if it is not an event stream."""
    return exit_codes.EXIT_CODES[closed.ending] == ExitCode.OK
