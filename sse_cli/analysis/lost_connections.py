"""The connections that were lost in a row: evidence for a run that ends before the next stream."""

from __future__ import annotations

from sse_cli.model.events import Opened, Reconnecting


class LostConnections:
    """The connections that were lost since a stream was open.

    `is_waiting` is True from the end of a connection until the next stream begins.
    """

    def __init__(self) -> None:
        self.is_waiting = False
        self._is_open = False
        self._failures = 0  # connections in a row without a stream
        self._last = ""

    def opened(self, opened: Opened) -> None:
        """Take the head of a reply: a stream ends the row."""
        if opened.media != "other":
            self.is_waiting, self._is_open, self._failures = False, True, 0

    def lost(self, end: Reconnecting) -> None:
        """Take the end of a connection."""
        self._failures += not self._is_open
        self.is_waiting, self._is_open = True, False
        self._last = end.detail or end.ending.value

    def words(self) -> str:
        """Return how the last of them ended, and how many there were without a stream."""
        if not self._failures:
            return self._last
        return f"{self._last}, {self._failures:,} {'try' if self._failures == 1 else 'tries'}"
