"""Bytes of a body to events, by WHATWG HTML 9.2.6, "Interpreting an event stream".

This module splits bytes into lines; `sse_cli.parser.fields` interprets the lines, and
`sse_cli.parser.fast_paths` handles the most common ones.
"""

from __future__ import annotations

import re
from typing import Final

from sse_cli.model.events import Event, Ignored
from sse_cli.parser.fast_paths import FastPaths
from sse_cli.parser.fields import (
    CR,
    DISCARDED,
    EXCERPT,
    LF,
    NO_BLOCK,
    Block,
    decode_value,
    excerpt,
    field_of,
    head,
)

BOM: Final = b"\xef\xbb\xbf"
DEFAULT_MAX_SIZE: Final = 16 * 1024 * 1024
_LINE_ENDS: Final = frozenset({CR, LF})
_LONE_CR: Final = re.compile(rb"\r(?!\n)")


class EventStreamParser(FastPaths):
    """An incremental parser of one connection's event stream.

    Create a new parser for each connection; `last_event_id` is the ID carried over from the
    connection before. Lines and events of more than `max_size` bytes are skipped and reported
    as `Ignored("too-large")`.

    >>> parser = EventStreamParser()
    >>> [event.data for event in parser.feed(b"data: hello\\n\\n", at=0.5)]
    ['hello']
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        super().__init__(last_event_id, max_size)
        self._start: bytes | None = b""  # the first bytes of the body, while they may be a BOM
        self._after_cr = False  # the last chunk ended with CR: a LF now belongs to that line end
        # Whether the next chunk goes through `_resume` first: one of the two above holds, or the
        # rest of a line that is too large has to be dropped. A single test keeps `feed` fast.
        self._must_resume = True
        # The unfinished line. An `event` line may precede it, see `_fast_lines`. A bytearray once
        # several reads are needed, so that appending to it takes linear time.
        self._partial: bytes | bytearray = b""
        self._dropped = 0  # bytes so far of a line that is too large; `_partial` holds its start

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the events that `chunk` completes, stamped `at` (seconds). Never raises."""
        self.reads += 1
        if (
            not self._must_resume
            and not self._partial
            and (message := self._single_message(chunk, at))
        ):
            return [message]
        out: list[Event] = []
        if self._must_resume:
            chunk = self._resume(chunk, at, out)
        has_cr = CR in chunk
        if not has_cr and LF not in chunk:
            self._keep(chunk)
            return out
        if self._partial:
            chunk = b"".join((self._partial, chunk))
        if len(chunk) > self._max_size - self._open.held:
            self._interpret_bounded(self._lines(chunk), at, out)
            return out
        lines = self._lines(chunk) if has_cr else self._fast_lines(chunk, at, out)
        if lines:
            self._interpret(lines, at, out)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """Return an `Ignored("incomplete")` if the end of the body cut off an event, else nothing.

        The standard discards an incomplete event at the end of the stream, with its id. An
        unfinished line that is too large is reported, too.
        """
        if self._start:
            self._keep(self._start)
        out: list[Event] = []
        self._interpret_kept()
        rest = bytes(self._partial)
        if self._dropped:
            out.append(self._too_large(rest, self._dropped, at))
        if rest or self._open.held or self._open.first_field:
            out.append(self._incomplete(rest, at))
        self._start, self._partial, self._dropped, self._open = b"", b"", 0, NO_BLOCK
        return out

    # Bytes to lines

    def _fast_lines(self, chunk: bytes, at: float, out: list[Event]) -> list[bytes]:
        """Interpret by the fast paths as much of `chunk` as they can; return the other lines.

        `chunk` has no CR.
        """
        if self._open is not NO_BLOCK:
            chunk = self._end_of_block(chunk, at, out)
        if len(chunk) > self.large_read:
            chunk = self._similar_messages(chunk, at, out)
        lines = chunk.split(b"\n")
        self._partial = lines.pop()
        if self._open is NO_BLOCK:
            lines = self._common_messages(lines, at, out)
            # Keep a lone `event` line: with the `data` line of the next read, both take a fast
            # path; interpreting it now would open a block and rule that out.
            if len(lines) == 1 and lines[0] in self._types:
                self._partial = b"\n".join((lines[0], self._partial))
                return []
        return lines

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` ends, without LF or lone CR; keep the unfinished one.

        A CR ends a line at once, even where the LF of a CRLF may follow.
        """
        if _LONE_CR.search(chunk):
            self._after_cr = self._must_resume = chunk[-1] == CR
            lines = chunk.splitlines(keepends=True)  # bytes split at CR, LF and CRLF only
            self._partial = b"" if chunk[-1] in _LINE_ENDS else lines.pop()
            return [line[:-1] for line in lines]
        lines = chunk.split(b"\n")
        self._partial = lines.pop()
        return lines

    def _resume(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Return `chunk` without the bytes that belong to something before it.

        These are a BOM at the start of the body, the LF of a CRLF that was split between two
        chunks, and the rest of a line that is too large.
        """
        if self._start is not None:
            joined = self._start + chunk
            if len(joined) < len(BOM) and BOM.startswith(joined):
                self._start = joined
                return b""
            self._start = None
            chunk = joined.removeprefix(BOM)
            self._offset += len(joined) - len(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == LF:
                self._count_bytes(1)
                chunk = chunk[1:]
        if self._dropped:
            chunk = self._drop_rest(chunk, at, out)
        self._must_resume = self._after_cr or self._dropped > 0
        return chunk

    def _end_of_block(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Interpret the rest of an open block if `chunk` ends it; return the bytes after it.

        `chunk` has no CR.
        """
        stop = 0 if chunk[0] == LF else chunk.find(b"\n\n") + 1
        if stop or chunk[0] == LF:
            self._interpret(chunk[:stop].split(b"\n"), at, out)
            return chunk[stop + 1 :]
        return chunk

    def _keep(self, piece: bytes) -> None:
        """Append `piece` to the unfinished line; if that is too large, keep its start and size."""
        if self._dropped:
            self._dropped += len(piece)
            return
        if not isinstance(self._partial, bytearray):
            self._partial = bytearray(self._partial)
        self._partial += piece
        if len(self._partial) > self._max_size:
            self._interpret_kept()
        if len(self._partial) > self._max_size:
            self._dropped = len(self._partial)
            self._must_resume = True
            del self._partial[EXCERPT * 4 :]

    def _interpret_kept(self) -> None:
        """Interpret a whole line that `_fast_lines` kept. An `event` line yields no event."""
        *lines, partial = self._partial.split(b"\n")
        self._partial = partial
        if lines:
            self._interpret([bytes(line) for line in lines], 0.0, [])

    # Lines and blocks that may be too large

    def _interpret_bounded(self, lines: list[bytes], at: float, out: list[Event]) -> None:
        """Interpret lines one by one, and report each that is too large or makes its block so."""
        self._keep(b"")  # the unfinished line may be too large as well
        for line in lines:
            if len(line) - line.endswith(b"\r") > self._max_size:
                self._skip(line, len(line) + 1, at, out)
                continue
            self._interpret([line], at, out)
            if self._open.held > self._max_size:
                if self._open.held != DISCARDED:
                    out.append(self._too_large_event(line, at))
                self._discard_block()

    def _drop_rest(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Return `chunk` from the end of the dropped line on."""
        ends = [i for i in (chunk.find(b"\n"), chunk.find(b"\r")) if i >= 0]
        if not ends:
            self._dropped += len(chunk)
            return b""
        stop = min(ends)
        stop += 2 if chunk[stop : stop + 2] == b"\r\n" else 1
        self._skip(bytes(self._partial), self._dropped + stop, at, out)
        self._partial, self._dropped = b"", 0
        self._after_cr = chunk[stop - 1] == CR and stop == len(chunk)
        return chunk[stop:]

    def _skip(self, line: bytes, size: int, at: float, out: list[Event]) -> None:
        """Report a line of `size` bytes that is too large, and discard its block.

        A comment does not belong to the block, so the block is kept.
        """
        out.append(self._too_large(line, size, at))
        self._line_number += 1
        if self._open is NO_BLOCK:
            self._open = Block(self._line_number, head(line))
        self._count_bytes(size)
        if line[:1] != b":":
            self._discard_block()

    def _count_bytes(self, size: int) -> None:
        """Count bytes of the body that belong to no interpreted line."""
        if self._open is NO_BLOCK:
            self._offset += size
        else:
            self._open = self._open._replace(size=self._open.size + size)

    def _discard_block(self) -> None:
        """Mark the open block as too large: it will not be dispatched."""
        self._open = self._open._replace(first=None, data=None, values=0, held=DISCARDED)

    # Reports

    def _too_large(self, line: bytes, size: int, at: float) -> Ignored:
        place = at, self._offset + self._open.size, size
        number = self._line_number + 1
        return Ignored("too-large", number, excerpt(line), *place, limit=self._max_size)

    def _too_large_event(self, line: bytes, at: float) -> Ignored:
        """Return the report on the open block, which `line` has made too large."""
        block = self._open
        place = at, self._offset, block.size
        fields = block.type, block.id
        report = Ignored("too-large", self._line_number, excerpt(line), *place, *fields)
        return report._replace(part="event", limit=self._max_size)

    def _incomplete(self, rest: bytes, at: float) -> Ignored:
        block = self._open
        has_last_line = rest and not self._dropped  # a dropped one is reported as too large
        last = (self._line_number + 1, excerpt(rest)) if has_last_line else (0, "")
        if block is NO_BLOCK:
            self._line_number += 1
            block = Block(self._line_number, rest)
        size = block.size + (self._dropped or len(rest))
        start = block.line, excerpt(block.start), at, self._offset, size
        data = self._unfinished_data(b"" if self._dropped else rest)
        return Ignored("incomplete", *start, block.type, block.id, *last, data)

    def _unfinished_data(self, rest: bytes) -> str | None:
        """Return the data of the open block with that of an unfinished line, None without any."""
        block = self._open
        values = list(block.data or ([] if block.first is None else [block.first]))
        name, value = field_of(rest)
        if name == b"data":
            values.append(value)
        return decode_value(b"\n".join(values).replace(b"\r", b"")) if values else None
