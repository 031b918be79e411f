"""Expectations of an answer as a whole: that it is complete, why it finished, its tool calls.

`FinishReason` and `ToolCallsValid` are expected by default. By default they judge only a stream
that ended well, because any other ending says enough, and only a failure is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sse_cli.check.expectations.base import Expectation, Judgement, StreamFacts
from sse_cli.llm.finish_reasons import gravest
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending

_ENDED: Final = frozenset({Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED})
_MEANINGS: Final = {
    "failure": "the answer failed",
    "limit": "the answer was cut short or held back",
}


class FinishReason(Expectation):
    """Expectation of the reason why the answer finished: `NAME[,NAME]`, or `any`.

    By default, it must not be that of a failure, and that of a limit gets a warning.
    """

    name = "finish-reason"

    def __init__(self, text: str = "") -> None:
        self._names = {word.strip() for word in text.split(",")} - {""}
        if text and not self._names:
            raise UsageError(
                f"{self.option} does not name a reason", "write stop,tool_calls or any"
            )
        super().__init__(text or "any but a failure")
        self.is_quiet = not text

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: another reason might come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the reasons, and what they say about the answer."""
        reasons = [str(reason) for reason in _reasons(facts.answer)]
        found = ", ".join(dict.fromkeys(reasons)) or "none"
        if self._names:
            holds = self._names == {"any"} or (bool(reasons) and self._names.issuperset(reasons))
            return Judgement(holds, found)
        if facts.closed.ending not in {*_ENDED, Ending.LIMIT}:
            return Judgement(True, found)
        kind, reason = gravest(reasons)
        meaning = _MEANINGS.get(kind, "")
        found = f"{reason}: {meaning}" if meaning else found
        return Judgement(kind != "failure", found, warning=found if kind == "limit" else "")


class ToolCallsValid(Expectation):
    """Expectation that the arguments of each tool call are JSON: `valid`, or `any` to accept all.

    Arguments may lack their end where reading was stopped.
    """

    name = "tool-calls"

    def __init__(self, text: str = "") -> None:
        if text not in ("", "valid", "any"):
            hint = "write valid, or any to accept arguments that are not JSON"
            raise UsageError(f"invalid {self.option} {text!r}", hint)
        super().__init__("valid JSON as arguments" if text != "any" else "any arguments")
        self._is_any = text == "any"
        self.is_quiet = not text

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return how many calls there are, or the first that is not valid."""
        calls = list(_calls(facts.answer))
        bad = [call for call in calls if not call["valid"]]
        if self._is_any or not bad or facts.closed.ending not in _ENDED:
            return Judgement(True, f"{len(calls):,}" if calls else "none")
        more = f", and {len(bad) - 1:,} more" if len(bad) > 1 else ""
        return Judgement(False, f"{bad[0]['name'] or 'unnamed'}: {bad[0]['problem']}{more}")


class Complete(Expectation):
    """Expectation that the answer is complete, as `complete` of the answer says."""

    name = "complete"

    def __init__(self, _: str = "") -> None:
        super().__init__("a whole answer")

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: the end is still to come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return whether it is complete, or why not."""
        answer, closed = facts.answer, facts.closed
        if answer["complete"]:
            return Judgement(True, "complete")
        kind, reason = gravest(map(str, _reasons(answer)))
        if kind != "whole" and closed.ending in _ENDED:
            return Judgement(False, f"{reason}: {_MEANINGS[kind]}")
        if facts.format is None and closed.ending in _ENDED:
            return Judgement(False, "no answer: the format is unknown")
        return Judgement(False, f"{closed.ending}: {closed.detail}", facts.error)


def _choices(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices: list[Mapping[str, Any]] = answer.get("choices") or [answer]
    return choices


def _reasons(answer: Mapping[str, Any]) -> Iterator[Any]:
    for choice in _choices(answer):
        if choice["finish_reason"] is not None:
            yield choice["finish_reason"]


def _calls(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for choice in _choices(answer):
        yield from choice["tool_calls"]
