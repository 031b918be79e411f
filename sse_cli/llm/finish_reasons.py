"""The meaning of the reasons that APIs give for the end of an answer.

Each API spells them in its own way (`abort`, `TASK_STATE_FAILED`, `agent_error`, `MaxTokens`), so a
rule reads their words: a word of a failure anywhere means that the answer failed, else a word of a
limit means that it was cut short or held back. Every other reason is that of a whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

FinishKind: TypeAlias = Literal["whole", "limit", "failure"]

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_KINDS: Final[dict[FinishKind, frozenset[str]]] = {
    "failure": frozenset(
        {
            "abort", "aborted", "cancel", "canceled", "cancelled", "cancellation", "crashed",
            "died", "error", "errored", "errors", "exception", "expired", "fail", "failed",
            "failure", "insufficient", "interrupted", "killed", "malformed", "rejected",
            "terminated", "timeout", "unavailable",
        }
    ),
    "limit": frozenset(
        {
            "blocked", "blocklist", "censored", "exceeded", "filter", "filtered", "guardrail",
            "incomplete", "length", "limit", "limited", "max", "maximum", "moderated",
            "moderation", "partial", "prohibited", "recitation", "refusal", "refused", "safety",
            "sensitive", "spii", "truncated",
        }
    ),
}  # fmt: skip


def kind_of(reason: str) -> FinishKind:
    """Return what a reason to finish says about the answer."""
    words = {word.lower() for word in _WORD.findall(reason)}
    return next((kind for kind, known in _KINDS.items() if words & known), "whole")


def gravest(reasons: Iterable[str | None]) -> tuple[FinishKind, str]:
    """Return the gravest of the reasons that the choices of an answer finished for."""
    found = [(kind_of(reason), reason) for reason in reasons if reason]
    for kind in ("failure", "limit"):
        for pair in found:
            if pair[0] == kind:
                return pair
    return found[0] if found else ("whole", "")
