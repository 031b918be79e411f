"""The points of a stream at which a client can resume: after each event that has an ID."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Self

from sse_cli.model.events import Ignored, Message
from sse_cli.parser.event_stream import EventStreamParser

KEPT: Final = 64  # streams in the cache


class ResumePoints(NamedTuple):
    """The resume points of a stream, as byte offsets.

    `ends` maps each ID to the end of the first block that has it, blank line included; `last` is
    the end of the last event.
    """

    ends: Mapping[str, int]
    last: int

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Return the points of a whole body. The ID of a block without data counts (HTML 9.2.6)."""
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


# By identity, because comparing two long streams takes as long as reading one. The entry keeps the
# stream itself alive, so that no other one can get its identity.
_cache: dict[int, tuple[object, ResumePoints]] = {}


def resume_points_of(stream: object, body: Callable[[], bytes]) -> ResumePoints:
    """Return the resume points of `stream`, an immutable object whose bytes are `body()`.

    They are cached, because a client may resume a long stream many times.
    """
    if (entry := _cache.get(id(stream))) is None:
        if len(_cache) >= KEPT:
            _cache.clear()
        entry = _cache[id(stream)] = (stream, ResumePoints.of(body()))
    return entry[1]
