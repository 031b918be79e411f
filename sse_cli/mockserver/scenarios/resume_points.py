"""The places in a stream where a client can go on: after each event that has an id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Self

from sse_cli.model.events import Ignored, Message
from sse_cli.parser.event_stream import EventStreamParser

KEPT: Final = 64  # streams whose places are remembered


class ResumePoints(NamedTuple):
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


# By identity: to compare two long streams takes as long as to read one. The stream itself is
# kept beside, so that no other one gets its identity.
_known: dict[int, tuple[object, ResumePoints]] = {}


def resume_points_of(stream: object, body: Callable[[], bytes]) -> ResumePoints:
    """The places in `stream`, an immutable thing whose bytes are `body()`; looked for once, for
    a client may ask for a long one again and again."""
    if (found := _known.get(id(stream))) is None:
        if len(_known) >= KEPT:
            _known.clear()
        found = _known[id(stream)] = (stream, ResumePoints.of(body()))
    return found[1]
