"""HTTP messages for people: a request, the head of a reply, and a refused reply with its body."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from rich.text import Text

from sse_cli.model import content_coding, media_type
from sse_cli.model.events import Closed, Headers, Opened
from sse_cli.request.model import Request
from sse_cli.text import escaping, redaction

BODY_LINES: Final = 40  # most lines of a body that are shown
BODY_CHARACTERS: Final = 4000  # and most characters
REFUSED_HEADERS: Final = 20  # most headers of a refused reply that are shown
_SESSION: Final = frozenset({"mcp-session-id"})


def request_lines(request: Request) -> Iterable[Text]:
    """Yield the request as it is sent, with header values outside the allowlist redacted."""
    parts = urlsplit(redaction.url(request.url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    yield _line("> ", f"{request.method} {target} {_version(request, parts.scheme)}".rstrip())
    if "host" not in {name.lower() for name, _ in request.headers}:
        yield _line("> ", f"Host: {parts.netloc}")
    yield from _headers("> ", request.headers)
    if request.body is not None:
        yield _line("> ", f"({len(request.body):,} bytes of body)")


def _version(request: Request, scheme: str) -> str:
    """Return the version for the request line; "" if ALPN is yet to decide it.

    HTTP/1.0 is sent as HTTP/1.1 that closes the connection.
    """
    if request.http_version == "2-prior-knowledge":
        return "HTTP/2"
    is_undecided = scheme == "https" and request.http_version in ("auto", "2")
    return "" if is_undecided else "HTTP/1.1"


def reply_lines(opened: Opened) -> Iterable[Text]:
    """Yield the reply's status line and headers, redacted in the same way, then notes on them.

    The ID of an MCP session is shown, because the next request needs it.
    """
    yield _status_line(opened)
    yield from _headers("< ", opened.headers, shown=_SESSION)
    if note := coding_note(opened):
        yield _line("* ", note)


def end_lines(closed: Closed) -> Iterable[Text]:
    """Yield the head of a reply that could not be read, or the headers that came after the body.

    They are redacted in the same way.
    """
    for line in closed.head:
        yield _line("< ", line)
    yield from _headers("< ", closed.trailers)


def coding_note(opened: Opened) -> str:
    """Return a note on the names in Content-Encoding that are not codings, "" for none."""
    names = content_coding.unknown(opened.header("content-encoding"))
    if not names or content_coding.unsupported(opened.header("content-encoding")):
        return ""
    return f"Content-Encoding: {names} is not a coding: the body is read as it came"


def refused_lines(
    opened: Opened, closed: Closed, *, head: bool, status: bool = True
) -> Iterable[Text]:
    """Yield a reply that is not a stream, as far as it is not shown elsewhere.

    These are its headers (`head`) below its status line (`status`), then the body's start.
    """
    if head and opened.status is not None:
        if status:
            yield _status_line(opened)
        yield from _headers("< ", opened.headers[:REFUSED_HEADERS])
        if (more := len(opened.headers) - REFUSED_HEADERS) > 0:
            yield Text(f"… and {more:,} more", style="sse.label")
    yield from _body(opened, closed)


def _status_line(opened: Opened) -> Text:
    return _line("< ", f"{opened.http_version} {opened.status} {opened.reason}".rstrip())


def _body(opened: Opened, closed: Closed) -> Iterable[Text]:
    """Yield the start of the body, with JSON indented; only the size of a binary body."""
    body = closed.body
    kind = media_type.essence(opened.header("content-type"))
    if not body:
        return
    if b"\0" in body or kind.startswith(("application/vnd.amazon", "application/octet")):
        yield Text(f"({len(body):,} bytes of binary {kind or 'data'})", style="sse.label")
        return
    lines = _indented(body.decode("utf-8", "replace")).splitlines() or [""]
    for line in lines[:BODY_LINES]:
        yield Text(escaping.escape(line, keep="\t"))
    if len(lines) > BODY_LINES:
        yield Text(f"({len(lines) - BODY_LINES} more lines)", style="sse.label")


def _headers(mark: str, headers: Headers, shown: frozenset[str] = frozenset()) -> Iterable[Text]:
    """Yield a line for each header; the values of those in `shown` are not redacted."""
    for name, value in headers:
        safe = value if name.lower() in shown else redaction.header(name, value)
        yield _line(mark, f"{name}: {safe}")


def _line(mark: str, text: str) -> Text:
    return Text.assemble((mark, "sse.label"), escaping.escape(text))


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)[:BODY_CHARACTERS]
    except (ValueError, RecursionError):
        return text[:BODY_CHARACTERS]
