"""Text without any framing to events: what each read adds is a message.

The data of all messages, joined, is the body's text. A character that is cut by the end of a read
belongs to the message of the next one.
"""

from __future__ import annotations

from codecs import getincrementaldecoder

from sse_cli.model.events import Event, Message
from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE


class PlainTextParser:
    """An incremental decoder of one body; invalid UTF-8 becomes U+FFFD.

    A read is never too large, so `max_size` has no effect. `last_event_id` never changes.
    """

    def __init__(self, last_event_id: str = "", *, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self.max_size = max_size
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._offset = 0  # of the text that comes next
        # Numbers for messages, as in `EventStreamParser`.
        self.messages = 0
        self.attempt = 1
        self.reads = 0

    def feed(self, chunk: bytes, at: float = 0.0) -> list[Event]:
        """Return the text that `chunk` completes as a message, stamped `at` (seconds)."""
        self.reads += 1
        before = self._held
        text = self._decoder.decode(chunk)
        return self._message(text, before + len(chunk) - self._held, at)

    def finish(self, at: float = 0.0) -> list[Event]:
        """Return a message for a character that the end of the body cut off, if there is one."""
        size = self._held
        return self._message(self._decoder.decode(b"", final=True), size, at)

    @property
    def _held(self) -> int:
        """The number of bytes held back as the start of a character."""
        return len(self._decoder.getstate()[0])

    def _message(self, text: str, size: int, at: float) -> list[Event]:
        if not text:
            return []
        offset, self._offset = self._offset, self._offset + size
        self.messages += 1
        numbers = self.messages, self.attempt, self.reads
        return [Message("message", text, self.last_event_id, None, at, offset, size, *numbers)]
