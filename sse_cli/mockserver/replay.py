"""A recording as a scenario: head, writes, waits and end, as the server made them.

Each connection is a reply. An end that the *client* made (a limit, Ctrl-C) is not replayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sse_cli.mockserver.scenarios.scenario import (
    EVENT_STREAM,
    Framing,
    ReplyEnd,
    Scenario,
    Step,
)
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Reconnecting, Signal
from sse_cli.model.media_type import CONTENT_TYPES, DATA_STREAM_HEADER
from sse_cli.text.redaction import MARK

# The server's end of a connection, by the ending that the client saw; others were complete.
_ENDS: Final[dict[Ending, tuple[Framing, ReplyEnd]]] = {
    Ending.EOF_UNVERIFIED: ("close", ReplyEnd.CLOSE),
    Ending.TRUNCATED: ("http", ReplyEnd.CLOSE),
    Ending.STALLED: ("http", ReplyEnd.HOLD),
    Ending.DEADLINE: ("http", ReplyEnd.HOLD),
    Ending.MALFORMED: ("http", ReplyEnd.GARBLE),
}
_COMPLETE: Final[tuple[Framing, ReplyEnd]] = ("http", ReplyEnd.COMPLETE)
_CLOSED: Final[tuple[Framing, ReplyEnd]] = ("none", ReplyEnd.CLOSE)
_BY_SERVER: Final = {Ending.EOF, Ending.EOF_UNVERIFIED, Ending.TRUNCATED, Ending.MALFORMED}
_WITHOUT_BODY: Final = (204, 304)  # RFC 9110, 6.4.1
# Headers of the connection, or set by the server itself; cookies are redacted secrets anyway.
_NOT_REPLAYED: Final = re.compile(
    r"(?:access-control-.*|alt-svc|cache-control|connection|content-encoding|content-length"
    r"|content-type|date|keep-alive|proxy-.*|set-cookie|strict-transport-security|te|trailer"
    r"|transfer-encoding|upgrade)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SENDABLE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def from_signals(name: str, signals: Iterable[Signal]) -> Scenario:
    """Return a scenario from the signals of a client: a reply for each connection.

    Raises UsageError if they hold no connection.
    """
    replies = [_reply(name, began, part) for began, part in _connections(signals)]
    if not replies:
        raise UsageError(f"{name} holds no connection", Cause.RECORDING_EMPTY)
    return replace(replies[0], later_replies=tuple(replies[1:]))


def _connections(signals: Iterable[Signal]) -> Iterator[tuple[float, list[Signal]]]:
    """Yield when each connection began, and its signals, the last of which is its end."""
    began = 0.0
    current: list[Signal] = []
    for signal in signals:
        current.append(signal)
        if isinstance(signal, Reconnecting | Closed):
            yield began, current
            current = []
            began = signal.at + getattr(signal, "delay", 0.0)


def _reply(name: str, began: float, signals: Sequence[Signal]) -> Scenario:
    """Return the reply on one connection, with its waits from the signals' times."""
    end = signals[-1]
    assert isinstance(end, Reconnecting | Closed)  # noqa: S101 (`_connections` ensures it)
    opened = next((signal for signal in signals if isinstance(signal, Opened)), None)
    if opened is None:
        return Scenario(name, "", (), framing="none", end=_ended(end, _CLOSED)[1])
    framing, reply_end = _ended(end, _COMPLETE)
    reply = Scenario(
        name,
        "",
        tuple(_steps(opened, signals, end)),
        status=_status(name, opened),
        content_type=_type_of(opened),
        headers=tuple(_headers(opened)),
        framing=framing,
        end=reply_end,
        wait=max(0.0, opened.at - began),
    )
    return replace(reply, steps=()) if reply.status in _WITHOUT_BODY else reply


def _ended(
    end: Reconnecting | Closed, otherwise: tuple[Framing, ReplyEnd]
) -> tuple[Framing, ReplyEnd]:
    """Return how the server ended a connection; only the detail tells a reset from a cut."""
    framing, reply_end = _ENDS.get(end.ending, otherwise)
    is_reset = reply_end is ReplyEnd.CLOSE and "reset" in end.detail
    return framing, ReplyEnd.RESET if is_reset else reply_end


def _steps(opened: Opened, signals: Sequence[Signal], end: Reconnecting | Closed) -> Iterator[Step]:
    at = opened.at
    size = 0
    for signal in signals:
        if isinstance(signal, Chunk):
            yield Step(max(0.0, signal.at - at), signal.data)
            at = signal.at
            size += len(signal.data)
    if isinstance(end, Closed) and end.body and not size:  # the body of a refused reply
        yield Step(0.0, end.body)
    if end.ending in _BY_SERVER and end.at > at:
        yield Step(end.at - at, b"")


def _status(name: str, opened: Opened) -> int:
    status = 200 if opened.status is None else opened.status
    if not 200 <= status <= 599:
        raise UsageError(f"{name}: {status} is not the status of a reply", "200 to 599 are")
    return status


def _type_of(opened: Opened) -> str:
    """Return the reply's content type; of a recorded file, the type of its content."""
    if opened.status is None:
        return CONTENT_TYPES.get(opened.media, EVENT_STREAM)
    content_type = opened.header("content-type") or ""
    return content_type if _SENDABLE.fullmatch(content_type) else ""


def _headers(opened: Opened) -> Iterator[tuple[str, str]]:
    """Yield the headers that describe the stream and are not secret."""
    if opened.status is None and opened.media == "data-stream":  # its type alone does not say so
        yield DATA_STREAM_HEADER, "v1"
    for name, value in opened.headers:
        is_clean = _NAME.fullmatch(name) and _SENDABLE.fullmatch(value) and MARK not in value
        if is_clean and not _NOT_REPLAYED.fullmatch(name):
            yield name, value
