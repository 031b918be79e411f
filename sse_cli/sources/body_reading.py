"""The decision how a body is read: as an event stream, as NDJSON, or not at all."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.model import media_type
from sse_cli.model.events import Media


class Reading(NamedTuple):
    """The user's settings for reading bodies.

    `any_type` and `ndjson` override the content type. `speed` is the speed at which a recording is
    played, 0 for all at once, None if not given.
    """

    any_type: bool = False
    ndjson: bool = False
    speed: float | None = None

    def of_reply(self, status: int, content_type: str | None) -> Media:
        """Return how a reply's body is read."""
        return media_type.media(status, content_type, any_type=self.any_type, ndjson=self.ndjson)

    def of_start(self, start: bytes) -> Media:
        """Return how a body without a content type is read, by its first bytes."""
        if self.ndjson:
            return "ndjson"
        return "event-stream" if self.any_type else media_type.sniff(start)
