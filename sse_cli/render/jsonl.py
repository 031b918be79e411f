"""`-o jsonl`: one JSON object a line, in ASCII. Its keys are a contract; the README lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sse_cli import payload, redact
from sse_cli.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.query import Query, Row
from sse_cli.render.items import Item


class JSONLinesRenderer:
    """Messages, and with `everything` comments, retries, ignored lines and lifecycle too."""

    def __init__(self, queries: Sequence[Query] = (), *, everything: bool = False) -> None:
        self._names = [query.name for query in queries]
        self._everything = everything

    def feed(self, item: Item) -> Iterable[str]:
        """The item's line, if it has one."""
        if isinstance(item, Row):
            return (payload.dump(self._message(item)) + "\n",)
        if not self._everything:
            return ()
        return (payload.dump(_other(item)) + "\n",)

    def _message(self, row: Row) -> dict[str, Any]:
        message = row.message
        line = {
            "kind": "message",
            "n": message.n,
            "t": _seconds(message.at),
            "event": message.type,
            "id": message.id,
            "last_event_id": message.last_event_id,
            "data": row.payload,
        }
        if self._names:
            line["query"] = dict(zip(self._names, row.values, strict=True))
        return line


def _other(item: Comment | Retry | Ignored | Opened | Reconnecting | Closed) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": type(item).__name__.lower(), "t": _seconds(item.at)}
    match item:
        case Opened():
            line |= _opened(item)
        case Comment():
            line["text"] = item.text
        case Retry():
            line["reconnection_time"] = item.reconnection_time
        case Ignored():
            line |= {"reason": item.reason, "line": item.line, "text": item.text}
            line |= {"event": item.type, "id": item.id, "offset": item.offset, "size": item.size}
        case Reconnecting():
            line |= {"attempt": item.attempt, "delay": _seconds(item.delay)}
            line |= {"ending": item.ending.value, "detail": item.detail}
        case Closed():
            line |= {"ending": item.ending.value, "detail": item.detail}
    return line


def _opened(item: Opened) -> dict[str, Any]:
    return {
        "url": redact.url(item.url) if item.status else item.url,
        "status": item.status,
        "reason": item.reason,
        "http_version": item.http_version,
        "headers": [list(header) for header in redact.headers(item.headers)],
        "attempt": item.attempt,
    }


def _seconds(at: float) -> float:
    return round(at, 6)
