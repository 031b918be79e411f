"""The content of a message of an AWS event stream: its headers, its type and its data.

The type is `:event-type`, for an exception `:exception-type`, for an error `:error-code`. The data
is the payload's text. Two kinds of payload are not text that a person could read:

- `{"bytes": "BASE64"}` is how AWS writes bytes in JSON. Where an event of the type `chunk` has
  nothing else (`p` is padding), as those of InvokeModelWithResponseStream, its data is the text of
  those bytes: the event of the model's own API.
- A payload that is not valid UTF-8 is written in the same way, so nothing of it is lost.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from struct import Struct, error
from typing import Any, Final, TypeAlias

_NO_TYPE: Final = "message"
_CHUNK: Final = frozenset({"bytes", "p"})
_SIZE: Final = Struct(">H")
_UUID: Final = 16


class InvalidHeadersError(ValueError):
    """Headers of a message that break the format; the text says how."""


# Reads a value at a position; returns it and the position after it.
_Read: TypeAlias = Callable[[bytes, int], tuple[object, int]]


def headers_of(raw: bytes) -> dict[str, object]:
    """Return the headers in `raw` by name. Raises InvalidHeadersError."""
    headers: dict[str, object] = {}
    position = 0
    try:
        while position < len(raw):
            end = position + 1 + raw[position]
            name = raw[position + 1 : end].decode("utf-8", "replace")
            kind = raw[end]
            if kind not in _VALUES:
                raise InvalidHeadersError(f"header {name!r} has the unknown type {kind}")
            if name in headers:
                raise InvalidHeadersError(f"header {name!r} comes twice")
            headers[name], position = _VALUES[kind](raw, end + 1)
    except (IndexError, error):
        raise InvalidHeadersError("a header ends after the headers do") from None
    return headers


def content_of(headers: Mapping[str, object], payload: bytes) -> tuple[str, str]:
    """Return the type and the data of a message."""
    kind = str(headers.get(":message-type", "event"))
    name = _TYPES.get(kind, ":event-type")
    event = str(headers.get(name) or _NO_TYPE)
    if kind == "error" and not payload:  # all it says is in its headers
        return event, json.dumps({"error": {"code": event, "message": _error_message(headers)}})
    return event, _chunk_text(payload) if event == "chunk" else _text(payload)


def _error_message(headers: Mapping[str, object]) -> str:
    return str(headers.get(":error-message", ""))


def _chunk_text(payload: bytes) -> str:
    """Return the text of the bytes in a chunk, or of the payload if it holds anything else."""
    text = _text(payload)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict) or "bytes" not in value or not value.keys() <= _CHUNK:
        return text
    try:
        return base64.b64decode(value["bytes"], validate=True).decode()
    except (binascii.Error, TypeError, ValueError):
        return text


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return json.dumps({"bytes": base64.b64encode(payload).decode()})


def _constant(value: bool) -> _Read:
    return lambda _raw, position: (value, position)


def _number(code: str) -> _Read:
    number = Struct(f">{code}")

    def read(raw: bytes, position: int) -> tuple[object, int]:
        return number.unpack_from(raw, position)[0], position + number.size

    return read


def _sized(raw: bytes, position: int) -> tuple[bytes, int]:
    start = position + _SIZE.size
    return _exactly(raw, start, _SIZE.unpack_from(raw, position)[0])


def _string(raw: bytes, position: int) -> tuple[object, int]:
    value, end = _sized(raw, position)
    return value.decode("utf-8", "replace"), end


def _uuid(raw: bytes, position: int) -> tuple[object, int]:
    return _exactly(raw, position, _UUID)


def _exactly(raw: bytes, start: int, size: int) -> tuple[bytes, int]:
    """Return `size` bytes and their end. Raises IndexError if there are fewer."""
    if start + size > len(raw):
        raise IndexError
    return raw[start : start + size], start + size


# The name of the header that holds the type, by `:message-type`.
_TYPES: Final[dict[str, Any]] = {"exception": ":exception-type", "error": ":error-code"}

_VALUES: Final[dict[int, _Read]] = {
    0: _constant(True),
    1: _constant(False),
    2: _number("b"),
    3: _number("h"),
    4: _number("i"),
    5: _number("q"),
    6: _sized,
    7: _string,
    8: _number("q"),  # milliseconds since 1970
    9: _uuid,
}
