"""Newline-delimited JSON to events: each line is a message.

Ollama and others stream this way. Lines end with LF (a CR before it is dropped); blank lines are
skipped.

A line that is only `{`, `[` or `[{` is not valid JSON. It opens a document that spans several
lines, such as the output of `jq`, or the error that an API sends instead of a stream. The document
is one message; it ends with the line that begins with the closing bracket.
"""

from __future__ import annotations

from typing import Final

from sse_cli.model.events import Event
from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE
from sse_cli.parser.lines import LineBuffer, LineParser

_CLOSERS: Final = {b"{": (b"}",), b"[": (b"]",), b"[{": (b"]", b"}]")}


class NDJSONParser(LineParser):
    """An incremental parser of one NDJSON body.

    Lines and documents of more than `max_size` bytes are skipped and reported.
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        super().__init__(last_event_id, max_size=max_size)
        self._document: LineBuffer | None = None

    def _first_line(self) -> int:
        return (self._document or self._line).line

    def _end_body(self, at: float, out: list[Event]) -> None:
        super()._end_body(at, out)
        if self._document:
            self._end(self._document, 0, at, out)

    def _end_line(self, end: bytes, at: float, out: list[Event]) -> None:
        line = self._next_line(end)
        document = self._document
        if document is None:
            if closers := _CLOSERS.get(line.text):
                document = self._document = LineBuffer(line.line, line.offset, closers=closers)
            else:
                self._end(line, len(end), at, out)
                return
        start = b"".join(line.pieces)
        document.add(start + end, line.size + len(end), self._max_size)
        if start.startswith(document.closers):
            self._document = None
            self._end(document, 0, at, out)
