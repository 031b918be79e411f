"""Signals and events, the vocabulary of the package.

A *signal* reports an action of the connection: `Phase`, `Opened`, `Chunk`, `Reconnecting`,
`Closed`. Its stamp is the only reading of the clock; everything downstream uses it.

An *event* is a part of the stream's content: `Message`, `Comment`, `Retry`, `Ignored`. `Opened`,
`Reconnecting` and `Closed` are passed along among them, in order.

Times (`at`) are seconds since the run began. Offsets and sizes are bytes of one connection's body,
after content coding is removed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

# `new(Message, (…))` makes a NamedTuple in half the time: it skips the Python-level `__new__`.
new: Final = tuple.__new__

Headers: TypeAlias = tuple[tuple[str, str], ...]
Media: TypeAlias = Literal[
    "event-stream", "ndjson", "aws-event-stream", "data-stream", "text", "any", "other"
]
PhaseName: TypeAlias = Literal[
    "setup", "redirect", "dns", "connect", "proxy", "tls", "send", "wait", "head"
]
Reason: TypeAlias = Literal[
    "no-data", "unknown-field", "bad-retry", "null-in-id", "incomplete", "too-large", "malformed"
]
Part: TypeAlias = Literal["line", "event", "message"]


class Ending(StrEnum):
    """The ways in which a stream can end. `model/exit_codes.py` gives each its exit code.

    EMPTY is that of a stream that ended well without a single message.
    """

    EMPTY = "empty"
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


class Phase(NamedTuple):
    """The beginning of a step on the way to a reply, which ends where the next signal begins.

    | name | the step |
    |---|---|
    | setup | the request and its certificates are read |
    | redirect | a reply has led elsewhere, and the way begins again |
    | dns | the name is looked up |
    | connect | TCP, or a unix socket, connects |
    | proxy | a proxy is asked for a tunnel |
    | tls | TLS is agreed on |
    | send | the request is sent |
    | wait | it was sent, and no byte of the reply has come |
    | head | the first byte of the reply has come, and its head is not complete |

    `via` is the name of what is connected to in place of the URL's host: "proxy", or "".
    """

    at: float
    name: PhaseName
    via: str = ""


class Opened(NamedTuple):
    """The arrival of a reply's head, or the opening of a file (then `status` is None).

    `media` tells how the body is read: "any" means that its first bytes decide, "other" that it is
    not a stream and is only shown. As an event, `Opened` never has "any": it follows the decision.
    `url` is the URL of the reply, secrets included: it must go through `redaction.url`
    before it is shown.
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
        """Return the value of header `name` (any case), None if missing.

        Several values are joined by commas (RFC 9110, 5.3).
        """
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Chunk(NamedTuple):
    """The bytes of the body that one read returned, with content coding removed.

    `read` is the number of the socket read that brought them, from the first bytes of the reply
    (1) on; 0 if it is unknown. `encoded` is their size under a content coding, 0 without one.
    """

    at: float
    data: bytes
    read: int = 0
    encoded: int = 0


class Closed(NamedTuple):
    """The end of a connection. `detail` is the evidence, `cause` the key of the advice.

    `cause` is the value of a `Cause` or ""; in a recording from an earlier version, it may be the
    advice itself. `body` is the start of a reply that was not an event stream. `fatal` means that
    another connection would fail in the same way. `trailers` are the headers after the body, and
    `head` the lines, redacted, with which a reply began whose head could not be read.
    """

    at: float
    ending: Ending
    detail: str = ""
    cause: str = ""
    body: bytes = b""
    fatal: bool = False
    trailers: Headers = ()
    head: tuple[str, ...] = ()


class Reconnecting(NamedTuple):
    """The end of a connection, after which another is opened: as `attempt`, in `delay` seconds.

    `ending` and `detail` describe the connection that ended.
    """

    at: float
    attempt: int
    delay: float
    ending: Ending
    detail: str = ""


Signal: TypeAlias = Phase | Opened | Chunk | Reconnecting | Closed
Push: TypeAlias = Callable[[Chunk], bool]
"""A function by which a source delivers bytes before it waits for more, while its caller is still
waiting for its next signal. It returns whether the source should read on. `Push` and `Resume` are
the only two edges against the flow of data."""


class Resume:
    """The state that carries over to the next connection. The session writes, the transport reads.

    `reconnection_time` is in seconds, None until it is set. `over` is True once the
    stream has reached its own end, after which no connection is opened.
    """

    __slots__ = ("last_event_id", "over", "reconnection_time")

    def __init__(self, last_event_id: str = "", reconnection_time: float | None = None) -> None:
        self.last_event_id = last_event_id
        self.reconnection_time = reconnection_time
        self.over = False


class Message(NamedTuple):
    """A dispatched event (WHATWG HTML 9.2.6), as an `EventSource` would deliver it.

    `type` is "message" if the block has no event field. `last_event_id` is the last event ID at the
    time of dispatch; `id` is the id field of this block, None without one. `offset` and `size` are
    the position of the block in the body, including the blank line. `n`, `attempt` and `read` are
    the numbers of the message, of its connection, and of the read that completed it, each from 1.
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
    """A line that starts with a colon, usually a keep-alive.

    `text` is everything after the colon. It includes the usual space, which has no meaning in the
    standard.
    """

    text: str
    at: float
    offset: int


class Retry(NamedTuple):
    """A new reconnection time (milliseconds), in force from this line on."""

    reconnection_time: int
    at: float
    offset: int


class Ignored(NamedTuple):
    """A line or block that a browser drops silently, or a broken message, with the reason.

    `line` is the number of the line in the body (from 1), `text` its first 1,000 characters, and
    `size` the bytes dropped. `type` and `id` are the fields of the block ("no-data", "incomplete").
    `last_line` and `last_text` are the number and text of the unfinished line of an "incomplete"
    block, if it has one; `data` is all data of that block. In a binary stream, `line` is the number
    of the message, and `text` what is wrong with it.

    For "too-large", `part` is what is too large and `limit` the most bytes that it may have. An
    event is reported at the line with which it passes the limit: `line` is the number of that line,
    and `size` the bytes of the event up to its end.
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
    data: str | None = None
    part: Part = "line"
    limit: int = 0


Event: TypeAlias = Message | Comment | Retry | Ignored | Opened | Reconnecting | Closed
