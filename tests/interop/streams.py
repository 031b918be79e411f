"""The streams served to third-party clients, and our own parser's reading of them."""

from __future__ import annotations

import base64
import json

from sse_cli import EventStreamParser, Message
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import Scenario
from tests.support.paths import CORPUS

Told = list[list[str]]  # type, data, last event id


def parsed(scenario: Scenario) -> Told:
    """Return the messages that our parser reads."""
    parser = EventStreamParser()
    events = [*parser.feed(scenario.body), *parser.finish()]
    return [[e.type, e.data, e.last_event_id] for e in events if isinstance(e, Message)]


def shipped() -> dict[str, Scenario]:
    """Return the scenarios that ship with the package."""
    return {name: bundled.load(name) for name in bundled.names()}


def cases() -> dict[str, Scenario]:
    """Return the parser's cases, each a stream of exactly its bytes."""
    found = json.loads((CORPUS / "parser" / "cases.json").read_text("utf-8"))
    bodies = [base64.b64decode(case["input_b64"]) for case in found]
    assert len(bodies) > 200
    return {f"case-{n}": Scenario.of("", [(0, body)]) for n, body in enumerate(bodies)}


def formats() -> dict[str, Scenario]:
    """Return a stream of each wire format."""
    files = sorted((CORPUS / "formats").glob("*.sse"))
    assert len(files) > 30
    return {file.stem: Scenario.of("", [(0, file.read_bytes())]) for file in files}
