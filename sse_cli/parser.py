"""Bytes to events by WHATWG HTML 9.2.6, "Interpreting an event stream".

Rule 1: no clock and no I/O; the stamp `at` comes in with the bytes.
Rule 2: no input raises. What a browser drops in silence comes out as `Ignored`.
Rule 3: stay in bytes. Line ends are ASCII, so a value that is decoded on its own reads the
same as one cut from a decoded stream, and costs less.

A run of bytes is split into lines, each with its end. Where all end alike (LF or CRLF), the two
shapes that AI APIs send, `data` and `event` + `data`, are read straight from their lines, in
`_read`. Everything else goes through `_blocks`, which alone knows the standard; the short cuts
give what it would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, count, repeat
from typing import ClassVar, Final, NamedTuple

from sse_cli.events import Comment, Event, Ignored, Message, Reason, Retry

BOM: Final = b"\xef\xbb\xbf"
CR: Final = 0x0D
LF: Final = 0x0A
DEFAULT_MAX_SIZE: Final = 16 * 1024 * 1024
EXCERPT: Final = 1000
MAX_RECONNECTION_TIME: Final = 2**63 - 1
_COLON: Final = 0x3A
_D: Final = 0x64
_E: Final = 0x65
_I: Final = 0x69
_ENDS: Final = frozenset({LF, CR})
_MAX_TYPES: Final = 256
# How a NamedTuple makes itself, without the Python function around it: half the time.
_new: Final = tuple.__new__
_MAX_TYPE_LINE: Final = 256  # bytes: a longer line is decoded anew each time


class _Block(NamedTuple):
    """A block that was begun and has not ended yet."""

    line: int = 0  # number of its first line, 0 between blocks
    offset: int = 0
    start: bytes = b""  # of its first line
    data: list[bytes] | None = None  # values, each with the end of its line
    size: int = 0  # bytes of data, kept or not
    type: str | None = None
    id: str | None = None
    named: tuple[int, bytes] | None = None  # its first event or id field: line number, line
    poisoned: bool = False  # a part of it was too large


_BETWEEN: Final = _Block()


class EventStreamParser:
    """Incremental parser of one event stream; a new connection needs a new one.

    `last_event_id` is the one carried over from earlier connections. Lines and blocks larger
    than `max_size` bytes are skipped and reported.

    >>> parser = EventStreamParser()
    >>> [event.data for event in parser.feed(b"data: hello\\n\\n", at=0.5)]
    ['hello']
    """

    many: ClassVar = 4096  # bytes of a read that is likely to hold many events
    few: ClassVar = 8  # events that are sooner made one by one than all at once
    alike: ClassVar = 4  # events of one type for each line of another one, to be read as a run

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
        self._types: dict[bytes, str] = {}  # of whole `event` lines: few, and repeated
        self._open = _BETWEEN
        # What its messages are numbered with; whoever has several connections sets them.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """The events that `chunk` completes, stamped `at` (seconds). Never raises on input."""
        out: list[Event] = []
        self.reads += 1
        if self._start is not None or self._after_cr or self._dropping:
            chunk = self._resume(chunk, at, out)
        elif chunk[-2:] == b"\n\n" and (message := self._one(chunk, at)):
            return [message]
        has_cr = CR in chunk
        if not has_cr and LF not in chunk:
            self._hold(chunk)
            return out
        if self._pieces:
            chunk = b"".join((self._pieces, chunk))
            self._pieces.clear()
            self._held = 0
        if has_cr or len(chunk) > self._max_size:
            self._lines(chunk, at, out)
            return out
        if len(chunk) > self.many:
            chunk = self._runs(self._end_of_block(chunk, at, out), at, out)
            if LF not in chunk:
                self._hold(chunk)
                return out
        lines = chunk.splitlines(keepends=True)  # of bytes: it knows exactly CR, LF and CRLF
        if chunk[-1] != LF:
            self._pieces += lines.pop()
            self._held = len(self._pieces)
        self._read(iter(lines), b"\n", at, out)
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
        block = self._open
        if rest or block.poisoned or block.data or block.named:
            out.append(self._incomplete(rest, at))
        self._pieces.clear()
        self._held = 0
        self._dropping = False
        self._open = _BETWEEN
        return out

    # Bytes to lines

    def _lines(self, chunk: bytes, at: float, out: list[Event]) -> None:
        """Read a `chunk` with CRs or lines that may be too large; hold the one it doesn't end."""
        lines = chunk.splitlines(keepends=True)
        if (last := chunk[-1]) == CR:
            self._after_cr = True
        elif last != LF:
            self._pieces += lines.pop()
            self._held = len(self._pieces)
        if len(chunk) > self._max_size:
            self._hold(b"")
            self._measure(lines, at, out)
        elif _ends_alike(chunk):
            self._read(iter(lines), b"\r\n", at, out)
        else:
            self._blocks(lines, at, out)

    def _resume(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """`chunk` without the BOM at the body's start, the LF of a CRLF that was cut in two, or
        the rest of a line that is too large."""
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
                chunk = chunk[1:]
        return self._drop(chunk, at, out) if self._dropping else chunk

    def _one(self, chunk: bytes, at: float) -> Message | None:
        """The event of a read that holds just one of the two usual shapes: most reads, live."""
        size = len(chunk)
        if self._pieces or self._open is not _BETWEEN or size > self._max_size or CR in chunk:
            return None
        stop = chunk.find(b"\n")
        if chunk[:6] == b"data: ":
            kind, rows, value = "message", 2, chunk[6:-2]
        else:
            kind, rows, value = self._types.get(chunk[: stop + 1], ""), 3, chunk[stop + 7 : -2]
            if not kind or chunk[stop + 1 : stop + 7] != b"data: ":
                return None
            stop = chunk.find(b"\n", stop + 1)
        if stop != size - 2:
            return None
        offset = self._offset
        self._offset = offset + size
        self._line_number += rows
        self.messages = n = self.messages + 1
        text = value.decode("utf-8", "replace")
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        return _new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read))

    def _end_of_block(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Read the rest of a block that an earlier read began; what is left of `chunk`, whose
        lines end with LF."""
        if self._open is _BETWEEN:
            return chunk
        stop = 1 if chunk[0] == LF else chunk.find(b"\n\n") + 2
        if stop > 1 or chunk[0] == LF:
            self._blocks(chunk[:stop].splitlines(keepends=True), at, out)
            return chunk[stop:]
        return chunk

    def _runs(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Read events of a usual shape, most of them of one type, all at once: what divides them
        is always the same. What is left is to be read line by line.

        Lines of `chunk` end with LF.
        """
        end = chunk.rfind(b"\n\n") if self._open is _BETWEEN else 0
        kind, stop = "message", 6
        if chunk[:6] != b"data: ":
            stop = chunk.find(b"\n") + 1
            kind = self._types.get(chunk[:stop], "")
            if not kind or not chunk.startswith(b"data: ", stop):
                return chunk
            stop += 6
        if end < stop:
            return chunk
        before = chunk[:stop]
        values = chunk[stop:end].split(b"\n\n" + before)
        rows = 2 if stop == 6 else 3
        others = chunk.count(b"\n", 0, end) + 2 - rows * len(values)  # lines
        if others * self.alike > len(values):
            return chunk
        more, begun = (stop + 2, rows), 0
        for index in [n for n, value in enumerate(values) if LF in value] if others else ():
            value, _, rest = values[index].partition(b"\n\n")
            run = values[begun:index]
            if rest and LF not in value:
                run.append(value)
            else:
                rest = before + values[index]
            self._run(run, kind, more, at, out)
            self._read(iter((rest + b"\n\n").splitlines(keepends=True)), b"\n", at, out)
            begun = index + 1
        self._run(values[begun:], kind, more, at, out)
        return chunk[end + 2 :]

    def _run(
        self, values: list[bytes], kind: str, more: tuple[int, int], at: float, out: list[Event]
    ) -> None:
        """Messages of one type; each has `more` bytes and lines than its value."""
        extra, rows = more
        n, offset, total = self.messages, self._offset, len(values)
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        sizes = [len(value) + extra for value in values]
        if total < self.few:
            for value, size in zip(values, sizes, strict=True):
                n += 1
                text = value.decode("utf-8", "replace")
                out.append(
                    _new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read))
                )
                offset += size
        else:
            texts = map(bytes.decode, values, repeat("utf-8"), repeat("replace"))
            same = repeat(last_id), repeat(None), repeat(at)
            numbers = count(n + 1), repeat(attempt), repeat(read)
            offsets = accumulate(sizes, initial=offset)
            fields = zip(repeat(kind), texts, *same, offsets, sizes, *numbers, strict=False)
            out.extend(map(_new, repeat(Message), fields))
            offset += sum(sizes)
        self.messages += total
        self._line_number += rows * total
        self._offset = offset

    def _read(self, lines: Iterator[bytes], end: bytes, at: float, out: list[Event]) -> None:
        """Read lines that all end with `end`."""
        if self._open is not _BETWEEN:  # an earlier chunk began it
            self._blocks(lines, at, out, once=True)
        types, append, cut = self._types, out.append, -len(end)
        attempt, read, n = self.attempt, self.reads, self.messages
        offset, number, last_id = self._offset, self._line_number, self.last_event_id
        for line in lines:
            peeked: tuple[bytes, ...]
            if line[:6] == b"data: ":
                blank = next(lines, b"")
                if blank == end:
                    text = line[6:cut].decode("utf-8", "replace")
                    size = len(line) - cut
                    n += 1
                    append(
                        _new(
                            Message,
                            ("message", text, last_id, None, at, offset, size, n, attempt, read),
                        )
                    )
                    offset += size
                    number += 2
                    continue
                peeked = line, blank
            elif kind := types.get(line):
                data = next(lines, b"")
                blank = next(lines, b"") if data[:6] == b"data: " else b""
                if blank == end:
                    text = data[6:cut].decode("utf-8", "replace")
                    size = len(line) + len(data) - cut
                    n += 1
                    append(
                        _new(
                            Message, (kind, text, last_id, None, at, offset, size, n, attempt, read)
                        )
                    )
                    offset += size
                    number += 3
                    continue
                peeked = line, data, blank
            else:
                peeked = (line,)
            self._offset, self._line_number, self.messages = offset, number, n
            self._blocks(chain(filter(None, peeked), lines), at, out, once=True)
            offset, number, last_id = self._offset, self._line_number, self.last_event_id
            n = self.messages
        self._offset, self._line_number, self.messages = offset, number, n

    def _measure(self, lines: list[bytes], at: float, out: list[Event]) -> None:
        """Read lines of which some may be too large."""
        for line in lines:
            width = _width(line)
            if len(line) - width > self._max_size:
                self._skip_line(line[:-width], len(line) - width, width, at, out)
            else:
                self._blocks((line,), at, out)

    def _hold(self, piece: bytes) -> None:
        """Keep the unfinished line, or, once it is too large, only its size and start."""
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

    def _blocks(  # noqa: C901, PLR0912, PLR0915 (the innermost loop: calls would double its time)
        self, lines: Iterable[bytes], at: float, out: list[Event], *, once: bool = False
    ) -> None:
        """Process lines (9.2.6), each with its end; `once`: up to the end of a block."""
        types, limit, append = self._types, self._max_size, out.append
        attempt, read = self.attempt, self.reads
        number, offset = self._line_number, self._offset
        begun, start, first, held, total, kind, own_id, named, poisoned = self._open
        data = [] if held is None else held
        for line in lines:
            size = len(line)
            number += 1
            lead = line[0]  # a number: it is compared faster than the bytes are
            if lead == _D and line[:6] == b"data: ":
                data.append(line[6:])
                total += size - 6
            elif lead == _E and line in types:
                kind = types[line]
                named = named or (number, line)
            elif lead in _ENDS:
                offset += size
                if begun:
                    if own_id is not None:
                        self.last_event_id = own_id
                    whole = offset - start
                    if data and not poisoned:
                        text = _joined(data)
                        last_id = self.last_event_id
                        self.messages = n = self.messages + 1
                        kind = kind or "message"
                        append(
                            _new(
                                Message,
                                (kind, text, last_id, own_id, at, start, whole, n, attempt, read),
                            )
                        )
                    elif named and not poisoned:
                        row, text = named[0], _excerpt(named[1])
                        append(Ignored("no-data", row, text, at, start, whole, kind, own_id))
                    begun, data, total, kind, own_id, named = 0, [], 0, None, None, None
                    poisoned = False
                    if once:
                        break
                continue
            elif lead == _I and line[:4] == b"id: " and 0 not in line:
                own_id = line[4:].rstrip(b"\r\n").decode("utf-8", "replace")
                named = named or (number, line)
            elif lead == _COLON:
                append(Comment(line[1:].rstrip(b"\r\n").decode("utf-8", "replace"), at, offset))
            else:
                field, value = self._field(line, number, offset, at, out)
                if field == b"data":
                    data.append(value)
                    total += len(value)
                elif field == b"event":
                    kind = _text(value)
                    named = named or (number, line)
                elif field == b"id":
                    own_id = _text(value)
                    named = named or (number, line)
            if not begun:
                begun, start, first = number, offset, line
            if total > limit:
                data.clear()
                if not poisoned:
                    append(Ignored("too-large", number, _excerpt(line), at, offset, size))
                    poisoned = True
            offset += size
        self._line_number, self._offset = number, offset
        if begun:
            start_of = _head(first)
            self._open = _Block(begun, start, start_of, data, total, kind, own_id, named, poisoned)
        else:
            self._open = _BETWEEN

    def _field(
        self, line: bytes, number: int, offset: int, at: float, out: list[Event]
    ) -> tuple[bytes, bytes]:
        """The name and the value of a field that belongs to the block, those of data with the
        line's end; of all else nothing, and what follows from it is added to `out`."""
        bare = line.rstrip(b"\r\n")
        name, _, value = bare.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"id" and 0 not in value:
            return name, value
        if name == b"data":
            return name, value + line[len(bare) :]
        if name == b"event":
            if len(line) <= _MAX_TYPE_LINE and len(self._types) < _MAX_TYPES:
                self._types[line] = _text(value)
            return name, value
        if name == b"retry" and value.isdigit():  # of bytes: ASCII digits, as the standard asks
            digits = value.lstrip(b"0")[:20] or b"0"  # int() refuses thousands
            self.reconnection_time = min(int(digits), MAX_RECONNECTION_TIME)
            out.append(Retry(self.reconnection_time, at, offset))
        else:
            reason = _REASONS.get(name, "unknown-field")
            out.append(Ignored(reason, number, _excerpt(line), at, offset, len(line)))
        return b"", b""

    # Parts of events

    def _incomplete(self, rest: bytes, at: float) -> Ignored:
        block = self._open
        if not block.line:
            self._line_number += 1
            block = _Block(self._line_number, self._offset, rest)
        size = self._offset + self._held - block.offset
        text = _excerpt(block.start)
        place = at, block.offset, size
        return Ignored("incomplete", block.line, text, *place, block.type, block.id)

    def _too_large(self, line: bytes, size: int, at: float) -> Ignored:
        return Ignored("too-large", self._line_number + 1, _excerpt(line), at, self._offset, size)

    def _skip_line(self, line: bytes, size: int, width: int, at: float, out: list[Event]) -> None:
        """Pass over a line of `size` bytes that is too large; a comment does no harm."""
        out.append(self._too_large(line, size + width, at))
        self._line_number += 1
        block = self._open
        if not block.line:
            block = _Block(self._line_number, self._offset, _head(line))
        harmed = block.poisoned or not line.startswith(b":")
        self._open = block._replace(poisoned=harmed)
        self._offset += size + width


# Why a field that the standard knows is ignored.
_REASONS: Final[dict[bytes, Reason]] = {b"id": "null-in-id", b"retry": "bad-retry"}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _head(line: bytes) -> bytes:
    """Enough bytes of `line` for its excerpt."""
    return line[: EXCERPT * 4]


def _excerpt(line: bytes) -> str:
    return _text(_head(line).rstrip(b"\r\n"))[:EXCERPT]


def _joined(pieces: list[bytes]) -> str:
    """Values, each with the end of its line, joined by LF. No value holds a line end itself."""
    if len(pieces) == 1:
        return pieces[0].rstrip(b"\r\n").decode("utf-8", "replace")
    data = b"".join(pieces)
    if CR not in data:
        return data[:-1].decode("utf-8", "replace")
    values = data.splitlines()
    if len(values) != len(pieces):  # a CR and the LF of an empty value were taken for one end
        values = [piece.rstrip(b"\r\n") for piece in pieces]
    return b"\n".join(values).decode("utf-8", "replace")


def _width(line: bytes) -> int:
    """Of the end that a line has."""
    return 2 if line[-2:] == b"\r\n" else 1


def _ends_alike(run: bytes) -> bool:
    """Whether every line ends with CRLF."""
    returns = run.count(b"\r")
    return returns == run.count(b"\n") and returns == run.count(b"\r\n")
