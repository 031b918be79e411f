"""The start of a body that is read as whatever it turns out to be."""

from __future__ import annotations

from typing import Protocol

from sse_cli.model.events import Media, Opened
from sse_cli.model.media_type import LONGEST_BLANK, LONGEST_PART


class Sniff(Protocol):
    """A function that returns how a body is read, by its first bytes.

    None means that more are needed, which is never so if the body is `complete`.
    """

    def __call__(self, start: bytes, /, *, complete: bool) -> Media | None:
        """Return how a body is read."""


class UndecidedBody:
    """A buffer for the first bytes of a body, until they tell how it is read."""

    def __init__(self, opened: Opened, sniff: Sniff) -> None:
        self.held = bytearray()
        self._opened = opened
        self._sniff = sniff

    def feed(self, data: bytes) -> Opened | None:
        """Add bytes; return the reply's head with how the body is read, None to wait for more."""
        self.held += data
        # A longer start is a line that has not ended; to look at it at every read would take
        # quadratic time.
        if LONGEST_BLANK < len(self.held) < LONGEST_PART and b"\n" not in data:
            return None
        return self._decided(complete=False)

    def all(self) -> Opened:
        """Return the reply's head with how the body is read, all of which has come."""
        opened = self._decided(complete=True)
        assert opened is not None  # noqa: S101 (a complete body is decided)
        return opened

    def _decided(self, *, complete: bool) -> Opened | None:
        media = self._sniff(bytes(self.held), complete=complete)
        return self._opened._replace(media=media) if media else None
