"""The decision how a body is read: as an event stream, in another framing, or not at all."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.model import media_type
from sse_cli.model.events import Media, Opened


class Reading(NamedTuple):
    """The user's settings for reading bodies.

    `any_type` and `ndjson` override the content type. `speed` is the speed at which a recording is
    played, 0 for all at once, None if not given.
    """

    any_type: bool = False
    ndjson: bool = False
    speed: float | None = None

    def of_reply(self, opened: Opened) -> Media:
        """Return how a reply's body is read, by its head."""
        return media_type.of_reply(opened, any_type=self.any_type, ndjson=self.ndjson)

    def of_start(self, start: bytes, *, complete: bool) -> Media | None:
        """Return how a body without a content type is read, by its first bytes.

        None means that more are needed, which is never so if the body is `complete`.
        """
        if self.ndjson:
            return "ndjson"
        return media_type.sniff(start, complete=complete, any_type=self.any_type)
