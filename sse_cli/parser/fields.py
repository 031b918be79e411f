"""Lines to events by WHATWG HTML 9.2.6, "Interpreting an event stream".

`Interpreter._interpret` alone knows the standard: `fast_paths` has short cuts that give what it
would give, and `event_stream` cuts bytes into lines.

A line comes as it was cut at its LF: with the CR of a CRLF, and no other. So one byte was cut
off every line, and the bytes of a block are counted without a look at its ends.

The loop over the lines does only what each of them needs. What is seldom asked for, such as the
number of an ignored line or the field that a block without data began with, is looked for in
the lines when it is asked for.
"""

from __future__ import annotations

from math import inf
from operator import length_hint
from typing import Final, NamedTuple, TypeAlias

from sse_cli.model.events import Comment, Event, Ignored, Message, Reason, Retry, new

CR: Final = 0x0D
LF: Final = 0x0A
EXCERPT: Final = 1000
MAX_RECONNECTION_TIME: Final = 2**63 - 1
POISONED: Final = inf
_BLANK: Final = frozenset({b"", b"\r"})
_MOST: Final = 256  # lines that are remembered, and bytes of each


class Block(NamedTuple):
    """A block that was begun and has not ended yet."""

    line: int = 0  # number of its first line, 0 between blocks
    start: bytes = b""  # of its first line
    size: int = 0  # bytes so far
    first: bytes | None = None  # value of its data
    data: list[bytes] | None = None  # values, once there are two; each may end with a CR
    values: int = 0  # how many
    held: float = 0  # bytes of data; POISONED once a part of the block was too large
    type: str | None = None
    id: str | None = None
    named: tuple[int, bytes] | None = None  # its first event or id field: line number, line


BETWEEN: Final = Block()
_Fields: TypeAlias = tuple[int, bytes | None, list[bytes] | None, str | None, str | None]


class Interpreter:
    """Reads lines, and keeps what they say until a blank line dispatches it."""

    def __init__(self, last_event_id: str, max_size: int) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        # What its messages are numbered with; whoever has several connections sets them.
        self.messages = 0
        self.attempt = 1
        self.reads = 0
        self._max_size = max_size
        self._offset = 0  # of the open block or the next one, in the body
        self._line_number = 0  # of the last finished line
        self._open = BETWEEN
        # What whole lines say that come again and again.
        self._types: dict[bytes, str] = {}
        self._comments: dict[bytes, str] = {}

    def _interpret(  # noqa: C901, PLR0912, PLR0915 (the innermost loop: calls would double its time)
        self, lines: list[bytes], at: float, out: list[Event]
    ) -> None:
        """Process lines (9.2.6)."""
        types, comments, append = self._types, self._comments, out.append
        attempt, read, n, last_id = self.attempt, self.reads, self.messages, self.last_event_id
        offset, (_, _, size, first, data, _, _, kind, own_id, _) = self._offset, self._open
        cr, colon, d, e, i = b"\r:dei"  # as numbers, which are faster compared, and local
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
                    if cr in first:  # of the ends of lines
                        first = first.replace(b"\r", b"")
                    try:  # faster than to ask for replacement, which is hardly ever needed
                        text = first.decode()
                    except UnicodeDecodeError:
                        text = decoded(first)
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
                    own_id = decoded(value)
            else:
                name, value = _field(line)
                if name == b"data":
                    first, data = _added(value, first, data)
                elif name == b"event":
                    kind = _remembered(types, line, value)
                elif _is_id(name, value):
                    own_id = decoded(value)
                else:
                    number = self._line_number + len(lines) - length_hint(rest)
                    place = at, offset + size - length - 1
                    append(self._other((name, value), line, number, *place))
        self.messages, self.last_event_id, self._offset = n, last_id, offset
        self._open = self._begun(lines, (size, first, data, kind, own_id)) if size else BETWEEN
        self._line_number += len(lines)

    def _begun(self, lines: list[bytes], fields: _Fields) -> Block:
        """The block that is open after `lines`."""
        size, first, data, kind, own_id = fields
        top = _beginning(lines, len(lines))
        number, start, _, _, _, known, held, _, _, named = BETWEEN if top else self._open
        if not number:
            number, start = self._line_number + top + 1, head(lines[top])
        if named is None and (kind is not None or own_id is not None):
            named = self._named(lines, top)
        values = data or ([] if first is None else [first])
        if added := values[known:]:
            held += sum(map(len, added)) + len(added)
        data_of = first, data, len(values), held
        return new(Block, (number, start, size, *data_of, kind, own_id, named))

    def _no_data(
        self,
        lines: list[bytes],
        stop: int,
        rest: tuple[float, int, int, str | None, str | None],
        out: list[Event],
    ) -> None:
        """Report that the block which `lines[stop]` ends has fields, but none of data."""
        top = _beginning(lines, stop)
        known = BETWEEN if top else self._open
        if known.held != POISONED:
            number, line = known.named or self._named(lines, top)
            out.append(Ignored("no-data", number, excerpt(line), *rest))

    def _named(self, lines: list[bytes], index: int) -> tuple[int, bytes]:
        """The first event or id field from `lines[index]` on: line number, line."""
        while True:
            line = lines[index]
            index += 1
            name, value = _field(line)
            if name == b"event" or _is_id(name, value):
                return self._line_number + index, line

    def _other(
        self, field: tuple[bytes, bytes], line: bytes, number: int, at: float, offset: int
    ) -> Comment | Retry | Ignored:
        """What follows from a line that does not belong to a block."""
        name, value = field
        if line[:1] == b":":
            return Comment(_remembered(self._comments, line, line[1:].rstrip(b"\r")), at, offset)
        if name == b"retry" and value.isdigit():  # of bytes: ASCII digits, as the standard asks
            digits = value.lstrip(b"0")[:20] or b"0"  # int() refuses thousands
            self.reconnection_time = min(int(digits), MAX_RECONNECTION_TIME)
            return Retry(self.reconnection_time, at, offset)
        reason = _REASONS.get(name, "unknown-field")
        return Ignored(reason, number, excerpt(line), at, offset, len(line) + 1)


# Why a field that the standard knows is ignored.
_REASONS: Final[dict[bytes, Reason]] = {b"id": "null-in-id", b"retry": "bad-retry"}


def head(line: bytes) -> bytes:
    """Enough bytes of `line` for its excerpt."""
    return line[: EXCERPT * 4]


def excerpt(line: bytes) -> str:
    """The start of a line, without its end."""
    return decoded(head(line).rstrip(b"\r"))[:EXCERPT]


def decoded(value: bytes) -> str:
    """UTF-8, as the standard decodes it: what is none becomes U+FFFD."""
    return value.decode("utf-8", "replace")


def _field(line: bytes) -> tuple[bytes, bytes]:
    """The name and the value of a line."""
    name, _, value = line.rstrip(b"\r").partition(b":")
    return name, value[1:] if value[:1] == b" " else value


def _is_id(name: bytes, value: bytes) -> bool:
    return name == b"id" and 0 not in value


def _added(
    value: bytes, first: bytes | None, data: list[bytes] | None
) -> tuple[bytes, list[bytes] | None]:
    """A block's data with one value more."""
    if first is None:
        return value, None
    if data is None:
        return first, [first, value]
    data.append(value)
    return first, data


def _remembered(memory: dict[bytes, str], line: bytes, value: bytes) -> str:
    """The text of a value, which is remembered as what `line` says."""
    text = decoded(value)
    if len(line) <= _MOST and len(memory) < _MOST:
        memory[line] = text
    return text


def _beginning(lines: list[bytes], stop: int) -> int:
    """The index of the first line of the block that ends before `lines[stop]`."""
    while stop and lines[stop - 1] not in _BLANK:
        stop -= 1
    return stop
