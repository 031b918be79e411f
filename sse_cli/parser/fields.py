"""Lines to events, by WHATWG HTML 9.2.6, "Interpreting an event stream".

`Interpreter._interpret` is the implementation of the standard.

Each line has lost exactly one byte: its LF, or its CR where no LF follows. So the CR of a CRLF is
still there, and the size of a block can be counted without looking at its line ends.

The loop does only the work that every line needs. Facts that are rarely needed, such as the number
of an ignored line or the first field of a block without data, are found in `lines` on demand.
"""

from __future__ import annotations

from math import inf
from operator import length_hint
from typing import Final, NamedTuple, TypeAlias

from sse_cli.model.events import Comment, Event, Ignored, Message, Reason, Retry, new

CR: Final = 0x0D
LF: Final = 0x0A
EXCERPT: Final = 1000  # characters of a line that an `Ignored` shows
MAX_RECONNECTION_TIME: Final = 2**63 - 1
DISCARDED: Final = inf
_BLANK: Final = frozenset({b"", b"\r"})
_CACHE_LIMIT: Final = 256  # entries of a cache, and bytes of a line in it


class Block(NamedTuple):
    """The open block: its blank line has not come yet."""

    line: int = 0  # the number of its first line, 0 between blocks
    start: bytes = b""  # the start of its first line
    size: int = 0  # bytes so far
    first: bytes | None = None  # the first value of its data, maybe with the CR of a CRLF
    data: list[bytes] | None = None  # all values of its data, once there are two
    values: int = 0  # the number of values
    held: float = 0  # bytes of data; DISCARDED once a part of the block was too large
    type: str | None = None
    id: str | None = None
    first_field: tuple[int, bytes] | None = None  # its first event or id field: line number, line


NO_BLOCK: Final = Block()
_Fields: TypeAlias = tuple[int, bytes | None, list[bytes] | None, str | None, str | None]


class Interpreter:
    """An interpreter of lines that keeps the fields of a block until its blank line comes."""

    def __init__(self, last_event_id: str, max_size: int) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        # Numbers for messages. `Session` sets them, to go on counting over connections.
        self.messages = 0
        self.attempt = 1
        self.reads = 0
        self._max_size = max_size
        self._offset = 0  # of the open block, or the next one, in the body
        self._line_number = 0  # of the last finished line
        self._open = NO_BLOCK
        # Decoded values by their whole line: event types and keep-alives repeat.
        self._types: dict[bytes, str] = {}
        self._comments: dict[bytes, str] = {}

    def _interpret(  # noqa: C901, PLR0912, PLR0915 (the innermost loop: calls would double its time)
        self, lines: list[bytes], at: float, out: list[Event]
    ) -> None:
        """Interpret lines (9.2.6): append the resulting events to `out`."""
        types, comments, append = self._types, self._comments, out.append
        attempt, read, n, last_id = self.attempt, self.reads, self.messages, self.last_event_id
        offset, (_, _, size, first, data, _, _, kind, own_id, _) = self._offset, self._open
        cr, colon, d, e, i = b"\r:dei"  # integers in local variables compare fastest
        rest = iter(lines)
        for line in rest:
            length = len(line)
            size += length + 1
            if length < 2 and (not length or line == b"\r"):
                if own_id is not None:
                    last_id = own_id
                if first is not None:
                    if data:
                        first = b"\n".join(data)
                        data = None
                    if cr in first:  # left by CRLF
                        first = first.replace(b"\r", b"")
                    try:  # faster than decoding with "replace", which is hardly ever needed
                        text = first.decode()
                    except UnicodeDecodeError:
                        text = decode_value(first)
                    n += 1
                    kind = kind or "message"
                    append(
                        new(
                            Message,
                            (kind, text, last_id, own_id, at, offset, size, n, attempt, read),
                        )
                    )
                    first = None
                elif kind is not None or own_id is not None:
                    stop = len(lines) - length_hint(rest) - 1
                    self._no_data(lines, stop, (at, offset, size, kind, own_id), out)
                offset += size
                size = 0
                kind = own_id = None
            elif (lead := line[0]) == d and line[:6] == b"data: ":
                if first is None:
                    first = line[6:]
                elif data is None:
                    data = [first, line[6:]]
                else:
                    data.append(line[6:])
            elif lead == e and line in types:
                kind = types[line]
            elif lead == colon and line in comments:
                append(new(Comment, (comments[line], at, offset + size - length - 1)))
            elif lead == i and line[:4] == b"id: " and 0 not in line:
                value = line[4:-1] if line[-1] == cr else line[4:]
                try:
                    own_id = value.decode()
                except UnicodeDecodeError:
                    own_id = decode_value(value)
            else:
                name, value = field_of(line)
                if name == b"data":
                    first, data = _with_value(value, first, data)
                elif name == b"event":
                    kind = _cached(types, line, value)
                elif _is_id(name, value):
                    own_id = decode_value(value)
                else:
                    number = self._line_number + len(lines) - length_hint(rest)
                    place = at, offset + size - length - 1
                    append(self._other_line((name, value), line, number, *place))
        self.messages, self.last_event_id, self._offset = n, last_id, offset
        self._open = (
            self._block_after(lines, (size, first, data, kind, own_id)) if size else NO_BLOCK
        )
        self._line_number += len(lines)

    def _block_after(self, lines: list[bytes], fields: _Fields) -> Block:
        """Return the block that is open after `lines`."""
        size, first, data, kind, own_id = fields
        top = _block_start(lines, len(lines))
        number, start, _, _, _, known, held, _, _, first_field = NO_BLOCK if top else self._open
        if not number:
            number, start = self._line_number + top + 1, head(lines[top])
        if first_field is None and (kind is not None or own_id is not None):
            first_field = self._first_field(lines, top)
        values = data or ([] if first is None else [first])
        if added := values[known:]:
            held += sum(map(len, added)) + len(added)
        data_of = first, data, len(values), held
        return new(Block, (number, start, size, *data_of, kind, own_id, first_field))

    def _no_data(
        self,
        lines: list[bytes],
        stop: int,
        rest: tuple[float, int, int, str | None, str | None],
        out: list[Event],
    ) -> None:
        """Report a block without data, unless it was discarded; `lines[stop]` ends it."""
        top = _block_start(lines, stop)
        known = NO_BLOCK if top else self._open
        if known.held != DISCARDED:
            number, line = known.first_field or self._first_field(lines, top)
            out.append(Ignored("no-data", number, excerpt(line), *rest))

    def _first_field(self, lines: list[bytes], index: int) -> tuple[int, bytes]:
        """Return the first event or id field from `lines[index]` on: line number, line."""
        while True:
            line = lines[index]
            index += 1
            name, value = field_of(line)
            if name == b"event" or _is_id(name, value):
                return self._line_number + index, line

    def _other_line(
        self, field: tuple[bytes, bytes], line: bytes, number: int, at: float, offset: int
    ) -> Comment | Retry | Ignored:
        """Return the event for a line that is neither blank nor a valid data, event or id field."""
        name, value = field
        if line[:1] == b":":
            return Comment(_cached(self._comments, line, line[1:].rstrip(b"\r")), at, offset)
        if name == b"retry" and value.isdigit():  # bytes.isdigit: ASCII digits only (9.2.6)
            digits = value.lstrip(b"0")[:20] or b"0"  # int() raises for thousands of digits
            self.reconnection_time = min(int(digits), MAX_RECONNECTION_TIME)
            return Retry(self.reconnection_time, at, offset)
        reason = _REASONS.get(name, "unknown-field")
        return Ignored(reason, number, excerpt(line), at, offset, len(line) + 1)


# The reason for ignoring a line whose field name is known.
_REASONS: Final[dict[bytes, Reason]] = {b"id": "null-in-id", b"retry": "bad-retry"}


def head(line: bytes) -> bytes:
    """Return enough bytes of `line` for its excerpt."""
    return line[: EXCERPT * 4]


def excerpt(line: bytes) -> str:
    """Return the first `EXCERPT` characters of a line, without its CR."""
    return decode_value(head(line).rstrip(b"\r"))[:EXCERPT]


def decode_value(value: bytes) -> str:
    """Decode UTF-8 as the standard does: invalid bytes become U+FFFD."""
    return value.decode("utf-8", "replace")


def field_of(line: bytes) -> tuple[bytes, bytes]:
    """Return the name and the value of a line."""
    name, _, value = line.rstrip(b"\r").partition(b":")
    return name, value[1:] if value[:1] == b" " else value


def _is_id(name: bytes, value: bytes) -> bool:
    return name == b"id" and 0 not in value


def _with_value(
    value: bytes, first: bytes | None, data: list[bytes] | None
) -> tuple[bytes, list[bytes] | None]:
    """Add a value to the data of a block; return `Block.first` and `Block.data`."""
    if first is None:
        return value, None
    if data is None:
        return first, [first, value]
    data.append(value)
    return first, data


def _cached(memory: dict[bytes, str], line: bytes, value: bytes) -> str:
    """Decode a value, and cache the text for `line` unless that is long or the cache is full."""
    text = decode_value(value)
    if len(line) <= _CACHE_LIMIT and len(memory) < _CACHE_LIMIT:
        memory[line] = text
    return text


def _block_start(lines: list[bytes], stop: int) -> int:
    """Return the index of the first line of the block that ends before `lines[stop]`."""
    while stop and lines[stop - 1] not in _BLANK:
        stop -= 1
    return stop
