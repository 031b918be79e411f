"""The cause of a refusal that the body of the reply tells, and its head does not."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from sse_cli.model.causes import Cause

LIMIT: Final = 64 * 1024  # bytes of a body that are looked at
_STATUSES: Final = frozenset({400, 405, 406, 415})
_BOTH: Final = (b"application/json", b"text/event-stream")
_ACCEPT: Final = re.compile(r"\baccept(?:able)?\b|text/event-stream", re.IGNORECASE)


def cause_of(status: int, body: bytes, otherwise: str) -> str:
    """Return the cause of a refused reply, `otherwise` if its body does not tell.

    MCP's streamable HTTP wants both types in `Accept`. A server says so by naming both, or by a
    JSON-RPC error about the header.
    """
    start = body[:LIMIT]
    names_both = status in _STATUSES and all(name in start.lower() for name in _BOTH)
    return Cause.ACCEPT_BOTH if names_both or _is_about_accept(start) else otherwise


def _is_about_accept(body: bytes) -> bool:
    """Return whether a body is a JSON-RPC error that speaks of the Accept header."""
    if b'"jsonrpc"' not in body:
        return False
    try:
        reply: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    error = reply.get("error") if isinstance(reply, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return isinstance(message, str) and _ACCEPT.search(message) is not None
