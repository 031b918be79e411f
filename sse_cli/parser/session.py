"""Signals to events, over any number of connections.

The session picks the parser for each body, numbers the messages, and carries the last event ID
over to the next connection. Everything else starts anew with each `Opened`.

If the first bytes of a body decide how it is read, its `Opened` is passed on when they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Event,
    Media,
    Opened,
    Phase,
    Reconnecting,
    Resume,
    Signal,
)
from sse_cli.model.media_type import essence, sniff
from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE, EventStreamParser

if TYPE_CHECKING:
    from sse_cli.parser.aws_event_stream import AWSEventStreamParser
    from sse_cli.parser.lines import LineParser
    from sse_cli.parser.plain_text import PlainTextParser
    from sse_cli.parser.undecided import UndecidedBody

Parser: TypeAlias = "EventStreamParser | LineParser | AWSEventStreamParser | PlainTextParser"

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
        self._parser: Parser | None = None
        self._undecided: UndecidedBody | None = None
        self._read = 0
        self._earlier_reads = 0  # of the connections before: each numbers its own from 1
        self._body = b""

    @property
    def messages(self) -> int:
        """The number of messages over all connections."""
        return self._parser.messages if self._parser else self._messages

    def feed(self, signal: Signal) -> Iterable[Event]:
        """Return the events that follow from `signal`, in order."""
        if isinstance(signal, Chunk):  # first, because most are
            number = signal.read
            read = self._read = self._earlier_reads + number if number else self._read + 1
            parser = self._parser
            if parser is None:
                return self._unparsed(signal)
            parser.reads = read - 1  # it counts this one itself
            events = parser.feed(signal.data, signal.at)
            is_new_id = parser.last_event_id is not self.resume.last_event_id
            if is_new_id or parser.reconnection_time is not None:
                self._update_resume(parser)
            return events
        if isinstance(signal, Opened):
            self._earlier_reads = self._read
            return self._opened(signal)
        if isinstance(signal, Phase):
            return ()
        if isinstance(signal, Reconnecting):
            self._body = b""  # the next connection may fail without a reply
            return [*self._finish(signal.at), signal]
        return self._closed(signal)

    def _opened(self, opened: Opened) -> list[Event]:
        self._body = b""
        if opened.media == "any":
            from sse_cli.parser.undecided import UndecidedBody  # noqa: PLC0415 (rarely needed)

            is_text = essence(opened.header("content-type")).startswith("text/")
            self._undecided = UndecidedBody(opened, partial(sniff, any_type=True, is_text=is_text))
            return []
        self._parser = self._parser_of(opened.media)
        if self._parser:
            self._parser.messages, self._parser.reads = self._messages, self._read
            self._parser.attempt = opened.attempt
        return [opened]

    def _parser_of(self, media: Media) -> Parser | None:
        if media == "other":
            return None
        make: type[Parser] = EventStreamParser
        if media != "event-stream":
            from sse_cli.parser.framings import PARSERS  # noqa: PLC0415 (rarely needed)

            make = PARSERS[media]
        return make(self.resume.last_event_id, max_size=self._max_size)

    def _unparsed(self, chunk: Chunk) -> list[Event]:
        """Take bytes of a body that is only shown, or that may still be anything."""
        if self._undecided:
            return self._decide(self._undecided.feed(chunk.data), chunk.at)
        self._body += chunk.data[: BODY_LIMIT - len(self._body)]
        return []

    def _decide(self, decided: Opened | None, at: float) -> list[Event]:
        """Read the bytes that were held, if it is decided how."""
        if decided is None or self._undecided is None:
            return []
        held, self._undecided = bytes(self._undecided.held), None
        events = self._opened(decided)
        if self._parser and held:
            self._parser.reads = self._read - 1  # it counts the last of these reads itself
            events += self._parser.feed(held, at)
            self._update_resume(self._parser)
        return events

    def _closed(self, closed: Closed) -> list[Event]:
        events = self._finish(closed.at, is_cut=closed.ending not in _ENDED_BY_US)
        return [*events, closed._replace(body=self._body)]

    def _finish(self, at: float, *, is_cut: bool = True) -> list[Event]:
        """End the connection's parser; return the events for what it held back.

        Only with `is_cut`, an unfinished block is reported.
        """
        events = self._decide(self._undecided.all(), at) if self._undecided else []
        if self._parser is None:
            return events
        if is_cut:
            events += self._parser.finish(at)
        self._messages = self._parser.messages
        self._parser = None
        return events

    def _update_resume(self, parser: Parser) -> None:
        """Store the last event ID and reconnection time that later connections use."""
        self.resume.last_event_id = parser.last_event_id
        if parser.reconnection_time is not None:
            self.resume.reconnection_time = parser.reconnection_time / 1000
