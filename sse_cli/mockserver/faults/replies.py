"""Faults of the reply: error statuses, wrong content types, redirects.

The table in `registry.py` describes each function.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sse_cli.mockserver.faults.reply_parts import RequestInfo
from sse_cli.mockserver.scenarios.scenario import MockReply, Scenario, Step

MOVED: Final = "/moved"


def status(scenario: Scenario, _request: RequestInfo, *, status: int) -> MockReply:
    body = b'{"error":{"message":"an injected fault"}}\n'
    return replace(
        scenario,
        steps=(Step(0.0, body, b""),),
        status=status,
        content_type="application/json",
        headers=(*scenario.headers, ("Retry-After", "1"), ("Content-Length", str(len(body)))),
    )


def content_type(scenario: Scenario, _request: RequestInfo, *, kind: str) -> MockReply:
    steps = tuple(step._replace(says=b"") for step in scenario.steps)
    return replace(scenario, steps=steps, content_type=kind)


def _redirect(location: str) -> MockReply:
    headers = (("Location", location), ("Content-Length", "0"))
    return Scenario("", "", (), 302, "", headers)


def redirect_loop(_scenario: Scenario, request: RequestInfo) -> MockReply:
    return _redirect(request.path)


def empty_location(_scenario: Scenario, _request: RequestInfo) -> MockReply:
    return _redirect("")


def cross_origin(scenario: Scenario, request: RequestInfo) -> MockReply:
    """Redirect to the same server by its other name, which is another origin."""
    if request.path.endswith(MOVED):
        return scenario
    host, _, port = request.host.rpartition(":")
    other = "127.0.0.1" if host == "localhost" else "localhost"
    return _redirect(f"http://{other}:{port}{request.path}{MOVED}")
