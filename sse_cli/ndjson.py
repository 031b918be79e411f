"""Newline-delimited JSON to events: each line is a message. Same rules as `parser.py`.

Ollama and others stream this way. Lines end with LF (a CR before it is dropped); blank lines
are passed over.
"""

from __future__ import annotations

import json

from sse_cli.events import Event, Ignored, Message
from sse_cli.parser import BOM, DEFAULT_MAX_SIZE, EXCERPT


class NDJSONParser:
    """Incremental parser of one NDJSON body. Lines above `max_size` bytes are skipped."""

    def __init__(self, *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self._max_size = max_size
        self._pieces: list[bytes] = []
        self._held = 0
        self._offset = 0
        self._line_number = 0
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
            self._end_line(1, at, out)
            self._hold(line)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """The last line, if it has no line end: a message if it is whole, else incomplete."""
        out: list[Event] = []
        self._end_line(0, at, out)
        if out and isinstance(last := out[0], Message) and not _is_json(last.data):
            text = last.data[:EXCERPT]
            size = last.size
            self.messages -= 1
            out[0] = Ignored("incomplete", self._line_number, text, at, last.offset, size)
        return out

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        self._pieces.append(piece)
        if self._held > self._max_size:
            self._pieces = [b"".join(self._pieces)[: EXCERPT * 4]]

    def _end_line(self, width: int, at: float, out: list[Event]) -> None:
        line = b"".join(self._pieces)
        size = self._held + width
        offset = self._offset
        too_large = self._held > self._max_size
        self._pieces.clear()
        self._held = 0
        self._offset += size
        self._line_number += 1
        if offset == 0:
            line = line.removeprefix(BOM)
        if too_large:
            text = line.decode("utf-8", "replace")[:EXCERPT]
            out.append(Ignored("too-large", self._line_number, text, at, offset, size))
        elif line := line.strip(b" \t\r"):
            data = line.decode("utf-8", "replace")
            self.messages += 1
            numbers = self.messages, self.attempt, self.reads
            out.append(Message("message", data, "", None, at, offset, size, *numbers))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
