"""The answer as a whole: what `tail -o json` prints, and what expectations are asked of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sse_cli.analysis.timing import Timing
from sse_cli.llm.accumulator import Accumulator, Choice
from sse_cli.model.delta import Delta
from sse_cli.model.events import Closed, Opened

# Where the APIs put the number of tokens of an answer.
_OUTPUT_TOKENS: Final = (
    "completion_tokens",
    "output_tokens",
    "candidatesTokenCount",
    "outputTokens",
    "eval_count",
    "tokens_predicted",
    "generated_tokens",
)


class AnswerTiming:
    """When the first delta of each kind came, and how fast text did (seconds)."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self.deltas = 0
        self._last_text = 0.0

    def feed(self, deltas: Iterable[Delta]) -> None:
        """Count deltas."""
        first = self.first
        for delta in deltas:
            kind = delta.kind
            if kind not in first:
                first[kind] = delta.at
            if kind == "text" or kind == "reasoning":  # noqa: PLR1714 (this runs at every event)
                self.deltas += 1
                self._last_text = delta.at

    def rate(self, usage: Any) -> tuple[str, float | None]:
        """Tokens per second when the API counts them, else pieces per second; named so.

        None when everything came at once.
        """
        begun = min(
            (self.first[kind] for kind in ("text", "reasoning") if kind in self.first), default=0.0
        )
        span = self._last_text - begun
        tokens = output_tokens(usage)
        name = "pieces_per_second" if tokens is None else "tokens_per_second"
        amount = self.deltas if tokens is None else tokens
        return name, round(amount / span, 3) if span > 0 else None


def output_tokens(usage: Any) -> int | None:
    """The number of tokens of the answer, by whatever name the API gives it."""
    if not isinstance(usage, dict):
        return None
    counts = (usage.get(name) for name in _OUTPUT_TOKENS)
    return next((n for n in counts if n.__class__ is int and 0 <= n < 2**53), None)


def answer_object(
    accumulator: Accumulator,
    opened: Opened | None,
    closed: Closed,
    timing: Timing,
    answer_timing: AnswerTiming,
) -> dict[str, Any]:
    """The object that `-o json` prints. Its keys are a contract; the README lists them.

    `opened` is the last reply's head, None if nothing answered.
    """
    found: dict[str, Any] = {"format": accumulator.format.name if accumulator.format else None}
    found |= _choice(accumulator.choice())
    found["usage"] = accumulator.usage
    found["error"] = accumulator.error
    if len(accumulator.choices) > 1:
        found["choices"] = [
            {"choice": number, **_choice(choice)}
            for number, choice in sorted(accumulator.choices.items())
        ]
    found["ending"] = closed.ending.value
    found["detail"] = closed.detail
    found["status"] = opened.status if opened else None
    found["timing"] = _timing(closed, timing, answer_timing, accumulator.usage)
    return found


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "text": str(choice.text),
        "reasoning": str(choice.reasoning),
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in choice.tools.calls
        ],
        "finish_reason": choice.finish,
    }


def _timing(
    closed: Closed, timing: Timing, answer_timing: AnswerTiming, usage: Any
) -> dict[str, Any]:
    name, rate = answer_timing.rate(usage)
    first = answer_timing.first
    gaps = timing.gaps
    figures = {
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
    return {key: _rounded(value) for key, value in figures.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(child) for key, child in value.items()}
    return round(value, 6) if isinstance(value, float) else value
