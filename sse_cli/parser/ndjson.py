"""Newline-delimited JSON to events: each line is a message. Same rules as `parser.py`.

Ollama and others stream this way. Lines end with LF (a CR before it is dropped); blank lines
are passed over.

A line that is only `{`, `[` or `[{` is no JSON: it opens a document that is printed over several
lines (what `jq` writes, and the error that an API sends in place of a stream). That is one message,
up to the line which begins with the bracket that closes it.
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
class _Held:
    """What is read of a line, or of a document over several lines; `size` in bytes."""

    line: int
    offset: int
    size: int = 0
    closers: tuple[bytes, ...] = ()
    pieces: list[bytes] = field(default_factory=list)

    def add(self, piece: bytes, size: int, limit: int) -> None:
        """Hold `piece`, which stands for `size` bytes; above `limit` only the start is kept."""
        self.size += size
        self.pieces.append(piece)
        if self.size > limit:
            self.pieces = [b"".join(self.pieces)[: EXCERPT * 4]]


class NDJSONParser:
    """Incremental parser of one NDJSON body. Lines and documents above `max_size` bytes are
    skipped. `last_event_id` is left as it was: no line of JSON sets one."""

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._max_size = max_size
        self._line = _Held(1, 0)
        self._document: _Held | None = None
        # As `EventStreamParser` has them.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """The messages whose lines `chunk` completes, stamped `at` (seconds)."""
        self.reads += 1
        first, *lines = chunk.split(b"\n")
        self._hold(first)
        out: list[Event] = []
        for line in lines:
            self._end_line(b"\n", at, out)
            self._hold(line)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """The last line, if it has no line end: a message if it is whole, else incomplete."""
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
        self._line = _Held(line.line + 1, line.offset + size)
        document = self._document
        if document is None:
            if closers := _CLOSERS.get(_text_of(line)):
                document = self._document = _Held(line.line, line.offset, closers=closers)
            else:
                self._end(line, len(end), at, out)
                return
        start = b"".join(line.pieces)
        document.add(start + end, size, self._max_size)
        if start.startswith(document.closers):
            self._document = None
            self._end(document, 0, at, out)

    def _end(self, held: _Held, width: int, at: float, out: list[Event]) -> None:
        """What `held` is, which `width` bytes of a line end follow."""
        size = held.size + width
        data = _text_of(held).decode("utf-8", "replace")
        if held.size > self._max_size:
            text = data[:EXCERPT]
            out.append(Ignored("too-large", held.line, text, at, held.offset, size))
        elif data:
            self.messages += 1
            numbers = self.messages, self.attempt, self.reads
            out.append(Message("message", data, "", None, at, held.offset, size, *numbers))


def _text_of(held: _Held) -> bytes:
    text = b"".join(held.pieces)
    return (text if held.offset else text.removeprefix(BOM)).strip(b" \t\r\n")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
