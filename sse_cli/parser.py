"""Bytes to events by WHATWG HTML 9.2.6, "Interpreting an event stream".

Rule 1: no clock and no I/O; the stamp `at` comes in with the bytes.
Rule 2: no input raises. What a browser drops in silence comes out as `Ignored`.
Rule 3: stay in bytes. Line ends are ASCII, so a value that is decoded on its own reads the
same as one cut from a decoded stream, and costs less.

A run of bytes with one kind of line end (LF or CRLF) is split into blocks, and the two shapes
that AI APIs send, `data` and `event` + `data`, are read straight from the block. Everything
else goes line by line through `_line`, which alone knows the standard; the short cuts
give what it would give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sse_cli.events import Comment, Event, Ignored, Message, Reason, Retry

BOM: Final = b"\xef\xbb\xbf"
CR: Final = 0x0D
LF: Final = 0x0A
DEFAULT_MAX_SIZE: Final = 16 * 1024 * 1024
EXCERPT: Final = 1000
MAX_RECONNECTION_TIME: Final = 2**63 - 1
_MAX_TYPES: Final = 256
_MAX_TYPE_LINE: Final = 256  # bytes: a longer line is decoded anew each time


class EventStreamParser:
    """Incremental parser of one event stream; a new connection needs a new one.

    `last_event_id` is the one carried over from earlier connections. Lines and blocks larger
    than `max_size` bytes are skipped and reported.

    >>> parser = EventStreamParser()
    >>> [event.data for event in parser.feed(b"data: hello\\n\\n", at=0.5)]
    ['hello']
    """

    # The block in work, set anew by _begin_block
    _block_line: int  # number of the block's first line, 0 between blocks
    _block_offset: int
    _block_text: bytes  # the start of its first line
    _data: list[bytes]
    _data_size: int
    _type: bytes | None
    _id: str | None
    _named: tuple[int, bytes] | None  # its first event or id field: line number, line
    _poisoned: bool  # a part of it was too large

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._max_size = max_size
        self._start: bytes | None = b""  # the body's first bytes while they may be a BOM
        self._after_cr = False  # a LF right after this CR belongs to the same line end
        self._pieces = bytearray()  # the unfinished line: grows in place, however small the reads
        self._held = 0  # bytes in the pieces, or dropped of a line that is too large
        self._dropping = False
        self._offset = 0  # of the current line in the body
        self._line_number = 0  # of the last finished line
        self._width = 0  # of the current line's end
        self._types: dict[bytes, str] = {}  # decoded event types: few, and repeated
        self._begin_block()

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """The events that `chunk` completes, stamped `at` (seconds). Never raises on input."""
        if self._start is not None or self._after_cr:
            chunk = self._resume(chunk)
        out: list[Event] = []
        if self._dropping:
            chunk = self._drop(chunk, at, out)
        has_cr = CR in chunk
        if not has_cr and LF not in chunk:
            self._hold(chunk)
            return out
        if self._pieces:
            self._pieces += chunk
            chunk = bytes(self._pieces)
            self._pieces.clear()
            self._held = 0
        if len(chunk) > self._max_size:
            self._feed_lines(chunk, at, out)
        elif not has_cr:
            self._feed_blocks(chunk, b"\n", at, out)
        elif chunk.count(b"\r\n") == chunk.count(b"\r") == chunk.count(b"\n"):
            self._feed_blocks(chunk, b"\r\n", at, out)
        else:
            self._feed_lines(chunk, at, out)
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """What the end of the body cut off: nothing, or one `Ignored("incomplete")`.

        The standard discards an incomplete event at the end of the stream, id and all.
        """
        if self._start:
            self._hold(self._start)
        self._start = b""
        out: list[Event] = []
        rest = bytes(self._pieces)
        if self._dropping:
            out.append(self._too_large(rest, self._held, at))
        begun = self._poisoned or self._data or self._named
        if rest or begun:
            out.append(self._incomplete(rest, at))
        self._pieces.clear()
        self._held = 0
        self._dropping = False
        self._begin_block()
        return out

    # Bytes to lines

    def _resume(self, chunk: bytes) -> bytes:
        """`chunk` without the BOM at the body's start, or the LF of a CRLF cut in two."""
        if self._start is not None:
            head = self._start + chunk
            if len(head) < len(BOM) and BOM.startswith(head):
                self._start = head
                return b""
            self._start = None
            chunk = head.removeprefix(BOM)
            self._offset += len(head) - len(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == LF:
                self._offset += 1
                return chunk[1:]
        return chunk

    def _feed_blocks(self, run: bytes, end: bytes, at: float, out: list[Event]) -> None:
        """Read a run in which every line ends with `end`."""
        width = len(end)
        start = 0
        while self._block_line:  # a block that an earlier chunk began
            stop = run.find(end, start)
            if stop < 0:
                self._hold(run[start:])
                return
            self._line(run[start:stop], width, at, out)
            start = stop + width
        blocks = (run[start:] if start else run).split(end + end)
        rest = blocks.pop()
        self._read_blocks(blocks, end, at, out)
        lines = rest.split(end)
        tail = lines.pop()
        for line in lines:
            self._line(line, width, at, out)
        if tail:
            self._hold(tail)

    def _read_blocks(self, blocks: list[bytes], end: bytes, at: float, out: list[Event]) -> None:
        width = len(end)
        data_line = end + b"data: "
        types = self._types
        for block in blocks:
            size = len(block) + 2 * width
            if block.startswith(b"data: ") and LF not in block:
                lines, kind, value = 2, "message", block[6:]
            elif block.startswith(b"event: "):
                head, found, value = block.partition(data_line)
                if not found or LF in head or LF in value:
                    self._read_lines(block.split(end), width, at, out)
                    continue
                lines, kind = 3, types.get(head) or self._type_of(head)
            else:
                self._read_lines(block.split(end), width, at, out)
                continue
            data = value.decode("utf-8", "replace")
            out.append(Message(kind, data, self.last_event_id, None, at, self._offset, size))
            self._offset += size
            self._line_number += lines

    def _read_lines(self, lines: list[bytes], width: int, at: float, out: list[Event]) -> None:
        for line in lines:
            self._line(line, width, at, out)
        self._line(b"", width, at, out)

    def _feed_lines(self, run: bytes, at: float, out: list[Event]) -> None:
        """Read a run of any line ends: bytes.splitlines knows exactly CR, LF and CRLF."""
        for line in run.splitlines(keepends=True):
            if line.endswith(b"\r\n"):
                self._line(line[:-2], 2, at, out)
            elif line[-1] in (LF, CR):
                self._line(line[:-1], 1, at, out)
            else:
                self._hold(line)
        self._after_cr = run[-1] == CR

    def _hold(self, piece: bytes) -> None:
        """Keep the unfinished line, or, once it is too large, only its size and start."""
        if not piece:
            return
        self._held += len(piece)
        if not self._dropping:
            self._pieces += piece
        if self._held > self._max_size:
            self._dropping = True
            del self._pieces[EXCERPT * 4 :]

    def _drop(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """The rest of `chunk` after the end of the line that is being dropped."""
        ends = [i for i in (chunk.find(b"\n"), chunk.find(b"\r")) if i >= 0]
        if not ends:
            self._held += len(chunk)
            return b""
        stop = min(ends)
        width = 2 if chunk[stop : stop + 2] == b"\r\n" else 1
        start = bytes(self._pieces)
        self._pieces.clear()
        self._skip_line(start, self._held + stop, width, at, out)
        self._held = 0
        self._dropping = False
        rest = chunk[stop + width :]
        self._after_cr = not rest and chunk[-1] == CR
        return rest

    # Lines to events

    def _line(self, line: bytes, width: int, at: float, out: list[Event]) -> None:
        """Process one line (9.2.6); its line end was `width` bytes."""
        if len(line) > self._max_size:
            self._skip_line(line, len(line), width, at, out)
            return
        self._line_number += 1
        self._width = width
        if not line:
            self._dispatch(width, at, out)
        else:
            if not self._block_line:
                self._mark_block(line)
            name, _, value = line.partition(b":")
            if value[:1] == b" ":
                value = value[1:]
            if field := _FIELDS.get(name):
                field(self, line, value, at, out)
            elif name:
                out.append(self._ignore("unknown-field", line, at))
            else:
                out.append(Comment(_text(line[1:]), at, self._offset))
        self._offset += len(line) + width

    def _field_data(self, line: bytes, value: bytes, at: float, out: list[Event]) -> None:
        self._data_size += len(value) + 1
        if self._data_size <= self._max_size:
            self._data.append(value)
        elif not self._poisoned:
            self._poisoned = True
            self._data.clear()
            out.append(self._ignore("too-large", line, at))

    def _field_event(self, line: bytes, value: bytes, _at: float, _out: list[Event]) -> None:
        self._type = value
        self._named = self._named or (self._line_number, line)

    def _field_id(self, line: bytes, value: bytes, at: float, out: list[Event]) -> None:
        if b"\0" in value:
            out.append(self._ignore("null-in-id", line, at))
            return
        self._id = _text(value)
        self._named = self._named or (self._line_number, line)

    def _field_retry(self, line: bytes, value: bytes, at: float, out: list[Event]) -> None:
        if not value.isdigit():  # bytes.isdigit knows ASCII digits only, as the standard asks
            out.append(self._ignore("bad-retry", line, at))
            return
        digits = value.lstrip(b"0")[:20] or b"0"  # int() refuses thousands; 20 pass the maximum
        self.reconnection_time = min(int(digits), MAX_RECONNECTION_TIME)
        out.append(Retry(self.reconnection_time, at, self._offset))

    def _dispatch(self, width: int, at: float, out: list[Event]) -> None:
        """A blank line: dispatch the event if it has data, and begin a new block."""
        if not self._block_line:
            return
        if self._id is not None:
            self.last_event_id = self._id
        if self._poisoned:
            pass  # it was reported; half an event is no event
        elif self._data:
            out.append(self._message(width, at))
        elif self._named:
            out.append(self._no_data(self._named, width, at))
        self._begin_block()

    # Parts of events

    def _begin_block(self) -> None:
        self._block_line = 0
        self._block_offset = 0
        self._block_text = b""
        self._data = []
        self._data_size = 0
        self._type = None
        self._id = None
        self._named = None
        self._poisoned = False

    def _mark_block(self, line: bytes) -> None:
        self._block_line = self._line_number
        self._block_offset = self._offset
        self._block_text = _head(line)

    def _message(self, width: int, at: float) -> Message:
        offset = self._block_offset
        return Message(
            _text(self._type or b"") or "message",
            _text(b"\n".join(self._data)),
            self.last_event_id,
            self._id,
            at,
            offset,
            self._offset + width - offset,
        )

    def _no_data(self, named: tuple[int, bytes], width: int, at: float) -> Ignored:
        number, line = named
        offset = self._block_offset
        size = self._offset + width - offset
        return Ignored("no-data", number, _excerpt(line), at, offset, size, *self._names())

    def _incomplete(self, rest: bytes, at: float) -> Ignored:
        if not self._block_line:
            self._line_number += 1
            self._mark_block(rest)
        offset = self._block_offset
        size = self._offset + self._held - offset
        text = _excerpt(self._block_text)
        names = self._names()
        return Ignored("incomplete", self._block_line, text, at, offset, size, *names)

    def _too_large(self, line: bytes, size: int, at: float) -> Ignored:
        return Ignored("too-large", self._line_number + 1, _excerpt(line), at, self._offset, size)

    def _skip_line(self, line: bytes, size: int, width: int, at: float, out: list[Event]) -> None:
        """Pass over a line of `size` bytes that is too large; a comment does no harm."""
        out.append(self._too_large(line, size + width, at))
        self._line_number += 1
        if not self._block_line:
            self._mark_block(line)
        self._poisoned = self._poisoned or not line.startswith(b":")
        self._offset += size + width

    def _ignore(self, reason: Reason, line: bytes, at: float) -> Ignored:
        size = len(line) + self._width
        return Ignored(reason, self._line_number, _excerpt(line), at, self._offset, size)

    def _names(self) -> tuple[str | None, str | None]:
        return (None if self._type is None else _text(self._type)), self._id

    def _type_of(self, line: bytes) -> str:
        """The event type of an `event: …` line, remembered: a stream has a handful."""
        kind = _text(line[7:]) or "message"
        if len(line) <= _MAX_TYPE_LINE and len(self._types) < _MAX_TYPES:
            self._types[line] = kind
        return kind


_Field = Callable[[EventStreamParser, bytes, bytes, float, list[Event]], None]

_FIELDS: Final[dict[bytes, _Field]] = {
    b"data": EventStreamParser._field_data,
    b"event": EventStreamParser._field_event,
    b"id": EventStreamParser._field_id,
    b"retry": EventStreamParser._field_retry,
}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _head(line: bytes) -> bytes:
    """Enough bytes of `line` for its excerpt."""
    return line[: EXCERPT * 4]


def _excerpt(line: bytes) -> str:
    return _text(_head(line))[:EXCERPT]
