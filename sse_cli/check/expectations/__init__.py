"""What can be expected of a stream: one small class an expectation, by the name of its option.

Rule 1: an expectation works on stamps and on what was said, never on a clock, so that a
recording gives the verdict of the live run. Rule 2: it sees every event once (`row`,
`ignored`) and keeps no more than one of them, the one at fault. Rule 3: what it expects is
text that was typed, to be shown as it is; a secret has no place in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sse_cli.check.expectations.base import (
    EXCERPT,
    AnswerProgress,
    Evidence,
    Expectation,
    Finding,
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
    "Finding",
    "IsEventStream",
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
        ValidJSON,
        NoIgnored,
        ExpectEvent,
        AnyMatch,
        AllMatch,
        Expect,
    )
}


def build(asked: Iterable[tuple[str, str]]) -> list[Expectation]:
    """The expectations for one run: the defaults that nothing replaces, then those `asked` for.

    `asked` are names of `KINDS` and values; a flag's value is "". Raises UsageError for a value
    that is none, KeyError for a name that is none.
    """
    found = [KINDS[name](value) for name, value in asked]
    return [*_defaults(found), *found]


def _defaults(asked: list[Expectation]) -> Iterable[Expectation]:
    """An event stream, and all of it; unless another status, or an ending, is asked for."""
    if any(isinstance(one, Status) and one.status != 200 for one in asked):
        return
    endings = next((one.endings for one in asked if isinstance(one, EndingIs)), None)
    if endings is None or not endings & {Ending.REFUSED, Ending.UNREACHABLE}:
        yield IsEventStream()
    if endings is None:
        yield Whole()
