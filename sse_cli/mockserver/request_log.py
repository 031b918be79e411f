"""The mock server's journal: each request that reached it, and what became of it.

Rule 1: in memory it holds all, for tests that ask. Rule 2: a file gets one JSON object a request,
once its reply is over, with secrets redacted; bodies are counted there, never written. Rule 3:
a file is for its owner alone (0600), and is appended to.
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
    """One request and what was sent for it: a page of the journal.

    `at` is seconds of the server's clock, `started` of Unix time; `target` and `headers` are as
    they were sent, secrets and all; "" and none where what was sent is no HTTP. `route` is the name
    that it asked for, None for the list and for errors; `fault` what was done to the reply, if
    anything. `status` is None until a head was sent, and for a reply that a fault wrote. `size`
    counts the bytes written after the head, or with it where a fault wrote it; `said` is what the
    client was told of the stream, before any content coding, if the journal keeps it. `complete`
    says that the reply went out to its end.
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
        """The value of the request header `name` (any case); several are joined by commas."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """The request's body, parsed. Raises ValueError if it is no JSON."""
        return json.loads(self.body)


def log_entry(exchange: Exchange) -> dict[str, Any]:
    """What the file says of an exchange; the README lists the keys."""
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
    """The method, the target and the headers of a request whose head can't be read, as far as the
    lines that came whole say them: "" and none for what is no HTTP at all."""
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
    """Appends an object a call to a file, at once. Use it as a context manager.

    Raises UsageError if the file can't be opened, OutputError if it can't be written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        if path == "-":  # standard output has the URLs
            raise _unusable(path, "it is no file")
        try:
            self._descriptor = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise _unusable(path, (error.strerror or "unwritable").lower()) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def __call__(self, exchange: Exchange) -> None:
        """Write down an exchange that is over."""
        line = json_values.dump(log_entry(exchange)).encode() + b"\n"
        try:
            while line:  # a disk that fills up takes a part of it first
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
