"""The places in a stream where a client can go on: after each event that has an id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

from sse_cli.events import Ignored, Message
from sse_cli.parser import EventStreamParser


class Places(NamedTuple):
    """`ends`: the offset after the first block with each id, its blank line included. `last`:
    the offset after the last event."""

    ends: Mapping[str, int]
    last: int

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Those of a whole body. An id of a block without data counts (HTML 9.2.6)."""
        ends: dict[str, int] = {}
        last = 0
        for event in EventStreamParser().feed(body):
            if not isinstance(event, Message | Ignored):
                continue
            end = event.offset + event.size
            if isinstance(event, Message):
                last = end
            if event.id is not None:
                ends.setdefault(event.id, end)
        return cls(ends, last)
