"""The JSON report of `check`, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sse_cli.check.expectations import Evidence
from sse_cli.check.outcome import Attempt, Checked, Result, exit_code
from sse_cli.model.exit_codes import ExitCode
from sse_cli.text import json_values


def text(streams: Sequence[Checked]) -> str:
    """Return the object of all streams as indented ASCII JSON that holds no workflow command."""
    # In JSON, "##[" can only occur inside a string, where any character may be escaped.
    return json_values.lay_out(checked_object(streams)).replace("##[", "\\u0023#[")


def checked_object(streams: Sequence[Checked]) -> dict[str, Any]:
    """Return the object to print. Its keys are a stable interface; the README lists them."""
    code = exit_code(checked.exit_code for checked in streams)
    return {
        "ok": code == ExitCode.OK,
        "exit_code": int(code),
        "streams": [_stream(checked) for checked in streams],
    }


def _stream(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.name,
        "target": checked.target,
        "ok": checked.exit_code == ExitCode.OK,
        "exit_code": int(checked.exit_code),
        "attempts": [_attempt(attempt) for attempt in checked.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    outcome = attempt.outcome
    return {
        "ok": outcome.held,
        "exit_code": int(outcome.exit_code),
        "ending": outcome.closed.ending.value,
        "detail": outcome.closed.detail,
        "expectations": [_result(result) for result in outcome.results],
        "answer": dict(attempt.answer),
        "recording": attempt.recording,
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "verdict": result.verdict,
        "expected": result.expected,
        "found": result.found,
        "warning": result.warning or None,
        "event": None if result.evidence is None else _evidence(result.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "n": evidence.n or None,
        "t": round(evidence.at, 6),
        "event": evidence.event,
        "data": evidence.data,
    }
