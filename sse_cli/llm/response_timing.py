"""Timing of a response: the first delta of each kind, and the rate of its text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sse_cli.model.delta import Delta

# The key of the number of output tokens in the `usage` of each API.
_OUTPUT_TOKENS: Final = (
    "completion_tokens",
    "output_tokens",
    "candidatesTokenCount",
    "outputTokens",
    "eval_count",
    "tokens_predicted",
    "generated_tokens",
)


class ResponseTiming:
    """Times of a response's deltas, in seconds since the run began.

    `first` holds the time of the first delta of each kind, `deltas` the number of deltas of text
    and reasoning.
    """

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
        """Return the name and value of the rate: tokens per second, by the API's own count.

        Without one it is pieces (deltas) per second. None if everything came at once.
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
    """Return the number of output tokens in an API's usage, None if it has none."""
    if not isinstance(usage, dict):
        return None
    counts = (usage.get(name) for name in _OUTPUT_TOKENS)
    return next((n for n in counts if n.__class__ is int and 0 <= n < 2**53), None)
