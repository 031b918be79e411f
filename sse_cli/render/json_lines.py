"""`-o jsonl`: one JSON object a line, in ASCII. Its keys are a contract; the README lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sse_cli.model.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.row import Note, Row
from sse_cli.query.selection import Query
from sse_cli.text import json_values, redaction
from sse_cli.text.json_values import as_written, quote

# Put together by hand, at every event: what is JSON already is not written anew.
_MESSAGE: Final = (
    '{"kind":"message","n":%d,"t":%r,"event":%s,"id":%s,"last_event_id":%s,"data":%s%s}\n'
)


class JSONLinesRenderer:
    """Messages, and with `everything` comments, retries, ignored lines and lifecycle too."""

    def __init__(self, queries: Sequence[Query] = (), *, everything: bool = False) -> None:
        self._names = [query.name for query in queries]
        self._everything = everything

    def rows(self, rows: Sequence[Row]) -> str:
        """The lines of messages."""
        lines = []
        for row in rows:
            message, value = row.message, row.payload
            data, own_id = message.data, message.id
            line = _MESSAGE % (
                message.n,
                round(message.at, 6),
                quote(message.type),
                "null" if own_id is None else quote(own_id),
                quote(message.last_event_id),
                quote(data) if value is data else as_written(data),
                self._query(row) if self._names else "",
            )
            lines.append(line)
        return "".join(lines)

    def note(self, note: Note) -> str:
        """The line of anything else, if it is asked for."""
        return json_values.dump(_noted(note)) + "\n" if self._everything else ""

    def _query(self, row: Row) -> str:
        found = dict(zip(self._names, row.values, strict=True))
        return f',"query":{json_values.dump(found)}'


def _noted(item: Note) -> dict[str, Any]:
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
        "url": redaction.url(item.url) if item.status else item.url,
        "status": item.status,
        "reason": item.reason,
        "http_version": item.http_version,
        "headers": [list(header) for header in redaction.headers(item.headers)],
        "attempt": item.attempt,
    }


def _seconds(at: float) -> float:
    return round(at, 6)
