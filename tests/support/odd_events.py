"""Events of all APIs, as they are and with parts that no API sends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from sse_cli.llm.extractor import Envelope, envelope_of
from sse_cli.model.events import Message
from sse_cli.model.row import Row
from sse_cli.parser.event_stream import EventStreamParser
from tests.support.format_corpus import STREAMS, mutated

EVENTS: Final = [
    envelope_of(Row(event))
    for path in STREAMS
    for event in EventStreamParser().feed(path.read_bytes())
    if isinstance(event, Message)
]
ODD: Final[tuple[Any, ...]] = (
    None,
    1,
    1.5,
    True,
    "ping",
    "",
    [],
    ["ping"],
    {},
    {"type": ["ping"]},
    {"type": {}},
)


def envelope(data: Any, event: str = "message") -> Envelope:
    return {"event": event, "id": None, "data": data, "raw": "…"}


def odd_events(dice: random.Random) -> Iterator[Envelope]:
    """Yield events of all APIs, as they are and with parts exchanged."""
    for event in EVENTS:
        yield event
        yield {**event, "data": mutated(dice, event["data"])}
        if dice.random() < 0.1:
            yield envelope(dice.choice(ODD), event["event"])
