"""Faults in the event stream itself; the HTTP around it is correct.

The table in `registry.py` describes each function.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sse_cli.mockserver.faults.reply_parts import (
    COMMENTS,
    LINE_SIZE,
    PIECE,
    RequestInfo,
    comments,
    in_the_middle,
    line,
)
from sse_cli.mockserver.scenarios.scenario import MockReply, Scenario, Step

# IDs that a program on the way may trim, escape, refuse or misread.
AWKWARD_IDS: Final = (
    b"", b"007", b"-1", b"1e9", b"null", b"two words", b"\ttab", b"trailing ", b"  both  ",
    b"a;b,c=d", b'"quoted"', b"%0d%0aX-Injected: 1", b"a:b", b"\\n", b"<b>&amp;",
    "h\u00e9".encode(), "\u516d\u6642".encode(), "\U0001f600".encode(), "a\u2028b\u0085c".encode(),
    "\u202eevil".encode(), b"\xff\xfe", b"\x1b[31mred", b"bell\x07", b"\x7f", b"v\x0bt", b"f\x0cf",
    b"nul\x00nul", b"x" * 4096, b"y" * 4097,
)  # fmt: skip


def duplicate_events(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return replace(scenario, steps=tuple(step for step in scenario.steps for _ in "12"))


def no_final_blank_line(scenario: Scenario, _request: RequestInfo) -> MockReply:
    *before, last = scenario.steps or (Step(0.0, b""),)
    return replace(scenario, steps=(*before, last._replace(data=last.data.rstrip(b"\n") + b"\n")))


def _begin_with(scenario: Scenario, start: bytes) -> Scenario:
    return replace(scenario, steps=(Step(0.0, start), *scenario.steps))


def bom(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return _begin_with(scenario, b"\xef\xbb\xbf")


def retry(scenario: Scenario, _request: RequestInfo, *, value: bytes) -> MockReply:
    return _begin_with(scenario, b"retry: %s\n\n" % value)


def awkward_ids(scenario: Scenario, request: RequestInfo) -> MockReply:
    """Send all IDs on each connection, a different one last: a client sends that one back."""
    if request.number > len(AWKWARD_IDS):
        return Scenario("", "", (), 204, "")
    ids = AWKWARD_IDS[request.number :] + AWKWARD_IDS[: request.number]
    steps = [
        Step(0.0, b'id: %s\ndata: {"text":"<%d>"}\n\n' % (one, n)) for n, one in enumerate(ids, 1)
    ]
    return replace(scenario, steps=tuple(steps))


def many_comments(scenario: Scenario, _request: RequestInfo, *, count: int = COMMENTS) -> MockReply:
    return in_the_middle(scenario, comments(count))


def long_line(scenario: Scenario, _request: RequestInfo, *, size: int = LINE_SIZE) -> MockReply:
    return in_the_middle(scenario, line(size, b"x" * PIECE))
