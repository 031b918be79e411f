"""Faults of the connection: cuts, silence, and broken HTTP framing.

The table in `registry.py` describes each function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, repeat
from typing import Final

from sse_cli.mockserver.faults.reply_parts import (
    RequestInfo,
    chunk,
    chunked,
    comments,
    half,
    head,
    parts,
)
from sse_cli.mockserver.scenarios.scenario import MockReply, RawReply, ReplyEnd, Scenario, Step

HINT_SECONDS: Final = 0.02  # between informational replies
TRICKLE_SECONDS: Final = 0.05  # between bytes


# Cuts


def cut_before_headers(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(lambda: ())


def cut_in_headers(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(lambda: [half(head(scenario))])


def cut_in_chunk(scenario: Scenario, _request: RequestInfo) -> MockReply:
    before, step, _ = parts(scenario)
    part = half(step).data
    cut = Step(step.delay, b"%x\r\n%s" % (len(step.data), part), part)
    return chunked(scenario, before, ReplyEnd.CLOSE, cut)


def cut_in_event(scenario: Scenario, _request: RequestInfo) -> MockReply:
    before, step, _ = parts(scenario)
    return replace(scenario, steps=(*before, half(step)))


def cut_after_cr(scenario: Scenario, _request: RequestInfo) -> MockReply:
    before, step, _ = parts(scenario)
    with_cr = [one._replace(data=one.data.replace(b"\n", b"\r\n")) for one in (*before, step)]
    with_cr[-1] = with_cr[-1]._replace(data=with_cr[-1].data[:-1])
    return chunked(scenario, with_cr)


def cut_between_events(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return chunked(scenario, parts(scenario)[0])


def cut_without_framing(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(lambda: [head(scenario, "Connection: close"), *parts(scenario)[0]])


def reset_before_headers(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(lambda: (), ReplyEnd.RESET)


def reset(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return chunked(scenario, parts(scenario)[0], ReplyEnd.RESET)


# Waits without an end


def no_reply(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(lambda: (), ReplyEnd.HOLD)


def silence(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return chunked(scenario, parts(scenario)[0], ReplyEnd.HOLD)


def half_open(scenario: Scenario, _request: RequestInfo) -> MockReply:
    return chunked(scenario, parts(scenario)[0], ReplyEnd.HALF_OPEN)


def trickle(scenario: Scenario, _request: RequestInfo) -> MockReply:
    begun = [head(scenario, "Transfer-Encoding: chunked"), *map(chunk, parts(scenario)[0])]
    return RawReply(lambda: chain(begun, repeat(chunk(Step(TRICKLE_SECONDS, b":")))))


def endless_1xx(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    hint = Step(HINT_SECONDS, b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n", b"")
    return RawReply(lambda: repeat(hint))


# Bad framing


def bad_chunk_size(scenario: Scenario, _request: RequestInfo) -> MockReply:
    before, step, _ = parts(scenario)
    bad = Step(step.delay, b"oops\r\n%s\r\n" % step.data, b"")
    return chunked(scenario, before, ReplyEnd.CLOSE, bad)


def _with_length(scenario: Scenario, length: int, steps: Iterable[Step]) -> MockReply:
    start = head(scenario, f"Content-Length: {length}")
    return RawReply(lambda: [start, *steps])


def length_too_long(scenario: Scenario, _request: RequestInfo) -> MockReply:
    size = sum(len(step.data) for step in scenario.steps)
    return _with_length(scenario, size + 1, scenario.steps)


def length_too_short(scenario: Scenario, _request: RequestInfo) -> MockReply:
    before, step, after = parts(scenario)
    part = half(step).data
    length = sum(len(one.data) for one in before) + len(part)
    unread = [one._replace(says=b"") for one in after]
    return _with_length(scenario, length, [*before, step._replace(says=part), *unread])


def no_head(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    return RawReply(comments)
