"""Conversion of a recording to a raw event stream."""

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
    """A converter that joins the bodies of all connections to a stream with the same events.

    It omits an unfinished event before another connection, because a client drops it there, and
    every byte order mark but the first.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._written = 0  # bytes of this connection's body that were returned or omitted
        self._is_stream = False
        self._is_first = True

    def feed(self, signal: Signal, events: Iterable[Event]) -> bytes:
        """Return the bytes that are certain to belong to the stream.

        `events` are the events that follow from `signal`.
        """
        if isinstance(signal, Opened):
            self._is_stream = signal.media != "other"
        elif isinstance(signal, Chunk):
            self._pending += signal.data if self._is_stream else b""
            ends = [event.offset + event.size for event in events if isinstance(event, Message)]
            return self._up_to(ends[-1]) if ends else b""
        elif isinstance(signal, Reconnecting):
            cuts = [
                event.offset
                for event in events
                if isinstance(event, Ignored) and _is_incomplete(event)
            ]
            output = self._up_to(cuts[0]) if cuts else self._rest()
            self._pending.clear()
            self._written, self._is_first = 0, False
            return output
        return self._rest() if isinstance(signal, Closed) else b""

    def _rest(self) -> bytes:
        return self._up_to(self._written + len(self._pending))

    def _up_to(self, offset: int) -> bytes:
        output = bytes(self._pending[: offset - self._written])
        del self._pending[: offset - self._written]
        is_start, self._written = self._written == 0, offset
        return output.removeprefix(BOM) if is_start and not self._is_first else output


def _is_incomplete(event: Ignored) -> bool:
    return event.reason == "incomplete"
