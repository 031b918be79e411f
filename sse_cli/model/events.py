"""The vocabulary of the house. Imports nothing of ours.

A *Signal* is what the wire did: `Opened`, `Chunk`, `Closed`. It carries the one reading
of the clock that everything after it works on.

An *Event* is what the stream said: `Message`, `Comment`, `Retry`, `Ignored`; `Opened` and
`Closed` are passed along among them, in order.

Times (`at`) are seconds since the run began. Offsets and sizes are bytes of one
connection's body, after any content coding is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

# How a NamedTuple makes itself, without the Python function around it: half the time.
new: Final = tuple.__new__

Headers: TypeAlias = tuple[tuple[str, str], ...]
Media: TypeAlias = Literal["event-stream", "ndjson", "other"]
Reason: TypeAlias = Literal[
    "no-data", "unknown-field", "bad-retry", "null-in-id", "incomplete", "too-large"
]


class Ending(StrEnum):
    """How a stream ended: exactly one of these, each with its exit code in `verdict.py`."""

    DONE = "done"
    EOF = "eof"
    EOF_UNVERIFIED = "eof-unverified"
    LIMIT = "limit"
    ERROR_EVENT = "error-event"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    STALLED = "stalled"
    DEADLINE = "deadline"
    INTERRUPTED = "interrupted"


class Opened(NamedTuple):
    """A reply's head arrived, or a file was opened (then `status` is None).

    `media` says how its body is read; "other" means that it is no event stream and
    that its body is only shown. `url` is where the reply came from, secrets and all:
    it goes through `redact.url` before anybody sees it.
    """

    at: float
    url: str
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    headers: Headers = ()
    media: Media = "event-stream"
    attempt: int = 1

    def header(self, name: str) -> str | None:
        """The value of header `name` (any case); several are joined as RFC 9110, 5.3 says."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Chunk(NamedTuple):
    """Bytes of the body that one read returned, content coding undone."""

    at: float
    data: bytes


class Closed(NamedTuple):
    """The connection is over. `detail` is the evidence, `hint` what to do next.

    `body` is the start of a reply that was no event stream. `fatal` says that another
    connection would do no better.
    """

    at: float
    ending: Ending
    detail: str = ""
    hint: str = ""
    body: bytes = b""
    fatal: bool = False


class Reconnecting(NamedTuple):
    """A connection is over and another will be opened: as `attempt`, `delay` seconds from now.

    `ending` and `detail` are those of the connection that is over.
    """

    at: float
    attempt: int
    delay: float
    ending: Ending
    detail: str = ""


Signal: TypeAlias = Opened | Chunk | Reconnecting | Closed
Push: TypeAlias = Callable[[Chunk], bool]
"""Takes bytes from a source that is about to wait, while it is asked for its next signal; returns
whether the source is to read on. Beside `Resume` the only edge against the flow of data."""


class Resume:
    """What a connection hands on to the next: the session writes it, the transport reads it.

    `reconnection_time` is seconds, None until somebody sets it. `over` says that the stream
    has come to its own end, so that nothing is opened again.
    """

    __slots__ = ("last_event_id", "over", "reconnection_time")

    def __init__(self, last_event_id: str = "", reconnection_time: float | None = None) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time = reconnection_time
        self.over = False


class Message(NamedTuple):
    """A dispatched event (WHATWG HTML 9.2.6), as an `EventSource` would deliver it.

    `type` is "message" when unnamed. `last_event_id` is the one in force when it was
    dispatched; `id` is this block's own id field, None if it had none. `offset` and `size`
    place its block in the body, the blank line included. `n` is the message's number,
    `attempt` the connection's, `read` that of the read which carried it, each from 1.
    """

    type: str
    data: str
    last_event_id: str
    id: str | None
    at: float
    offset: int
    size: int
    n: int = 0
    attempt: int = 1
    read: int = 0


class Comment(NamedTuple):
    """A line that starts with a colon: keep-alives, mostly. `text` is all after the colon,
    the usual space included: the standard gives it no meaning."""

    text: str
    at: float
    offset: int


class Retry(NamedTuple):
    """The server set the reconnection time (milliseconds), in force from this line on."""

    reconnection_time: int
    at: float
    offset: int


class Ignored(NamedTuple):
    """What a browser drops in silence, and why.

    `line` is its line number in the body (from 1) and `text` that line, at most
    `parser.EXCERPT` characters of it. `type` and `id` are the block's own ("no-data",
    "incomplete"). `size` is the bytes dropped. `last_line` and `last_text` are the same of the
    line of an "incomplete" block that has no end, if there is one.
    """

    reason: Reason
    line: int
    text: str
    at: float
    offset: int
    size: int
    type: str | None = None
    id: str | None = None
    last_line: int = 0
    last_text: str = ""


Event: TypeAlias = Message | Comment | Retry | Ignored | Opened | Reconnecting | Closed
