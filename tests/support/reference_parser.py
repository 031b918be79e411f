"""An independent parser of event streams: slow and plain, one byte and one character at a time.

Written from the WHATWG HTML standard, 9.2.5 and 9.2.6, and from the Encoding standard's
UTF-8 decoder, in the standards' own terms and order. It shares only the vocabulary with the
parser, so that their errors are independent. It has no size limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sse_cli.model.events import Comment, Event, Ignored, Message, Reason, Retry

REPLACEMENT = "\ufffd"
LARGEST_RECONNECTION_TIME = 2**63 - 1
# Encoding standard, 8.1.1: lead byte -> continuation bytes needed, and the bounds of the
# first of them where they are narrower than 0x80..0xBF.
NARROWED = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}
LEADS = ((0xC2, 0xDF, 1), (0xE0, 0xEF, 2), (0xF0, 0xF4, 3))


@dataclass
class Utf8Decoder:
    """The Encoding standard's UTF-8 decoder (8.1.1) with error mode "replacement"."""

    code_point: int = 0
    needed: int = 0
    bounds: tuple[int, int] = (0x80, 0xBF)

    def push(self, byte: int) -> str:
        """Return the characters (none to two) that `byte` completes."""
        if self.needed == 0:
            return self._lead(byte)
        low, high = self.bounds
        self.bounds = (0x80, 0xBF)
        if not low <= byte <= high:
            self.needed = 0
            return REPLACEMENT + self._lead(byte)  # "restore byte to ioQueue, return error"
        self.code_point = self.code_point << 6 | byte & 0x3F
        self.needed -= 1
        return "" if self.needed else chr(self.code_point)

    def finish(self) -> str:
        """Return the replacement for a sequence that the end of the queue cuts."""
        cut, self.needed = self.needed, 0
        return REPLACEMENT if cut else ""

    def _lead(self, byte: int) -> str:
        if byte <= 0x7F:
            return chr(byte)
        for low, high, needed in LEADS:
            if low <= byte <= high:
                self.needed = needed
                self.code_point = byte & (0x3F >> needed)
                self.bounds = NARROWED.get(byte, (0x80, 0xBF))
                return ""
        return REPLACEMENT


@dataclass
class Line:
    """One line: its characters, its offset and its number."""

    number: int
    start: int
    text: str = ""


@dataclass
class Block:
    """The input since the last blank line: the standard's buffers, and positions."""

    first: Line | None = None
    data: str = ""
    event: str | None = None
    id: str | None = None
    named_by: Line | None = None  # the position of the first event or id field
    begun: bool = False  # whether an event, data or id field was seen


@dataclass
class Reference:
    """An `EventStreamParser` written as a character-by-character state machine.

    `excerpt` is the number of characters of a line that an `Ignored` shows.
    """

    last_event_id: str = ""
    excerpt: int = 200
    reconnection_time: int | None = None

    _at: float = 0.0
    _position: int = 0
    _first_character: bool = True
    _after_cr: bool = False
    _number: int = 0
    _line: Line | None = None
    _block: Block = field(default_factory=Block)
    _last_event_id_buffer: str = ""
    _decoder: Utf8Decoder = field(default_factory=Utf8Decoder)
    _events: list[Event] = field(default_factory=list)
    _messages: int = 0
    _reads: int = 0

    def __post_init__(self) -> None:
        self._last_event_id_buffer = self.last_event_id

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the events that `chunk` completes, stamped `at` (seconds)."""
        self._at = at
        self._reads += 1
        for index, byte in enumerate(chunk):
            # A CRLF within a chunk ends its line with two bytes; a CR that ends a
            # chunk ends its line alone, and a LF after it belongs to no line.
            whole_crlf = byte == 0x0D and chunk[index + 1 : index + 2] == b"\n"
            self._byte(byte, 2 if whole_crlf else 1)
            self._position += 1
        return self._taken()

    def finish(self, at: float = 0.0) -> list[Event]:
        """Return the block that the stream's end cut, as one `Ignored` (9.2.6, last paragraph)."""
        self._at = at
        rest = self._decoder.finish()
        if self._line is not None:
            self._line.text += rest
        block = self._block
        first = block.first or self._line
        if first is not None and (block.begun or self._line is not None):
            if self._line and self._line.text.partition(":")[0] == "data":
                block.data += _value(self._line.text.partition(":")[2]) + "\n"
            self._ignore("incomplete", first, first.start, self._position, block, self._line)
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _byte(self, byte: int, line_end: int) -> None:
        swallowed, self._after_cr = self._after_cr and byte == 0x0A, byte == 0x0D
        if swallowed:
            return
        if self._line is None:
            self._number += 1
            self._line = Line(self._number, self._position)
        for character in self._decoder.push(byte):
            self._character(character, self._line, self._position + line_end)

    def _character(self, character: str, line: Line, end: int) -> None:
        first, self._first_character = self._first_character, False
        if first and character == "\ufeff":  # "one leading U+FEFF is ignored if present"
            self._line, self._number = None, 0
        elif character in "\r\n":
            self._line = None
            self._complete(line, end)
        else:
            line.text += character

    def _complete(self, line: Line, end: int) -> None:
        block = self._block
        block.first = block.first or line
        if line.text == "":
            self._dispatch(block, end)
        elif line.text[0] == ":":
            self._events.append(Comment(line.text[1:], self._at, line.start))
        elif ":" in line.text:
            name, value = line.text.split(":", 1)
            self._field(name, _value(value), line, end)
        else:
            self._field(line.text, "", line, end)

    def _field(self, name: str, value: str, line: Line, end: int) -> None:
        handler = {
            "event": self._event_field,
            "data": self._data_field,
            "id": self._id_field,
            "retry": self._retry_field,
        }.get(name)
        reason: Reason | None = "unknown-field" if handler is None else handler(value, line)
        if reason is not None:
            self._ignore(reason, line, line.start, end)

    def _event_field(self, value: str, line: Line) -> Reason | None:
        self._block.event = value
        self._block.begun = True
        self._block.named_by = self._block.named_by or line
        return None

    def _data_field(self, value: str, _: Line) -> Reason | None:
        self._block.data += value + "\n"
        self._block.begun = True
        return None

    def _id_field(self, value: str, line: Line) -> Reason | None:
        if "\0" in value:
            return "null-in-id"
        self._block.id = value
        self._last_event_id_buffer = value
        self._block.begun = True
        self._block.named_by = self._block.named_by or line
        return None

    def _retry_field(self, value: str, line: Line) -> Reason | None:
        if value == "" or any(digit not in "0123456789" for digit in value):
            return "bad-retry"
        time = 0
        for digit in value:
            time = min(time * 10 + ord(digit) - ord("0"), LARGEST_RECONNECTION_TIME)
        self.reconnection_time = time
        self._events.append(Retry(time, self._at, line.start))
        return None

    def _dispatch(self, block: Block, end: int) -> None:
        self.last_event_id = self._last_event_id_buffer
        self._block = Block()
        assert block.first is not None
        start = block.first.start
        if block.data:
            self._events.append(self._message(block, start, end))
        elif block.named_by is not None:
            self._ignore("no-data", block.named_by, start, end, block)

    def _message(self, block: Block, start: int, end: int) -> Message:
        self._messages += 1
        return Message(
            type=block.event or "message",
            data=block.data[:-1],
            last_event_id=self.last_event_id,
            id=block.id,
            at=self._at,
            offset=start,
            size=end - start,
            n=self._messages,
            read=self._reads,
        )

    def _ignore(  # noqa: PLR0917 (what is made has as many fields)
        self,
        reason: Reason,
        line: Line,
        start: int,
        end: int,
        block: Block | None = None,
        last: Line | None = None,
    ) -> None:
        text, block, last = line.text[: self.excerpt], block or Block(), last or Line(0, 0)
        places = line.number, text, self._at, start, end - start
        rest = last.number, last.text[: self.excerpt], block.data[:-1] if block.data else None
        self._events.append(Ignored(reason, *places, block.event, block.id, *rest))


def _value(text: str) -> str:
    """Return `text` without one leading space (9.2.6: "remove it from value")."""
    return text[1:] if text.startswith(" ") else text
