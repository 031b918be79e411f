"""Newline-delimited JSON to events: each line is a message.

Ollama and others stream this way. Lines end with LF (a CR before it is dropped); blank lines are
skipped.

A line that is only `{`, `[` or `[{` is not valid JSON. It opens a document that spans several
lines, such as the output of `jq`, or the error that an API sends instead of a stream. The document
is one message; it ends with the line that begins with the closing bracket.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from sse_cli.model.events import Event, Ignored, Message
from sse_cli.parser.event_stream import BOM, DEFAULT_MAX_SIZE
from sse_cli.parser.fields import EXCERPT

_CLOSERS: Final = {b"{": (b"}",), b"[": (b"]",), b"[{": (b"]", b"}]")}


@dataclass(slots=True)
class _Buffer:
    """A buffer for a line, or for a document over several lines; `size` is the bytes read."""

    line: int
    offset: int
    size: int = 0
    closers: tuple[bytes, ...] = ()
    pieces: list[bytes] = field(default_factory=list)

    def add(self, piece: bytes, size: int, limit: int) -> None:
        """Add `piece`, which counts as `size` bytes; above `limit` bytes keep only the start."""
        self.size += size
        self.pieces.append(piece)
        if self.size > limit:
            self.pieces = [b"".join(self.pieces)[: EXCERPT * 4]]


class NDJSONParser:
    """An incremental parser of one NDJSON body.

    Lines and documents of more than `max_size` bytes are skipped and reported. `last_event_id`
    never changes, because NDJSON has no event IDs.
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._max_size = max_size
        self._line = _Buffer(1, 0)
        self._document: _Buffer | None = None
        # Numbers for messages, as in `EventStreamParser`.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the messages whose lines `chunk` completes, stamped `at` (seconds)."""
        self.reads += 1
        first, *lines = chunk.split(b"\n")
        self._hold(first)
        out: list[Event] = []
        for line in lines:
            self._end_line(b"\n", at, out)
            self._hold(line)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """Return the event for a last line without a line end.

        It is a message if the line is valid JSON, else `Ignored("incomplete")`.
        """
        out: list[Event] = []
        line = (self._document or self._line).line
        self._end_line(b"", at, out)
        if self._document:
            self._end(self._document, 0, at, out)
        if out and isinstance(last := out[0], Message) and not _is_json(last.data):
            text = last.data[:EXCERPT]
            self.messages -= 1
            out[0] = Ignored("incomplete", line, text, at, last.offset, last.size)
        return out

    def _hold(self, piece: bytes) -> None:
        self._line.add(piece, len(piece), self._max_size)

    def _end_line(self, end: bytes, at: float, out: list[Event]) -> None:
        line = self._line
        size = line.size + len(end)
        self._line = _Buffer(line.line + 1, line.offset + size)
        document = self._document
        if document is None:
            if closers := _CLOSERS.get(_text_of(line)):
                document = self._document = _Buffer(line.line, line.offset, closers=closers)
            else:
                self._end(line, len(end), at, out)
                return
        start = b"".join(line.pieces)
        document.add(start + end, size, self._max_size)
        if start.startswith(document.closers):
            self._document = None
            self._end(document, 0, at, out)

    def _end(self, buffer: _Buffer, width: int, at: float, out: list[Event]) -> None:
        """Append the event for a line or document that is complete now, if it is not blank.

        `width` is the bytes of the line end that follows it.
        """
        size = buffer.size + width
        data = _text_of(buffer).decode("utf-8", "replace")
        if buffer.size > self._max_size:
            text = data[:EXCERPT]
            out.append(Ignored("too-large", buffer.line, text, at, buffer.offset, size))
        elif data:
            self.messages += 1
            numbers = self.messages, self.attempt, self.reads
            out.append(Message("message", data, "", None, at, buffer.offset, size, *numbers))


def _text_of(buffer: _Buffer) -> bytes:
    text = b"".join(buffer.pieces)
    return (text if buffer.offset else text.removeprefix(BOM)).strip(b" \t\r\n")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
