"""The error and the hint that summarise a failure of `sse check`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sse_cli.check.outcome import Checked
from sse_cli.cli import hints
from sse_cli.model.exit_codes import ExitCode


def error(streams: Sequence[Checked]) -> tuple[str, str]:
    """Return the error for all streams, and a hint at what to do next."""
    bad = [checked for checked in streams if checked.exit_code]
    failed = [checked for checked in bad if checked.exit_code == ExitCode.EXPECTATION]
    if any(checked.signal_number for checked in bad):
        stopped = [_stopped(checked) for checked in bad if checked.signal_number]
        return f"stopped before {_all(stopped)} could be judged", "run it again"
    if len(streams) == 1:
        return _of_one(bad[0])
    if failed:
        names = _all([checked.name for checked in failed])
        return f"{len(failed)} of {len(streams)} streams failed: {names}", _hint(failed)
    names = _all([checked.name for checked in bad])
    return (
        f"{len(bad)} of {len(streams)} streams could not be judged: {names}",
        "see the report for the reasons; sse watch URL -v shows the exchange",
    )


def _of_one(checked: Checked) -> tuple[str, str]:
    outcome = checked.attempts[-1].outcome
    closed = outcome.closed
    if not outcome.is_judged:
        return closed.detail or closed.ending.value, hints.hint_of(closed.cause)
    names = _all([result.name for result in outcome.failed])
    count = f"{len(outcome.failed)} of {len(outcome.results)} expectations"
    return f"{count} failed: {names}", _hint([checked])


def _stopped(checked: Checked) -> str:
    number = len(checked.attempts) + 1
    return f"{checked.name} (in attempt {number})" if number > 1 else checked.name


def _hint(failed: Sequence[Checked]) -> str:
    attempts = [checked.attempts[-1] for checked in failed]
    recording = next((attempt.recording for attempt in attempts if attempt.recording), None)
    if recording:
        return f"sse watch {shlex.quote(recording)} --all shows every event"
    return "--keep DIR keeps recordings of failures; sse watch --all shows every event"


def _all(names: Sequence[str], most: int = 5) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
