"""Events as JSON Lines, in ASCII. The keys are a contract; the README lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sse_cli.model.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.row import Note, Row
from sse_cli.query.selection import Query
from sse_cli.text import json_values, redaction
from sse_cli.text.json_values import as_written, quote

# A template instead of json.dumps: a payload that is JSON already is copied, not written again.
_MESSAGE: Final = (
    '{"kind":"message","n":%d,"t":%r,"event":%s,"id":%s,"last_event_id":%s,"data":%s%s}\n'
)


class JSONLinesRenderer:
    """A renderer of one JSON object per line: messages, and with `everything` all other events."""

    def __init__(self, queries: Sequence[Query] = (), *, everything: bool = False) -> None:
        self._names = [query.name for query in queries]
        self._everything = everything

    def rows(self, rows: Sequence[Row]) -> str:
        """Return the lines of messages."""
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
        """Return the line of any other event, with `everything`."""
        return json_values.dump(_object(note)) + "\n" if self._everything else ""

    def _query(self, row: Row) -> str:
        values = dict(zip(self._names, row.values, strict=True))
        return f',"query":{json_values.dump(values)}'


def _object(note: Note) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": type(note).__name__.lower(), "t": _seconds(note.at)}
    match note:
        case Opened():
            line |= _opened(note)
        case Comment():
            line["text"] = note.text
        case Retry():
            line["reconnection_time"] = note.reconnection_time
        case Ignored():
            line |= {"reason": note.reason, "line": note.line, "text": note.text}
            line |= {"event": note.type, "id": note.id, "offset": note.offset, "size": note.size}
            if note.limit:
                line |= {"part": note.part, "limit": note.limit}
        case Reconnecting():
            line |= {"attempt": note.attempt, "delay": _seconds(note.delay)}
            line |= {"ending": note.ending.value, "detail": note.detail}
        case Closed():
            line |= {"ending": note.ending.value, "detail": note.detail}
    return line


def _opened(opened: Opened) -> dict[str, Any]:
    return {
        "url": redaction.url(opened.url) if opened.status else opened.url,
        "status": opened.status,
        "reason": opened.reason,
        "http_version": opened.http_version,
        "headers": [list(header) for header in redaction.headers(opened.headers)],
        "attempt": opened.attempt,
    }


def _seconds(at: float) -> float:
    return round(at, 6)
