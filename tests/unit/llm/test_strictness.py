"""Strictness of `detect`: the events of an API fit its own format and those it builds upon."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from sse_cli.llm.extractor import Envelope, envelope_of, holds
from sse_cli.model.events import Chunk, Message, Opened
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from tests.support.format_corpus import BY_NAME, STREAMS, expected_of

# Formats whose events also fit the more general one beside them.
BUILT_UPON: Final = {
    "a2a-v03": "mcp",  # both are JSON-RPC
    "a2a-v1": "mcp",
    "mcp-http-sse": "mcp",
    "langgraph-events": "langgraph",
    "snowflake-cortex": "openai-chat",
}


def envelopes(path: Path) -> list[Envelope]:
    session = Session()
    session.feed(Opened(0.0, "", media="ndjson" if path.suffix == ".ndjson" else "event-stream"))
    events = session.feed(Chunk(0.0, path.read_bytes()))
    return [envelope_of(Row(event)) for event in events if isinstance(event, Message)]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_no_event_fits_the_format_of_another_api(path: Path) -> None:
    own = expected_of(path)["format"]
    certain = [wire for wire in BY_NAME.values() if not wire.tentative]
    fits = {
        wire.name
        for wire in certain
        if any(holds(wire.get("detect"), envelope) for envelope in envelopes(path))
    }
    assert fits <= {own, BUILT_UPON.get(own, own)}


@pytest.mark.parametrize(("special", "general"), BUILT_UPON.items())
def test_a_format_is_tried_before_the_one_that_it_builds_upon(special: str, general: str) -> None:
    assert BY_NAME[special].priority < BY_NAME[general].priority
