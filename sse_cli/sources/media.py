"""How a body is read: as an event stream, as NDJSON, or not at all."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.model import media_type
from sse_cli.model.events import Media


class Reading(NamedTuple):
    """How bodies are read whatever their type says; `speed` is for recordings, 0 for no waits."""

    any_type: bool = False
    ndjson: bool = False
    speed: float | None = None

    def of_reply(self, status: int, content_type: str | None) -> Media:
        """Return how a reply's body is read."""
        return media_type.media(status, content_type, any_type=self.any_type, ndjson=self.ndjson)

    def of_start(self, start: bytes) -> Media:
        """Return how a body without a type is read, by its first bytes."""
        if self.ndjson:
            return "ndjson"
        return "event-stream" if self.any_type else media_type.sniff(start)
