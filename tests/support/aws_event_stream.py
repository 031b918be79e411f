"""An encoder of AWS event streams, written apart from the decoder."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

Header = tuple[str, Any]
AWS: Final = "Content-Type: application/vnd.amazon.eventstream"


def header(name: str, value: Any) -> bytes:
    """Return a header; the type of the value decides how it is encoded, `int` by its size."""
    start = bytes([len(name.encode())]) + name.encode()
    if isinstance(value, bool):
        return start + (b"\0" if value else b"\1")
    if isinstance(value, int):
        for kind, code in ((2, "b"), (3, "h"), (4, "i"), (5, "q")):
            try:
                return start + struct.pack(f">B{code}", kind, value)
            except struct.error:
                continue
    if isinstance(value, float):  # seconds since 1970
        return start + struct.pack(">Bq", 8, round(value * 1000))
    if isinstance(value, UUID):
        return start + b"\x09" + value.bytes
    kind, raw = (7, value.encode()) if isinstance(value, str) else (6, value)
    return start + struct.pack(">BH", kind, len(raw)) + raw


def framed(headers: bytes, payload: bytes) -> bytes:
    """Return a message with the given bytes of headers."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return start + struct.pack(">I", zlib.crc32(start))


def message(payload: bytes, *headers: Header) -> bytes:
    """Return a message."""
    return framed(b"".join(header(*one) for one in headers), payload)


def event(kind: str, value: Any) -> bytes:
    """Return an event with a JSON payload, as Bedrock sends it."""
    headers = (
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    )
    return message(json.dumps(value, separators=(",", ":")).encode(), *headers)


def exception(kind: str, text: str) -> bytes:
    """Return an exception."""
    headers = (":exception-type", kind), (":message-type", "exception")
    return message(json.dumps({"message": text}).encode(), *headers)


def converse(texts: Iterable[str], reason: str = "end_turn") -> list[bytes]:
    """Return the messages of ConverseStream for an answer of one text block."""
    return [
        event("messageStart", {"p": "abcdef", "role": "assistant"}),
        *(
            event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "ab"})
            for text in texts
        ),
        event("contentBlockStop", {"contentBlockIndex": 0, "p": "abcd"}),
        event("messageStop", {"p": "abc", "stopReason": reason}),
        event(
            "metadata",
            {
                "metrics": {"latencyMs": 500},
                "p": "a",
                "usage": {"inputTokens": 10, "outputTokens": 9, "totalTokens": 19},
            },
        ),
    ]
