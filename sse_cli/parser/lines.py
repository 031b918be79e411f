"""Bytes to lines that end with LF, each of limited size, for the framings that are not SSE."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from sse_cli.model.events import Event, Ignored, Message
from sse_cli.parser.event_stream import BOM, DEFAULT_MAX_SIZE
from sse_cli.parser.fields import EXCERPT

_BLANKS: Final = b" \t\r\n"


@dataclass(slots=True)
class LineBuffer:
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

    @property
    def text(self) -> bytes:
        """The bytes without blanks around them, and without a byte order mark of the body."""
        text = b"".join(self.pieces)
        return (text if self.offset else text.removeprefix(BOM)).strip(_BLANKS)


class LineParser:
    """An incremental parser of one body of lines. Subclasses say what a line is.

    Lines of more than `max_size` bytes are skipped and reported. `last_event_id` never changes,
    because such lines have no event IDs.
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._max_size = max_size
        self._line = LineBuffer(1, 0)
        # Numbers for messages, as in `EventStreamParser`.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the events whose lines `chunk` completes, stamped `at` (seconds)."""
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

        It is a message if the line is complete by its content, else `Ignored("incomplete")`.
        """
        out: list[Event] = []
        line = self._first_line()
        self._end_body(at, out)
        if out and isinstance(last := out[0], Message) and not is_json(last.data):
            self.messages -= 1
            text = last.data[:EXCERPT]
            out[0] = Ignored("incomplete", line, text, at, last.offset, last.size)
        return out

    def _first_line(self) -> int:
        """Return the number of the first unfinished line."""
        return self._line.line

    def _end_body(self, at: float, out: list[Event]) -> None:
        self._end_line(b"", at, out)

    def _hold(self, piece: bytes) -> None:
        self._line.add(piece, len(piece), self._max_size)

    def _next_line(self, end: bytes) -> LineBuffer:
        """Begin a new line after `end`; return the one that it ends."""
        line = self._line
        self._line = LineBuffer(line.line + 1, line.offset + line.size + len(end))
        return line

    def _end_line(self, end: bytes, at: float, out: list[Event]) -> None:
        self._end(self._next_line(end), len(end), at, out)

    def _end(self, buffer: LineBuffer, width: int, at: float, out: list[Event]) -> None:
        """Append the event for a line or document that is complete now, if it is not blank.

        `width` is the bytes of the line end that follows it.
        """
        size = buffer.size + width
        data = buffer.text.decode("utf-8", "replace")
        if buffer.size > self._max_size:
            out.append(self._too_large(buffer, data[:EXCERPT], at, size))
        elif data:
            out.append(self._event(data, buffer, size, at))

    def _too_large(self, buffer: LineBuffer, text: str, at: float, size: int) -> Ignored:
        report = Ignored("too-large", buffer.line, text, at, buffer.offset, size)
        is_line = buffer.line + 1 == self._line.line  # else a document over several
        return report._replace(part="line" if is_line else "event", limit=self._max_size)

    def _event(self, data: str, buffer: LineBuffer, size: int, at: float) -> Event:
        """Return the event for `data`, a line that is not blank."""
        return self._message("message", data, buffer, size, at)

    def _message(self, kind: str, data: str, buffer: LineBuffer, size: int, at: float) -> Message:
        self.messages += 1
        numbers = self.messages, self.attempt, self.reads
        return Message(kind, data, self.last_event_id, None, at, buffer.offset, size, *numbers)


def is_json(text: str | bytes) -> bool:
    """Return whether `text` is valid JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
