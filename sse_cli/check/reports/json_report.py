"""What `check` found, for programs (`-o json`), and in two lines for those who read the log."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from sse_cli.check.expectations import Evidence
from sse_cli.check.outcome import Attempt, Checked, Result, exit_code
from sse_cli.model.errors import ExitCode
from sse_cli.text import json_values


def text(streams: Sequence[Checked]) -> str:
    """The object of all streams as indented JSON in ASCII, with no workflow command in it."""
    # In JSON "##[" can only be inside a string, where any character may be escaped.
    return json_values.lay_out(checked_object(streams)).replace("##[", "\\u0023#[")


def checked_object(streams: Sequence[Checked]) -> dict[str, Any]:
    """The object that `-o json` prints. Its keys are a contract; the README lists them."""
    code = exit_code(one.exit_code for one in streams)
    return {
        "ok": code == ExitCode.OK,
        "exit_code": int(code),
        "streams": [_stream(one) for one in streams],
    }


def error(streams: Sequence[Checked]) -> tuple[str, str]:
    """What went wrong, all told, and what to do next."""
    bad = [one for one in streams if one.exit_code]
    failed = [one for one in bad if one.exit_code == ExitCode.EXPECTATION]
    if any(one.signal_number for one in bad):
        stopped = [_stopped(one) for one in bad if one.signal_number]
        return f"stopped before {_all(stopped)} could be judged", "run it again"
    if len(streams) == 1:
        return _of_one(bad[0])
    if failed:
        names = _all([one.name for one in failed])
        return f"{len(failed)} of {len(streams)} streams failed: {names}", _hint(failed)
    names = _all([one.name for one in bad])
    return (
        f"{len(bad)} of {len(streams)} streams could not be judged: {names}",
        "the report tells why; sse watch URL -v shows the exchange",
    )


def _of_one(checked: Checked) -> tuple[str, str]:
    outcome = checked.attempts[-1].outcome
    closed = outcome.closed
    if not outcome.is_judged:
        return closed.detail or closed.ending.value, closed.hint
    names = _all([result.name for result in outcome.failed])
    count = f"{len(outcome.failed)} of {len(outcome.results)} expectations"
    return f"{count} failed: {names}", _hint([checked])


def _stopped(checked: Checked) -> str:
    number = len(checked.attempts) + 1
    return f"{checked.name} (in attempt {number})" if number > 1 else checked.name


def _hint(failed: Sequence[Checked]) -> str:
    kept = next((one.attempts[-1].recording for one in failed if one.attempts[-1].recording), None)
    if kept:
        return f"sse watch {shlex.quote(kept)} --all shows what came"
    return "--keep DIR keeps a recording of what fails; sse watch --all shows every event"


def _all(names: Sequence[str], most: int = 5) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _stream(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.name,
        "target": checked.target,
        "ok": checked.exit_code == ExitCode.OK,
        "exit_code": int(checked.exit_code),
        "attempts": [_attempt(one) for one in checked.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    outcome = attempt.outcome
    return {
        "ok": outcome.held,
        "exit_code": int(outcome.exit_code),
        "ending": outcome.closed.ending.value,
        "detail": outcome.closed.detail,
        "expectations": [_result(one) for one in outcome.results],
        "answer": dict(attempt.answer),
        "recording": attempt.recording,
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "verdict": result.verdict,
        "expected": result.expected,
        "found": result.found,
        "event": None if result.witness is None else _witness(result.witness),
    }


def _witness(witness: Evidence) -> dict[str, Any]:
    return {
        "n": witness.n or None,
        "t": round(witness.at, 6),
        "event": witness.event,
        "data": witness.data,
    }
