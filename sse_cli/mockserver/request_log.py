"""The request log of the mock server: each request and the reply to it.

Rule 1: in memory an exchange holds everything, bodies included, for tests. Rule 2: a file gets one
JSON object for each request when its reply has ended, with secrets redacted; bodies are counted
there, never written. Rule 3: only the owner can read the file (0600), and it is appended to.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeAlias

from sse_cli.model.errors import OutputError, UsageError
from sse_cli.text import json_values, redaction

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, 5.6.2
_REQUEST_LINE: Final = re.compile(rb"(%b) (\S+) HTTP/\d\.\d\r?\n" % _TOKEN)
_FIELD_LINE: Final = re.compile(rb"^(%b):(.*)\n" % _TOKEN, re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK


@dataclass(slots=True)
class Exchange:
    """One request, and the reply that was sent.

    `at` is in seconds of the server's clock, `started` in Unix time, `seconds` is the duration.
    `target` and `headers` are as they were sent, with secrets; "" and () where the request is not
    HTTP. `route` is the name of the requested scenario, None for the list and for errors; `fault`
    the name of the fault in the reply, if any. `status` is None until a head is sent, and for a
    head that a fault wrote. `size` counts the bytes written after the head, or with the head where
    a fault wrote it. `said` holds the bytes of the stream that the client could read, before any
    content coding, if the server keeps contents. `complete` is set when the reply was sent to its
    end.
    """

    at: float
    started: float
    method: str
    target: str
    headers: Pairs = ()
    last_event_id: bytes | None = None
    body: bytes = b""
    body_size: int = 0
    route: str | None = None
    fault: str | None = None
    status: int | None = None
    said: bytearray = field(default_factory=bytearray)
    size: int = 0
    seconds: float = 0.0
    complete: bool = False

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the value of a request header (in any case); several are joined by commas."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """Return the request's body, parsed. Raises ValueError if it is not valid JSON."""
        return json.loads(self.body)


def log_entry(exchange: Exchange) -> dict[str, Any]:
    """Return the object that the file gets for an exchange; the README lists the keys."""
    last = exchange.last_event_id
    return {
        "started": _iso(exchange.started),
        "method": exchange.method or None,
        "target": redaction.url(exchange.target) if exchange.target else None,
        "headers": redaction.headers(exchange.headers),
        "last_event_id": None if last is None else last.decode("utf-8", "replace"),
        "body_bytes": exchange.body_size,
        "route": exchange.route,
        "fault": exchange.fault,
        "status": exchange.status,
        "sent_bytes": exchange.size,
        "seconds": round(exchange.seconds, 4),
        "complete": exchange.complete,
    }


def parse_partial_head(start: bytes) -> tuple[str, str, Pairs]:
    """Return the method, the target and the headers from the start of a head that can't be read.

    Only complete lines count. Without a request line of HTTP they are "", "" and ().
    """
    line = _REQUEST_LINE.match(start)
    if line is None:
        return "", "", ()
    lines = start[line.end() - 1 : start.rindex(b"\n") + 1]
    head = _BLANK_LINE.split(lines, maxsplit=1)[0] + b"\n"
    fields = (
        (name.decode(), value.strip(b" \t\r").decode("latin-1"))
        for name, value in _FIELD_LINE.findall(head)
    )
    return line[1].decode(), line[2].decode("latin-1"), tuple(fields)


class RequestLogFile:
    """A file that gets one object for each call, at once. Use it as a context manager.

    Raises UsageError if the file can't be opened, OutputError if it can't be written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        if path == "-":  # standard output is for the URLs
            raise _unusable(path, "it is not a file")
        try:
            self._descriptor = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise _unusable(path, (error.strerror or "unwritable").lower()) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def __call__(self, exchange: Exchange) -> None:
        """Append the object of an exchange that has ended."""
        line = json_values.dump(log_entry(exchange)).encode() + b"\n"
        try:
            while line:  # a disk that is nearly full may take only a part of the line
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            reason = (error.strerror or "write error").lower()
            raise OutputError(
                f"can't write the journal {self._path}: {reason}", "make room, or name another file"
            ) from None


def _unusable(path: str, reason: str) -> UsageError:
    return UsageError(f"can't write the journal {path}: {reason}", "name another file")


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
