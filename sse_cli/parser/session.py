"""Signals to events, over any number of connections.

The session picks the parser for each body, numbers the messages, and carries the last event ID
over to the next connection. Everything else starts anew with each `Opened`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sse_cli.model.events import Chunk, Closed, Ending, Event, Opened, Reconnecting, Resume, Signal
from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE, EventStreamParser

if TYPE_CHECKING:
    from sse_cli.parser.ndjson import NDJSONParser

BODY_LIMIT: Final = 64 * 1024  # bytes kept of a body that is not an event stream
# An unfinished event is a cut if the peer ended the stream, but not if we did.
_ENDED_BY_US: Final = frozenset(
    {Ending.DONE, Ending.LIMIT, Ending.DEADLINE, Ending.STALLED, Ending.INTERRUPTED}
)


class Session:
    """A converter of signals to events; `max_size` (bytes) limits a line and an event."""

    def __init__(self, *, max_size: int = DEFAULT_MAX_SIZE, resume: Resume | None = None) -> None:
        self.resume = resume or Resume()
        self._messages = 0
        self._max_size = max_size
        self._parser: EventStreamParser | NDJSONParser | None = None
        self._read = 0
        self._body = b""

    @property
    def messages(self) -> int:
        """The number of messages over all connections."""
        return self._parser.messages if self._parser else self._messages

    def feed(self, signal: Signal) -> Iterable[Event]:
        """Return the events that follow from `signal`, in order."""
        if isinstance(signal, Chunk):  # first, because most are
            self._read += 1
            parser = self._parser
            if parser is None:
                self._body += signal.data[: BODY_LIMIT - len(self._body)]
                return ()
            events = parser.feed(signal.data, signal.at)
            is_new_id = parser.last_event_id is not self.resume.last_event_id
            if is_new_id or parser.reconnection_time is not None:
                self._update_resume(parser)
            return events
        if isinstance(signal, Opened):
            return self._opened(signal)
        if isinstance(signal, Reconnecting):
            self._body = b""  # the next connection may fail without a reply
            return [*self._finish(signal.at), signal]
        return self._closed(signal)

    def _opened(self, opened: Opened) -> list[Event]:
        self._body = b""
        if opened.media == "event-stream":
            self._parser = EventStreamParser(self.resume.last_event_id, max_size=self._max_size)
        elif opened.media == "ndjson":
            from sse_cli.parser.ndjson import NDJSONParser  # noqa: PLC0415 (rarely needed)

            self._parser = NDJSONParser(self.resume.last_event_id, max_size=self._max_size)
        else:
            self._parser = None
        if self._parser:
            self._parser.messages, self._parser.reads = self._messages, self._read
            self._parser.attempt = opened.attempt
        return [opened]

    def _closed(self, closed: Closed) -> list[Event]:
        events = self._finish(closed.at, is_cut=closed.ending not in _ENDED_BY_US)
        return [*events, closed._replace(body=self._body)]

    def _finish(self, at: float, *, is_cut: bool = True) -> list[Event]:
        """End the connection's parser; with `is_cut`, return the events for an unfinished block."""
        if self._parser is None:
            return []
        events = self._parser.finish(at) if is_cut else []
        self._messages = self._parser.messages
        self._parser = None
        return events

    def _update_resume(self, parser: EventStreamParser | NDJSONParser) -> None:
        """Store the last event ID and reconnection time that later connections use."""
        self.resume.last_event_id = parser.last_event_id
        if parser.reconnection_time is not None:
            self.resume.reconnection_time = parser.reconnection_time / 1000
