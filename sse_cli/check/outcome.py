"""Expectations to verdicts, and verdicts to the exit code of `check`. Pure, and so for a test.

What was judged and failed is exit 1. Where nothing could be judged (no connection, a refused
reply, silence before the first byte) the ending's own code tells why; an expected
status or ending that was met says that it was meant to be so, and then all is judged as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sse_cli.analysis import verdict
from sse_cli.check.expectations import (
    WHOLE,
    EndingIs,
    Evidence,
    Expectation,
    Finding,
    IsEventStream,
    Status,
    StreamFacts,
)
from sse_cli.model.errors import ExitCode
from sse_cli.model.events import Closed, Ending

Verdict = Literal["held", "failed", "unjudged"]


@dataclass(frozen=True)
class Result:
    """One line of a report: what was expected, what was found, and the event at fault."""

    name: str
    expected: str
    found: str
    verdict: Verdict
    witness: Evidence | None = None


@dataclass(frozen=True)
class Outcome:
    """What one run came to."""

    results: Sequence[Result]
    closed: Closed
    exit_code: int

    @property
    def held(self) -> bool:
        """Whether all that was expected is so."""
        return self.exit_code == ExitCode.OK

    @property
    def is_judged(self) -> bool:
        """Whether anything could be judged."""
        return self.exit_code in (ExitCode.OK, ExitCode.EXPECTATION)

    @property
    def failed(self) -> list[Result]:
        """The expectations that failed."""
        return [result for result in self.results if result.verdict == "failed"]


@dataclass(frozen=True)
class Attempt:
    """One run of a stream. `answer` is what expressions were asked of; `recording` is a path."""

    outcome: Outcome
    answer: Mapping[str, Any]
    status: int | None = None
    recording: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there was a stream, and no event in it."""
        events = self.answer.get("timing", {}).get("events")
        return events == 0 and self.outcome.closed.ending in WHOLE

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.outcome.closed.at


class Running(NamedTuple):
    """An attempt that runs: how long it has, and the events that came."""

    name: str
    attempt: int
    seconds: float
    events: int


@dataclass(frozen=True)
class Checked:
    """A stream and its attempts, of which the last one counts; none if it was never judged.

    With a `signal_number`, the attempt after those was stopped by it, and none counts. `target`
    is for people: method and URL, secrets redacted, or a file's name. `place` is the file and
    line where it is described, if it is.
    """

    name: str
    target: str
    attempts: Sequence[Attempt] = ()
    place: tuple[str, int] | None = None
    signal_number: int = 0

    @property
    def last(self) -> Attempt | None:
        """The attempt that counts, if one does."""
        return None if self.signal_number or not self.attempts else self.attempts[-1]

    @property
    def earlier(self) -> Sequence[Attempt]:
        """The attempts that don't count."""
        return self.attempts[:-1] if self.last else self.attempts

    @property
    def exit_code(self) -> int:
        """The exit code of this stream alone."""
        return self.last.outcome.exit_code if self.last else 128 + (self.signal_number or 2)


def judge(expectations: Iterable[Expectation], facts: StreamFacts) -> Outcome:
    """The results of all expectations, and the exit code of a stream."""
    findings = [(one, one.judge(facts)) for one in expectations]
    told = any(isinstance(one, Status | EndingIs) and found.holds for one, found in findings)
    interrupted = facts.closed.ending is Ending.INTERRUPTED
    everything = not interrupted and (facts.started or told or _is_fine(facts.closed))

    def result(one: Expectation, found: Finding) -> Result:
        judged = everything and not (isinstance(one, IsEventStream) and facts.opened is None)
        judged = judged or (not interrupted and _is_known(one, facts))
        if facts.gave_up and not found.holds and one.can_change(facts):
            judged = False
        name: Verdict = ("held" if found.holds else "failed") if judged else "unjudged"
        return Result(one.name, one.expected, found.found, name, found.witness)

    results = [result(*pair) for pair in findings]
    return Outcome(results, facts.closed, _exit_code(results, facts.closed, everything))


def exit_code(codes: Iterable[int]) -> int:
    """Of several streams: death by a signal, then 1 if any is 1, else the lowest that is not 0."""
    failed = {code for code in codes if code != ExitCode.OK}
    signals = [code for code in failed if code > 128]
    return max(signals, default=0) or min(failed, default=ExitCode.OK)


def _exit_code(results: Sequence[Result], closed: Closed, judged: bool) -> int:
    if any(result.verdict == "failed" for result in results):
        return ExitCode.EXPECTATION
    return ExitCode.OK if judged else verdict.EXIT_CODES[closed.ending]


def _is_known(one: Expectation, facts: StreamFacts) -> bool:
    """A refused reply has a status all the same."""
    return isinstance(one, Status) and facts.opened is not None


def _is_fine(closed: Closed) -> bool:
    """A body that ended well, though it is no event stream: a file of something else."""
    return verdict.EXIT_CODES[closed.ending] == ExitCode.OK
