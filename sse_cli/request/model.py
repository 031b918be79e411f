"""What to ask for: method, URL, headers and body, and how to connect.

Rule 1: an option means what it means to curl (7.88), in the order it was typed (`draft.py`).
What is changed on purpose: an event stream is asked for (`Accept`, `Cache-Control`), a
content coding only if the caller wants one that we can undo, and a host typed without a
scheme is https unless it is this machine.
Rule 2: no secret leaves by an error message or a `repr`.
"""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

import sse_cli
from sse_cli.model.errors import UsageError
from sse_cli.request.handlers import OPTIONS, Draft
from sse_cli.request.url import checked, target_url, with_query
from sse_cli.text import redaction

__all__ = ["OPTIONS", "Request", "build", "read_stdin", "target_url"]

CODINGS = ("gzip", "deflate", "identity")
FRAMING = ("content-length", "transfer-encoding")


class Request(NamedTuple):
    """One request, ready for the transport.

    `url` is absolute, without userinfo and fragment. `headers` are in wire order; the
    transport adds Host (unless it is among them) and Content-Length. Values are text to be
    sent as UTF-8. `proxy` is None for what the environment says and "" for none. Timeouts
    are seconds, None for no limit. `http_version` "2" offers HTTP/2 by ALPN as "auto" does,
    "2-prior-knowledge" speaks it without asking. `location` follows redirects to other
    origins.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    insecure: bool = False
    cacert: str | None = None
    cert: str | None = None
    cert_password: str | None = None
    key: str | None = None
    proxy: str | None = None
    unix_socket: str | None = None
    location: bool = False
    http_version: Literal["auto", "1.0", "1.1", "2", "2-prior-knowledge"] = "auto"
    ip_family: Literal["any", "4", "6"] = "any"
    connect_timeout: float | None = None
    max_time: float | None = None
    idle_timeout: float | None = None
    verbose: bool = False

    def __repr__(self) -> str:
        size = "no body" if self.body is None else f"{len(self.body)} bytes"
        headers = redaction.headers(self.headers)
        return f"Request({self.method} {redaction.url(self.url)!r}, {headers!r}, {size})"


def read_stdin() -> bytes:
    """All of standard input, as bytes; empty if the program has none."""
    return sys.stdin.buffer.read() if sys.stdin else b""


def build(
    options: Iterable[tuple[str, str]],
    stdin: Callable[[], bytes] = read_stdin,
    environment: Mapping[str, str] = os.environ,
) -> Request:
    """The request that `options` describe: curl's long names and values, in typed order.

    A flag's value is "". `stdin` is read for `@-`, `environment` for `--bearer env:NAME`.
    Raises `UsageError` for anything that can't be sent, KeyError for a name not in `OPTIONS`.
    """
    draft = Draft(stdin, environment)
    for name, value in options:
        OPTIONS[name](draft, value)
    return _finish(draft)


def _finish(draft: Draft) -> Request:
    if draft.url is None:
        raise UsageError("there is no URL", "give one: sse https://api.example.com/stream")
    has_body = draft.data is not None and not draft.get
    url = target_url(draft.url)
    if draft.get and draft.data:
        url = with_query(url, draft.data.decode("utf-8", "surrogateescape"))
    parts = checked(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    if userinfo and draft.user is None:
        user, _, password = userinfo.partition(":")
        draft.user = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    query = f"?{parts.query}" if parts.query else ""
    return Request(
        url=f"{parts.scheme}://{host.removesuffix(':')}{parts.path or '/'}{query}",
        method=draft.method or ("POST" if has_body else "GET"),
        headers=tuple(_headers(draft, has_body)),
        body=draft.data if has_body else None,
        **draft.connection,
    )


def _headers(draft: Draft, has_body: bool) -> Iterable[tuple[str, str]]:
    named = {name.lower() for name, _ in draft.headers}
    before, after = _defaults(draft), [("Content-Type", _content_type(draft, has_body))]
    yield from ((name, value) for name, value in before if value and name.lower() not in named)
    for name, value in draft.headers:
        # Framing is the transport's; a length that was pasted along may be out of date.
        if value is not None and name.lower() not in FRAMING:
            yield name, _narrowed(value) if name.lower() == "accept-encoding" else value
    yield from ((name, value) for name, value in after if value and name.lower() not in named)


def _defaults(draft: Draft) -> list[tuple[str, str]]:
    agent = f"sse-cli/{sse_cli.__version__}" if draft.user_agent is None else draft.user_agent
    return [
        ("Authorization", _authorization(draft)),
        ("User-Agent", agent),
        ("Accept", "text/event-stream" + (", application/json" if draft.json else "")),
        ("Cache-Control", "no-cache"),
        ("Accept-Encoding", "gzip, deflate" if draft.compressed else "identity"),
        ("Referer", draft.referer),
        ("Cookie", "; ".join(draft.cookies)),
    ]


def _authorization(draft: Draft) -> str:
    if draft.bearer is not None:
        return f"Bearer {draft.bearer}"
    return "" if draft.user is None else f"Basic {b64encode(draft.user).decode()}"


def _content_type(draft: Draft, has_body: bool) -> str:
    if draft.json:
        return "application/json"
    return "application/x-www-form-urlencoded" if has_body else ""


def _narrowed(codings: str) -> str:
    """The ones of a caller's `Accept-Encoding` that we can undo, in the order asked."""
    asked = [coding.strip() for coding in codings.split(",")]
    kept = [coding for coding in asked if coding.partition(";")[0].strip().lower() in CODINGS]
    return ", ".join(kept) or "identity"
