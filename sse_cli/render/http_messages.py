"""What is said on standard error: the exchange (`--verbose`), a refused reply, an error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from rich.text import Text

from sse_cli.model import media_type
from sse_cli.model.events import Closed, Headers, Opened
from sse_cli.request.model import Request
from sse_cli.text import escaping, redaction

BODY_LINES: Final = 40
BODY_CHARACTERS: Final = 4000


def request_lines(request: Request) -> Iterable[Text]:
    """The request as it is sent, header values outside the allowlist redacted."""
    parts = urlsplit(redaction.url(request.url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    yield _said("> ", f"{request.method} {target} {_offered(request, parts.scheme)}".rstrip())
    if "host" not in {name.lower() for name, _ in request.headers}:
        yield _said("> ", f"Host: {parts.netloc}")
    yield from _headers("> ", request.headers)
    if request.body is not None:
        yield _said("> ", f"({len(request.body):,} bytes of body)")


def _offered(request: Request, scheme: str) -> str:
    """The version in the request line; none where ALPN settles it after this is told.

    `--http1.0` goes as HTTP/1.1 that closes.
    """
    if request.http_version == "2-prior-knowledge":
        return "HTTP/2"
    is_open = scheme == "https" and request.http_version in ("auto", "2")
    return "" if is_open else "HTTP/1.1"


def reply_lines(opened: Opened) -> Iterable[Text]:
    """The reply's status line and headers, redacted likewise."""
    yield _said("< ", f"{opened.http_version} {opened.status} {opened.reason}".rstrip())
    yield from _headers("< ", opened.headers)


def refused_lines(
    opened: Opened, closed: Closed, *, head: bool, status: bool = True
) -> Iterable[Text]:
    """A reply that is no stream: its headers (`head`) below its status line (`status`), the
    body's start."""
    if head and opened.status is not None:
        yield from reply_lines(opened) if status else _headers("< ", opened.headers)
    yield from _body(opened, closed)


def _body(opened: Opened, closed: Closed) -> Iterable[Text]:
    """The start of the body, JSON laid out; of a binary one only its size."""
    body = closed.body
    kind = media_type.essence(opened.header("content-type"))
    if not body:
        return
    if b"\0" in body or kind.startswith(("application/vnd.amazon", "application/octet")):
        yield Text(f"({len(body):,} bytes of binary {kind or 'data'})", style="sse.label")
        return
    lines = _laid_out(body.decode("utf-8", "replace")).splitlines() or [""]
    for line in lines[:BODY_LINES]:
        yield Text(escaping.escape(line, keep="\t"))
    if len(lines) > BODY_LINES:
        yield Text(f"({len(lines) - BODY_LINES} more lines)", style="sse.label")


def _headers(mark: str, headers: Headers) -> Iterable[Text]:
    for name, value in redaction.headers(headers):
        yield _said(mark, f"{name}: {value}")


def _said(mark: str, text: str) -> Text:
    return Text.assemble((mark, "sse.label"), escaping.escape(text))


def _laid_out(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)[:BODY_CHARACTERS]
    except (ValueError, RecursionError):
        return text[:BODY_CHARACTERS]
