"""AWS binary event streams to events: `application/vnd.amazon.eventstream`.

A message on the wire, all integers big-endian:

    total length (4)  headers length (4)  CRC of these 8 bytes (4)
    headers           payload             CRC of everything before (4)

Both CRCs are CRC-32 and are checked. A message with a wrong one is reported as
`Ignored("malformed")`, and the next prelude with a right CRC is searched: bytes may have changed,
but some may also be missing or added, so the length of a broken message does not say where the
next one begins.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from struct import Struct
from typing import Final

from sse_cli.model.events import Event, Ignored, Message, Reason
from sse_cli.model.media_type import PRELUDE_SIZE
from sse_cli.parser.aws_messages import InvalidHeadersError, content_of, headers_of
from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE

MAX_HEADERS: Final = 128 * 1024  # bytes of a message's headers, the limit of AWS's own clients
_PRELUDE: Final = Struct(">III")
_CRC: Final = Struct(">I")
_SMALLEST: Final = PRELUDE_SIZE + _CRC.size
# Twelve bytes that may be a prelude: a total length of at least 16 bytes and less than 32 MiB, and
# at most 128 KiB of headers. It spares a check of the CRC at nearly every other byte.
_PRELUDE_LIKE: Final = re.compile(rb"(?s)(?!\0\0\0[\0-\x0f])(?=[\0\1].{3}\0[\0-\2].{6})")


class AWSEventStreamParser:
    """An incremental parser of one body.

    Messages of more than `max_size` bytes are skipped and reported. `last_event_id` never changes,
    because these messages have no IDs. The line of an `Ignored` is the number of its message.
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._max_size = max_size
        self._buffer = bytearray()
        self._offset = 0  # of the first byte of the buffer, in the body
        self._number = 1  # of the next message, ignored ones included
        self._skip = 0  # bytes to drop of a message whose prelude was right
        self._skipped = 0  # bytes of it that were dropped
        self._is_lost = False  # the last message was broken, so the next prelude is searched
        # Numbers for messages, as in `EventStreamParser`.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the events that `chunk` completes, stamped `at` (seconds). Never raises."""
        self.reads += 1
        self._buffer += chunk
        out: list[Event] = []
        position = 0
        while (end := self._advance(position, at, out)) is not None:
            position = end
        del self._buffer[:position]
        self._offset += position
        return out

    def finish(self, at: float = 0.0) -> list[Event]:
        """Return an `Ignored("incomplete")` if the end of the body cut off a message."""
        size = self._skipped + len(self._buffer)
        is_cut = self._skip > 0 or (len(self._buffer) > 0 and not self._is_lost)
        if not is_cut:
            return []
        text = f"{size:,} bytes of a message"
        if len(self._buffer) >= PRELUDE_SIZE:
            text = f"{size:,} of {_PRELUDE.unpack_from(self._buffer)[0]:,} bytes of a message"
        offset = self._offset - self._skipped
        self._buffer.clear()
        self._skip = 0
        return [Ignored("incomplete", self._number, text, at, offset, size)]

    def _advance(self, position: int, at: float, out: list[Event]) -> int | None:
        """Take one step from `position` in the buffer; return its end, None to wait for bytes."""
        buffer = self._buffer
        if self._skip:
            return self._drop(position)
        if self._is_lost:
            return self._search(position)
        if len(buffer) - position < PRELUDE_SIZE:
            return None
        if problem := _prelude_problem(buffer, position):
            self._ignore("malformed", problem, (at, position, PRELUDE_SIZE), out)
            return self._lose(position)
        return self._message_end(position, at, out)

    def _message_end(self, position: int, at: float, out: list[Event]) -> int | None:
        """Read the message whose prelude is at `position`; return its end, None to wait."""
        total: int
        total, size, _crc = _PRELUDE.unpack_from(self._buffer, position)
        if total > self._max_size or size > MAX_HEADERS:
            reason: Reason = "too-large" if total > self._max_size else "malformed"
            text = f"a message of {total:,} bytes, of which {size:,} are headers"
            self._ignore(reason, text, (at, position, total), out)
            self._number -= 1  # it is still being read
            self._skip = total
            return position
        if len(self._buffer) - position < total:
            return None
        body = bytes(self._buffer[position : position + total])
        if problem := _body_problem(body):
            self._ignore("malformed", problem, (at, position, total), out)
            return self._lose(position)
        self._take(body, size, (at, position, total), out)
        return position + total

    def _lose(self, position: int) -> int:
        """Begin to search after a broken message at `position`; return where."""
        self._is_lost = True
        return position + 1

    def _drop(self, position: int) -> int | None:
        """Drop the bytes at `position` that belong to a skipped message."""
        size = min(self._skip, len(self._buffer) - position)
        self._skip -= size
        self._skipped = self._skipped + size if self._skip else 0
        self._number += 0 if self._skip else 1
        return position + size if size else None

    def _search(self, position: int) -> int | None:
        """Return the place of the next valid prelude, or of the bytes that may begin one."""
        buffer = self._buffer
        search, crc32, crc_at = _PRELUDE_LIKE.search, zlib.crc32, _CRC.unpack_from
        start = position
        while found := search(buffer, start):
            start = found.start()
            # The CRC first, in line: in hostile bytes, every byte may look like a prelude's first.
            is_right = crc32(buffer[start : start + 8]) == crc_at(buffer, start + 8)[0]
            if is_right and not _prelude_problem(buffer, start):
                self._is_lost = False
                return start
            start += 1
        rest = max(position, len(buffer) - PRELUDE_SIZE + 1)
        return rest if rest > position else None

    def _take(
        self, body: bytes, size: int, place: tuple[float, int, int], out: list[Event]
    ) -> None:
        """Append the event for a message with `size` bytes of headers."""
        end = PRELUDE_SIZE + size
        try:
            headers = headers_of(body[PRELUDE_SIZE:end])
        except InvalidHeadersError as error:
            self._ignore("malformed", str(error), place, out)
            return
        self._number += 1
        self.messages += 1
        out.append(self._message(headers, body[end : -_CRC.size], place))

    def _message(
        self, headers: Mapping[str, object], payload: bytes, place: tuple[float, int, int]
    ) -> Message:
        at, position, total = place
        kind, data = content_of(headers, payload)
        numbers = self.messages, self.attempt, self.reads
        offset = self._offset + position
        return Message(kind, data, self.last_event_id, None, at, offset, total, *numbers)

    def _ignore(
        self, reason: Reason, text: str, place: tuple[float, int, int], out: list[Event]
    ) -> None:
        at, position, size = place
        place = at, self._offset + position, size
        limit = self._max_size if reason == "too-large" else 0
        ignored = Ignored(reason, self._number, text, *place)
        out.append(ignored._replace(part="message", limit=limit))
        self._number += 1


def _prelude_problem(buffer: bytearray, position: int) -> str:
    """Return why the 12 bytes at `position` are not a valid prelude, "" if they are."""
    total, size, crc = _PRELUDE.unpack_from(buffer, position)
    counted = zlib.crc32(buffer[position : position + PRELUDE_SIZE - _CRC.size])
    if crc != counted:
        return f"the CRC of a prelude is {crc:08x}, but its bytes give {counted:08x}"
    if total < _SMALLEST + size:
        return f"a message of {total:,} bytes can't have {size:,} bytes of headers"
    return ""


def _body_problem(body: bytes) -> str:
    """Return why the bytes of a message can't be trusted, "" if they can."""
    (crc,) = _CRC.unpack_from(body, len(body) - _CRC.size)
    counted = zlib.crc32(memoryview(body)[: -_CRC.size])
    if crc == counted:
        return ""
    return f"the CRC of the message is {crc:08x}, but its bytes give {counted:08x}"
