"""Bytes to events by WHATWG HTML 9.2.6, "Interpreting an event stream".

Rule 1: no clock and no I/O; the stamp `at` comes in with the bytes.
Rule 2: no input raises. What a browser drops in silence comes out as `Ignored`.
Rule 3: stay in bytes. Line ends are ASCII, so a value that is decoded on its own reads the
same as one cut from a decoded stream, and costs less.

Here bytes become lines, each with its end; what the lines say is `sse_cli.parser.fields`'s.
"""

from __future__ import annotations

import re
from typing import Final

from sse_cli.model.events import Event, Ignored
from sse_cli.parser.fast_paths import Runs
from sse_cli.parser.fields import BETWEEN, CR, EXCERPT, LF, POISONED, Block, excerpt, head

BOM: Final = b"\xef\xbb\xbf"
DEFAULT_MAX_SIZE: Final = 16 * 1024 * 1024
_ENDS: Final = frozenset({CR, LF})
_LONE_CR: Final = re.compile(rb"\r(?!\n)")


class EventStreamParser(Runs):
    """Incremental parser of one event stream; a new connection needs a new one.

    `last_event_id` is the one carried over from earlier connections. Lines and blocks larger
    than `max_size` bytes are skipped and reported.

    >>> parser = EventStreamParser()
    >>> [event.data for event in parser.feed(b"data: hello\\n\\n", at=0.5)]
    ['hello']
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        super().__init__(last_event_id, max_size)
        self._start: bytes | None = b""  # the body's first bytes while they may be a BOM
        self._after_cr = False  # a LF right after this CR belongs to the same line end
        self._amiss = True  # whether one of the two is so, or a line is being dropped
        # The unfinished line, and maybe the whole one before it, where that is an event's type.
        # Once it takes several reads, it grows in place.
        self._piece: bytes | bytearray = b""
        self._dropped = 0  # bytes of the line that is too large; only its start is kept

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """The events that `chunk` completes, stamped `at` (seconds). Never raises on input."""
        self.reads += 1
        if not self._amiss and not self._piece and (message := self._one(chunk, at)):
            return [message]
        out: list[Event] = []
        if self._amiss:
            chunk = self._resume(chunk, at, out)
        has_cr = CR in chunk
        if not has_cr and LF not in chunk:
            self._hold(chunk)
            return out
        if self._piece:
            chunk = b"".join((self._piece, chunk))
        if len(chunk) > self._max_size - self._open.held:
            self._measure(self._lines(chunk), at, out)
            return out
        lines = self._lines(chunk) if has_cr else self._quickly(chunk, at, out)
        if lines:
            self._interpret(lines, at, out)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """What the end of the body cut off: nothing, or one `Ignored("incomplete")`.

        The standard discards an incomplete event at the end of the stream, id and all.
        """
        if self._start:
            self._hold(self._start)
        out: list[Event] = []
        self._read_held()
        rest = bytes(self._piece)
        if self._dropped:
            out.append(self._too_large(rest, self._dropped, at))
        if rest or self._open.held or self._open.named:
            out.append(self._incomplete(rest, at))
        self._start, self._piece, self._dropped, self._open = b"", b"", 0, BETWEEN
        return out

    # Bytes to lines

    def _quickly(self, chunk: bytes, at: float, out: list[Event]) -> list[bytes]:
        """Read what a short cut can, of lines that end with LF: those that are left."""
        if self._open is not BETWEEN:
            chunk = self._end_of_block(chunk, at, out)
        if len(chunk) > self.many:
            chunk = self._runs(chunk, at, out)
        lines = chunk.split(b"\n")
        self._piece = lines.pop()
        if self._open is BETWEEN:
            lines = self._usual(lines, at, out)
            if len(lines) == 1 and lines[0] in self._types:  # sooner read with the next one
                self._piece = b"\n".join((lines[0], self._piece))
                return []
        return lines

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` ends, whatever their ends; the one that it does not end is kept.

        A CR ends a line even where no LF follows.
        """
        if _LONE_CR.search(chunk):
            self._after_cr = self._amiss = chunk[-1] == CR
            lines = chunk.splitlines(keepends=True)  # of bytes: it knows exactly CR, LF and CRLF
            self._piece = b"" if chunk[-1] in _ENDS else lines.pop()
            return [line[:-1] for line in lines]
        lines = chunk.split(b"\n")
        self._piece = lines.pop()
        return lines

    def _resume(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """`chunk` without the BOM at the body's start, the LF of a CRLF that was cut in two, or
        the rest of a line that is too large."""
        if self._start is not None:
            begun = self._start + chunk
            if len(begun) < len(BOM) and BOM.startswith(begun):
                self._start = begun
                return b""
            self._start = None
            chunk = begun.removeprefix(BOM)
            self._offset += len(begun) - len(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == LF:
                self._pass(1)
                chunk = chunk[1:]
        if self._dropped:
            chunk = self._drop(chunk, at, out)
        self._amiss = self._after_cr or self._dropped > 0
        return chunk

    def _end_of_block(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Read the rest of a block that an earlier read began; what is left of `chunk`, whose
        lines end with LF."""
        stop = 0 if chunk[0] == LF else chunk.find(b"\n\n") + 1
        if stop or chunk[0] == LF:
            self._interpret(chunk[:stop].split(b"\n"), at, out)
            return chunk[stop + 1 :]
        return chunk

    def _hold(self, piece: bytes) -> None:
        """Keep the unfinished line, or, once it is too large, only its size and start."""
        if self._dropped:
            self._dropped += len(piece)
            return
        if not isinstance(self._piece, bytearray):
            self._piece = bytearray(self._piece)
        self._piece += piece
        if len(self._piece) > self._max_size:
            self._read_held()
        if len(self._piece) > self._max_size:
            self._dropped = len(self._piece)
            self._amiss = True
            del self._piece[EXCERPT * 4 :]

    def _read_held(self) -> None:
        """Read the whole line of what is held; an event's type causes no event by itself."""
        *lines, piece = self._piece.split(b"\n")
        self._piece = piece
        if lines:
            self._interpret([bytes(line) for line in lines], 0.0, [])

    # Lines and blocks that may be too large

    def _measure(self, lines: list[bytes], at: float, out: list[Event]) -> None:
        """Read lines that may be too large, or make their block so."""
        self._hold(b"")
        for line in lines:
            if len(line) - line.endswith(b"\r") > self._max_size:
                self._skip(line, len(line) + 1, at, out)
                continue
            offset = self._offset + self._open.size
            self._interpret([line], at, out)
            if self._open.held > self._max_size:
                if self._open.held != POISONED:
                    place = at, offset, len(line) + 1
                    out.append(Ignored("too-large", self._line_number, excerpt(line), *place))
                self._poison()

    def _drop(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """The rest of `chunk` after the end of the line that is being dropped."""
        ends = [i for i in (chunk.find(b"\n"), chunk.find(b"\r")) if i >= 0]
        if not ends:
            self._dropped += len(chunk)
            return b""
        stop = min(ends)
        stop += 2 if chunk[stop : stop + 2] == b"\r\n" else 1
        self._skip(bytes(self._piece), self._dropped + stop, at, out)
        self._piece, self._dropped = b"", 0
        self._after_cr = chunk[stop - 1] == CR and stop == len(chunk)
        return chunk[stop:]

    def _skip(self, line: bytes, size: int, at: float, out: list[Event]) -> None:
        """Pass over a line of `size` bytes that is too large; a comment does no harm."""
        out.append(self._too_large(line, size, at))
        self._line_number += 1
        if self._open is BETWEEN:
            self._open = Block(self._line_number, head(line))
        self._pass(size)
        if line[:1] != b":":
            self._poison()

    def _pass(self, size: int) -> None:
        """Count bytes that are in none of the lines which are interpreted."""
        if self._open is BETWEEN:
            self._offset += size
        else:
            self._open = self._open._replace(size=self._open.size + size)

    def _poison(self) -> None:
        """The open block is too large: it will not be dispatched."""
        self._open = self._open._replace(first=None, data=None, values=0, held=POISONED)

    # What became of them

    def _too_large(self, line: bytes, size: int, at: float) -> Ignored:
        offset = self._offset + self._open.size
        return Ignored("too-large", self._line_number + 1, excerpt(line), at, offset, size)

    def _incomplete(self, rest: bytes, at: float) -> Ignored:
        block = self._open
        is_told = rest and not self._dropped  # else it is told as too large
        last = (self._line_number + 1, excerpt(rest)) if is_told else (0, "")
        if block is BETWEEN:
            self._line_number += 1
            block = Block(self._line_number, rest)
        size = block.size + (self._dropped or len(rest))
        start = block.line, excerpt(block.start), at, self._offset, size
        return Ignored("incomplete", *start, block.type, block.id, *last)
