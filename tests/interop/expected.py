"""The expected output of `sse watch -o jsonl --all` for `stream.json`, written by hand."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]

# The origin, the speed and the line ends vary.
_VARIES = frozenset({"t", "url", "headers", "http_version", "detail", "offset", "size"})

_END = {"text": "event: end", "event": "end", "id": None}


def message(n: int, event: str, data: object, own_id: str | None, last_id: str) -> Line:
    """Return a message's line."""
    line = {"kind": "message", "n": n, "event": event, "id": own_id}
    return {**line, "last_event_id": last_id, "data": data}


def before(method: str, body: str) -> list[Line]:
    """Return all lines up to the gate."""
    return [
        {"kind": "opened", "status": 200, "attempt": 1},
        message(1, "echo", {"method": method, "body": body}, None, ""),
        {"kind": "comment", "text": " connected"},
        {"kind": "retry", "reconnection_time": 2500},
        message(2, "message", "plain", None, ""),
        message(3, "greeting", "hé 👩\u200d🚀 日本\u2028語", "1", "1"),
        message(4, "poem", "one\n\n  three: «3»", "2", "2"),
        message(5, "message", {"n": 1.5, "list": [None, True]}, None, "2"),
        {"kind": "comment", "text": " ping"},
        message(6, "note", "", None, "2"),
        {"kind": "ignored", "reason": "no-data", "line": 26, **_END},
    ]


AFTER = [
    message(7, "message", "tab\tand \x07 bell", "ü-3", "ü-3"),
    message(8, "message", "the id is empty again", "", ""),
    {"kind": "comment", "text": " ping"},
    message(9, "done", "over", "9", "9"),
]


def closed(ending: str) -> Line:
    """Return the last line."""
    return {"kind": "closed", "ending": ending}


def told(line: Line) -> Line:
    """Return `line` without the keys that vary from server to server."""
    varies = _VARIES | {"reason"} if line["kind"] == "opened" else _VARIES
    return {key: value for key, value in line.items() if key not in varies}
