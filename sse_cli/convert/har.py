"""Conversion of a recording to HAR 1.2, an archive that browsers and HTTP tools can open.

There is one entry per connection. The messages are in `_eventSourceMessages`, in the form in which
Chrome's DevTools export them: `time` (seconds since 1970), `eventName`, `eventId`, `data`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sse_cli
from sse_cli.analysis.verdict import Verdict
from sse_cli.model.events import (
    Chunk,
    Closed,
    Event,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Signal,
)
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from sse_cli.recording.format import Header


@dataclass
class _Connection:
    """A connection of the recording; times are seconds since the run began."""

    begun: float
    opened: Opened | None = None
    body: bytearray = field(default_factory=bytearray)
    messages: list[Message] = field(default_factory=list)
    ended: float = 0.0
    ending: str = ""


def archive(header: Header, signals: Iterable[Signal], session: Session) -> dict[str, Any]:
    """Return the archive of a run.

    All of it is in memory, because HAR is a single JSON document.
    """
    start = _started(header)
    entries = [_entry(connection, header, start) for connection in _connections(signals, session)]
    creator = {"name": "sse-cli", "version": sse_cli.__version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _started(header: Header) -> datetime:
    try:
        return datetime.fromisoformat(header.started).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _connections(signals: Iterable[Signal], session: Session) -> Iterable[_Connection]:
    connection, verdict = _Connection(0.0), Verdict()
    for signal in signals:
        if isinstance(signal, Opened):
            connection.opened = signal
        elif isinstance(signal, Chunk):
            connection.body += signal.data
        events = [*session.feed(signal)]
        connection.messages += _messages(events, verdict)
        connection.ended = signal.at
        if isinstance(signal, Closed):
            connection.ending = _comment(verdict.finish(signal))
            yield connection
        elif isinstance(signal, Reconnecting):
            connection.ending = _comment(signal)
            verdict.reconnecting()
            yield connection
            connection = _Connection(signal.at + signal.delay)


def _messages(events: Iterable[Event], verdict: Verdict) -> Iterable[Message]:
    """Yield the messages among `events`, and give all events to the verdict."""
    for event in events:
        if isinstance(event, Message):
            verdict.rows([Row(event)])
            yield event
        elif isinstance(event, Ignored):
            verdict.ignored(event)


def _comment(end: Closed | Reconnecting) -> str:
    return f"{end.ending.value}: {end.detail}".removesuffix(": ")


def _entry(connection: _Connection, header: Header, start: datetime) -> dict[str, Any]:
    opened = connection.opened
    replied = opened.at if opened else connection.ended
    return {
        "startedDateTime": _date(start, connection.begun),
        "time": _milliseconds(connection.ended - connection.begun),
        "request": _request(header.request or {}, opened),
        "response": _response(opened, bytes(connection.body)),
        "cache": {},
        "timings": {
            "send": 0,
            "wait": _milliseconds(replied - connection.begun),
            "receive": _milliseconds(connection.ended - replied),
        },
        "comment": connection.ending,
        "_resourceType": "eventsource",
        "_eventSourceMessages": [
            {
                "time": round(start.timestamp() + message.at, 6),
                "eventName": message.type,
                "eventId": message.last_event_id,
                "data": message.data,
            }
            for message in connection.messages
        ],
    }


def _request(request: Mapping[str, Any], opened: Opened | None) -> dict[str, Any]:
    url = request.get("url") or (opened.url if opened else "")
    return {
        "method": request.get("method", "GET"),
        "url": url,
        "httpVersion": _version(opened),
        "cookies": [],
        "headers": _pairs(request.get("headers", ())),
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": request.get("body_bytes", 0),
    }


def _response(opened: Opened | None, body: bytes) -> dict[str, Any]:
    """Return the response of an entry; without a reply its status is 0, as in browsers."""
    content: dict[str, Any] = {"size": len(body), "mimeType": "x-unknown"}
    try:
        content["text"] = body.decode()
    except UnicodeDecodeError:
        content |= {"text": b64encode(body).decode(), "encoding": "base64"}
    if opened and (kind := opened.header("content-type")):
        content["mimeType"] = kind
    return {
        "status": (opened.status or 0) if opened else 0,
        "statusText": opened.reason if opened else "",
        "httpVersion": _version(opened),
        "cookies": [],
        "headers": _pairs(opened.headers if opened else ()),
        "content": content,
        "redirectURL": (opened.header("location") or "") if opened else "",
        "headersSize": -1,
        "bodySize": len(body),
    }


def _version(opened: Opened | None) -> str:
    return (opened.http_version if opened else "") or "unknown"


def _pairs(pairs: Iterable[Iterable[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _date(start: datetime, at: float) -> str:
    date = start + timedelta(seconds=at)
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1000, 3)
