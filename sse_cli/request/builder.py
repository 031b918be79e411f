"""The request that curl's options describe, with the headers of an event stream.

Rule 1: an option means what it means to curl (7.88), in the order it was typed. Three things
differ on purpose: `Accept` and `Cache-Control` ask for an event stream, with a body of JSON, too;
`Accept-Encoding` names only codings that the transport decodes, and a host without a scheme is
https unless it is this machine.
Rule 2: no secret appears in an error message or a `repr`.
"""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote_to_bytes

import sse_cli
from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request
from sse_cli.request.option_handlers import Draft
from sse_cli.request.options import BY_NAME
from sse_cli.request.url import checked, target_url, with_query

CODINGS = ("gzip", "deflate", "identity")
FRAMING = ("content-length", "transfer-encoding")


def read_stdin() -> bytes:
    """Return all of standard input as bytes; empty if it is closed."""
    return sys.stdin.buffer.read() if sys.stdin else b""


def build(
    options: Iterable[tuple[str, str]],
    stdin: Callable[[], bytes] = read_stdin,
    environment: Mapping[str, str] = os.environ,
) -> Request:
    """Build the request of `options`: long names and values, in the order typed.

    A flag's value is "". `stdin` is read for `@-`, `environment` for `--bearer env:NAME`.
    Raises `UsageError` for anything that can't be sent, KeyError for an unknown option.
    """
    draft = Draft(stdin, environment)
    for name, value in options:
        BY_NAME[name].apply(draft, value)
    return _finish(draft)


def time_limit(options: Iterable[tuple[str, str]]) -> float | None:
    """Return the seconds of the last `max-time` among `options`, None without a limit."""
    draft = Draft(read_stdin, os.environ)
    for name, value in options:
        if name == "max-time":
            BY_NAME[name].apply(draft, value)
    return draft.connection.get("max_time")


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
        # The transport adds the framing; a length that was pasted with the rest may be wrong.
        if value is not None and name.lower() not in FRAMING:
            yield name, _narrowed(value) if name.lower() == "accept-encoding" else value
    yield from ((name, value) for name, value in after if value and name.lower() not in named)


def _defaults(draft: Draft) -> list[tuple[str, str]]:
    agent = f"sse-cli/{sse_cli.__version__}" if draft.user_agent is None else draft.user_agent
    return [
        ("Authorization", _authorization(draft)),
        ("User-Agent", agent),
        ("Accept", "text/event-stream"),
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
    """Return the codings of an `Accept-Encoding` that the transport decodes, in their order."""
    asked = [coding.strip() for coding in codings.split(",")]
    kept = [coding for coding in asked if coding.partition(";")[0].strip().lower() in CODINGS]
    return ", ".join(kept) or "identity"
