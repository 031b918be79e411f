"""Expectations of a stream: one small class per expectation, named after its option.

Rule 1: an expectation reads time stamps and content, never a clock, so that a recording gets the
same verdict as the live run. Rule 2: it sees every event once (`row`, `ignored`) and keeps at most
one of them as evidence. Rule 3: reports show its value as it was typed, so it must not hold a
secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sse_cli.check.expectations.answer import Complete, FinishReason, ToolCallsValid
from sse_cli.check.expectations.base import (
    EXCERPT,
    AnswerProgress,
    Evidence,
    Expectation,
    Judgement,
    StreamFacts,
    option_of,
)
from sse_cli.check.expectations.content import (
    AllMatch,
    AnyMatch,
    Expect,
    ExpectEvent,
    NoIgnored,
    TextMatches,
    ValidJSON,
)
from sse_cli.check.expectations.stream import (
    WHOLE,
    EndingIs,
    IsEventStream,
    MinEvents,
    Status,
    Whole,
)
from sse_cli.check.expectations.timing import (
    FirstContentWithin,
    FirstEventWithin,
    MaxGap,
    TotalWithin,
)
from sse_cli.model.events import Ending

__all__ = [
    "EXCERPT",
    "KINDS",
    "WHOLE",
    "AnswerProgress",
    "EndingIs",
    "Evidence",
    "Expectation",
    "IsEventStream",
    "Judgement",
    "Status",
    "StreamFacts",
    "build",
    "option_of",
]

KINDS: Final[Mapping[str, type[Expectation]]] = {
    kind.name: kind
    for kind in (
        Status,
        EndingIs,
        MinEvents,
        FirstEventWithin,
        FirstContentWithin,
        MaxGap,
        TotalWithin,
        TextMatches,
        Complete,
        FinishReason,
        ToolCallsValid,
        ValidJSON,
        NoIgnored,
        ExpectEvent,
        AnyMatch,
        AllMatch,
        Expect,
    )
}


def build(pairs: Iterable[tuple[str, str]]) -> list[Expectation]:
    """Build the expectations for one run: the defaults that apply, then the requested ones.

    `pairs` holds names from `KINDS` and values; a flag's value is "". Raises UsageError for an
    invalid value, KeyError for an unknown name.
    """
    requested = [KINDS[name](value) for name, value in pairs]
    return [*_defaults(requested), *requested]


def _defaults(requested: list[Expectation]) -> Iterable[Expectation]:
    """Yield the defaults that no requested expectation replaces.

    They are a whole event stream with an answer that did not fail, and valid tool calls in it.
    """
    if any(isinstance(each, Status) and each.status != 200 for each in requested):
        return
    endings = next((each.endings for each in requested if isinstance(each, EndingIs)), None)
    if endings is None or not endings & {Ending.REFUSED, Ending.UNREACHABLE}:
        yield IsEventStream()
    if endings is None:
        yield Whole()
    if endings is None or endings & set(WHOLE):
        kinds = {type(each) for each in requested}
        yield from (kind() for kind in (FinishReason, ToolCallsValid) if kind not in kinds)
