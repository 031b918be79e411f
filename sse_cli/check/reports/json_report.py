"""The JSON report of `check`, for programs."""

from __future__ import annotations

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
    """Return the object that is printed. Its keys are a contract; the README lists them."""
    code = exit_code(one.exit_code for one in streams)
    return {
        "ok": code == ExitCode.OK,
        "exit_code": int(code),
        "streams": [_stream(one) for one in streams],
    }


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
