"""Streams that are well framed and wrong, and replies that are no streams.

The table says what each does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sse_cli.mockserver.faults.building_blocks import (
    COMMENTS,
    LINE_SIZE,
    PIECE,
    Asked,
    comments,
    in_the_middle,
    line,
)
from sse_cli.mockserver.scenarios import MockReply, Scenario, Step

MOVED: Final = "/moved"
# Ids that something on the way may trim, escape, refuse, or take for something else.
AWKWARD_IDS: Final = (
    b"", b"007", b"-1", b"1e9", b"null", b"two words", b"\ttab", b"trailing ", b"  both  ",
    b"a;b,c=d", b'"quoted"', b"%0d%0aX-Injected: 1", b"a:b", b"\\n", b"<b>&amp;",
    "h\u00e9".encode(), "\u516d\u6642".encode(), "\U0001f600".encode(), "a\u2028b\u0085c".encode(),
    "\u202eevil".encode(), b"\xff\xfe", b"\x1b[31mred", b"bell\x07", b"\x7f", b"v\x0bt", b"f\x0cf",
    b"nul\x00nul", b"x" * 4096, b"y" * 4097,
)  # fmt: skip


# Bad streams


def duplicate_events(scenario: Scenario, _asked: Asked) -> MockReply:
    return replace(scenario, steps=tuple(step for step in scenario.steps for _ in "12"))


def no_final_blank_line(scenario: Scenario, _asked: Asked) -> MockReply:
    *before, last = scenario.steps or (Step(0.0, b""),)
    return replace(scenario, steps=(*before, last._replace(data=last.data.rstrip(b"\n") + b"\n")))


def _begin_with(scenario: Scenario, start: bytes) -> Scenario:
    return replace(scenario, steps=(Step(0.0, start), *scenario.steps))


def bom(scenario: Scenario, _asked: Asked) -> MockReply:
    return _begin_with(scenario, b"\xef\xbb\xbf")


def retry(scenario: Scenario, _asked: Asked, *, value: bytes) -> MockReply:
    return _begin_with(scenario, b"retry: %s\n\n" % value)


def awkward_ids(scenario: Scenario, asked: Asked) -> MockReply:
    """All of them each time, so that each is once the last, and asked for then."""
    if asked.number > len(AWKWARD_IDS):
        return Scenario("", "", (), 204, "")
    ids = AWKWARD_IDS[asked.number :] + AWKWARD_IDS[: asked.number]
    steps = [
        Step(0.0, b'id: %s\ndata: {"text":"<%d>"}\n\n' % (one, n)) for n, one in enumerate(ids, 1)
    ]
    return replace(scenario, steps=tuple(steps))


def many_comments(scenario: Scenario, _asked: Asked, *, count: int = COMMENTS) -> MockReply:
    return in_the_middle(scenario, comments(count))


def long_line(scenario: Scenario, _asked: Asked, *, size: int = LINE_SIZE) -> MockReply:
    return in_the_middle(scenario, line(size, b"x" * PIECE))


# Other replies


def status(scenario: Scenario, _asked: Asked, *, status: int) -> MockReply:
    body = b'{"error":{"message":"a fault that was asked for"}}\n'
    return replace(
        scenario,
        steps=(Step(0.0, body, b""),),
        status=status,
        content_type="application/json",
        headers=(*scenario.headers, ("Retry-After", "1"), ("Content-Length", str(len(body)))),
    )


def content_type(scenario: Scenario, _asked: Asked, *, kind: str) -> MockReply:
    unsaid = tuple(step._replace(says=b"") for step in scenario.steps)
    return replace(scenario, steps=unsaid, content_type=kind)


def _redirect(location: str) -> MockReply:
    headers = (("Location", location), ("Content-Length", "0"))
    return Scenario("", "", (), 302, "", headers)


def redirect_loop(_scenario: Scenario, asked: Asked) -> MockReply:
    return _redirect(asked.path)


def empty_location(_scenario: Scenario, _asked: Asked) -> MockReply:
    return _redirect("")


def cross_origin(scenario: Scenario, asked: Asked) -> MockReply:
    """The same server by its other name is another origin."""
    if asked.path.endswith(MOVED):
        return scenario
    host, _, port = asked.host.rpartition(":")
    other = "127.0.0.1" if host == "localhost" else "localhost"
    return _redirect(f"http://{other}:{port}{asked.path}{MOVED}")
