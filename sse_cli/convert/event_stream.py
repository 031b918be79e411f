"""The bodies of a recording as one raw event stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sse_cli.model.events import (
    Chunk,
    Closed,
    Event,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Signal,
)

BOM: Final = b"\xef\xbb\xbf"


class Bodies:
    """The bodies of all connections as one event stream that has the same events.

    What a cut left unfinished is left out where another connection follows, as a client drops
    it, and so is a byte order mark that would be in the middle.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._written = 0  # bytes of this connection's body, those left out included
        self._is_stream = False
        self._is_first = True

    def feed(self, signal: Signal, events: Iterable[Event]) -> bytes:
        """What can be written for sure; `events` are those that follow from `signal`."""
        if isinstance(signal, Opened):
            self._is_stream = signal.media != "other"
        elif isinstance(signal, Chunk):
            self._pending += signal.data if self._is_stream else b""
            ends = [one.offset + one.size for one in events if isinstance(one, Message)]
            return self._up_to(ends[-1]) if ends else b""
        elif isinstance(signal, Reconnecting):
            cuts = [one.offset for one in events if isinstance(one, Ignored) and _is_cut(one)]
            said = self._up_to(cuts[0]) if cuts else self._rest()
            self._pending.clear()
            self._written, self._is_first = 0, False
            return said
        return self._rest() if isinstance(signal, Closed) else b""

    def _rest(self) -> bytes:
        return self._up_to(self._written + len(self._pending))

    def _up_to(self, offset: int) -> bytes:
        said = bytes(self._pending[: offset - self._written])
        del self._pending[: offset - self._written]
        is_start, self._written = self._written == 0, offset
        return said.removeprefix(BOM) if is_start and not self._is_first else said


def _is_cut(event: Ignored) -> bool:
    return event.reason == "incomplete"
