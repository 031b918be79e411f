"""The cause of a refusal that the body of the reply tells, and its head does not."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from sse_cli.model.causes import Cause

LIMIT: Final = 64 * 1024  # bytes of a body that are looked at
_STATUSES: Final = frozenset({400, 405, 406, 415})
_BOTH: Final = ("application/json", "text/event-stream")
# The words of nginx, Go and Apache: a TLS port that was spoken to in plain HTTP.
_TLS_PORT: Final = rb"HTTP request (?:was sent )?to (?:an )?HTTPS|plain HTTP to an SSL-enabled"
_ACCEPT: Final = re.compile(r"\baccept(?:able)?\b|text/event-stream", re.IGNORECASE)


def cause_of(status: int, body: bytes, accept: str) -> str:
    """Return the cause of a refused reply, "" if its body does not tell.

    MCP's streamable HTTP wants both types in the request's `accept`. A server says so by naming
    both, by a JSON-RPC error about the header, or by a result that is not a stream.
    """
    start = body[:LIMIT]
    if status == 400 and re.search(_TLS_PORT, start):
        return Cause.TLS_ON_HTTP
    if _names_both(accept.encode("utf-8", "replace")):
        return ""
    asks_for_both = status in _STATUSES and _names_both(start)
    return Cause.ACCEPT_BOTH if asks_for_both or _is_about_accept(start) else ""


def _names_both(text: bytes) -> bool:
    lower = text.lower()
    return all(name.encode() in lower for name in _BOTH)


def _is_about_accept(body: bytes) -> bool:
    """Return whether a body is a JSON-RPC result, or an error that speaks of the Accept header."""
    if b'"jsonrpc"' not in body:
        return False
    try:
        reply: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(reply, dict):
        return False
    error = reply.get("error")
    if error is None:
        return "result" in reply
    message = error.get("message") if isinstance(error, dict) else None
    return isinstance(message, str) and _ACCEPT.search(message) is not None
