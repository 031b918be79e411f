"""The whole response as a JSON object: for `tail -o json`, and the expectations of `check`."""

from __future__ import annotations

from typing import Any, Final

from sse_cli.analysis.refused_reply import error_of_reply
from sse_cli.analysis.timing import Timing
from sse_cli.llm.accumulator import Accumulator, Choice
from sse_cli.llm.finish_reasons import gravest
from sse_cli.llm.response_timing import ResponseTiming
from sse_cli.model.events import Closed, Ending, Opened

_WHOLE: Final = frozenset({Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED})


def response_object(
    accumulator: Accumulator,
    opened: Opened | None,
    closed: Closed,
    timing: Timing,
    response_timing: ResponseTiming,
) -> dict[str, Any]:
    """Return the object that `-o json` prints. Its keys are a contract; the README lists them.

    `opened` is the head of the last reply, None if nothing answered. Times are in seconds.
    """
    found: dict[str, Any] = {"format": accumulator.format.name if accumulator.format else None}
    found |= _choice(accumulator.choice())
    found["usage"] = accumulator.usage
    error = accumulator.error
    found["error"] = error_of_reply(opened, closed) if error is None else error
    found["complete"] = is_complete(accumulator, closed)
    if len(accumulator.choices) > 1:
        found["choices"] = [
            {"choice": number, **_choice(choice)}
            for number, choice in sorted(accumulator.choices.items())
        ]
    found["ending"] = closed.ending.value
    found["detail"] = closed.detail
    found["status"] = opened.status if opened else None
    found["timing"] = _timing(closed, timing, response_timing, accumulator.usage)
    return found


def is_complete(accumulator: Accumulator, closed: Closed) -> bool:
    """Return whether an answer is whole: it came to its end, and for no reason to give it up.

    A format that requires an end must have shown it. See `finish_reasons` for the reasons.
    """
    if accumulator.format is None or accumulator.error is not None:
        return False
    reasons = [choice.finish for choice in accumulator.choices.values()]
    kind, _ = gravest(reasons)
    return closed.ending in _WHOLE and accumulator.is_whole and kind == "whole"


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "text": str(choice.text),
        "reasoning": str(choice.reasoning),
        "tool_calls": [call.snapshot.as_object() for call in choice.tools.calls],
        "finish_reason": choice.finish,
    }


def _timing(
    closed: Closed, timing: Timing, response_timing: ResponseTiming, usage: Any
) -> dict[str, Any]:
    name, rate = response_timing.rate(usage)
    first = response_timing.first
    gaps = timing.gaps
    figures: dict[str, Any] = {
        "headers": timing.headers,
        "first_byte": timing.first_byte,
        "first_event": timing.first_event,
        "first_reasoning": first.get("reasoning"),
        "first_content": first.get("text"),
        "first_tool": first.get("tool"),
        "total": closed.at,
        "gaps": {"p50": gaps.percentile(0.5), "p95": gaps.percentile(0.95), "max": gaps.max},
        "events": timing.messages,
        "bytes": timing.bytes,
        name: rate,
    }
    if durations := timing.phases.durations:  # a file has none
        figures["phases"] = durations
    return {key: _rounded(value) for key, value in figures.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(child) for key, child in value.items()}
    return round(value, 6) if isinstance(value, float) else value
