"""JSON values of messages: the data parsed as JSON, or the data itself as a string.

JSON that Python's json cannot reproduce (NaN, Infinity, 1e999, integers of thousands of digits,
nesting deeper than `MAX_DEPTH`) is treated as a string: RFC 8259 has no NaN and no Infinity, and
JSON Lines must contain the same value that the stream did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite, isinf
from typing import Any, Final, NoReturn

# Functions walk payloads by recursion, on a stack of 1,000 frames. The limit of jq is 256.
MAX_DEPTH: Final = 200


def parse(text: str) -> Any:
    """Return the JSON value of `text`, or `text` itself if it is not valid JSON. Never raises."""
    try:
        try:
            value, end = _SCAN(text, 0)
        except StopIteration:  # no value at index 0; white space may precede it
            end = -1
        if end != len(text):
            value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return text
    # Length and brackets bound the depth, so most payloads need no walk.
    is_large = len(text) > 2 * MAX_DEPTH
    if is_large and text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        return text
    return value


def dump(value: Any) -> str:
    """Format `value` as one line of compact JSON in ASCII, safe for any terminal and pipe.

    Values of an expression that are not JSON (NaN, a reference) become null.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError):
        return _ENCODER.encode(_only_json(value))


def as_written(text: str) -> str:
    """Return JSON `text` as one line of ASCII, and unchanged otherwise.

    Numbers keep all their digits, and objects keep repeated keys.
    """
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escape, text)


def show(value: Any) -> str:
    """Format `value` as one line of compact JSON for people, with characters beyond ASCII."""
    try:
        return _UNICODE_ENCODER.encode(value)
    except (TypeError, ValueError):
        return _UNICODE_ENCODER.encode(_only_json(value))


def lay_out(value: Any) -> str:
    """Format `value` as indented JSON in ASCII, for people and programs."""
    return json.dumps(_only_json(value), indent=2, allow_nan=False)


def is_false(value: Any) -> bool:
    """Return whether JMESPath treats `value` as false.

    These are null, false, and empty strings, arrays and objects; 0 is true.
    """
    return not value and value.__class__ is not int and value.__class__ is not float


def _escape(match: re.Match[str]) -> str:
    """Return the escape of a character; in JSON, a raw control character is white space."""
    return " " if match[0] in "\n\r\t" else quote(match[0])[1:-1]


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _only_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _only_json(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_only_json(child) for child in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, str | int) else None


def _finite(literal: str) -> float:
    if isinf(number := float(literal)):
        raise ValueError(literal)
    return number


def _no_constant(literal: str) -> NoReturn:
    raise ValueError(literal)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
# `decode` without its two searches for white space.
_SCAN: Final = _DECODER.scan_once  # type: ignore[attr-defined]  # missing in typeshed
# The function that an encoder calls for a string: JSON in ASCII.
quote: Final = json.encoder.encode_basestring_ascii
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_UNICODE_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)
