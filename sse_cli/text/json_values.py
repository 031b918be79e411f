"""A message's data as the value that queries see: parsed JSON, or the string itself.

What Python's json can't give back as it came (NaN, Infinity, 1e999, integers of thousands of
digits, nesting deeper than `MAX_DEPTH`) is treated as a string: RFC 8259 has no such
numbers, and a value must come out of JSON Lines as it went in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite, isinf
from typing import Any, Final, NoReturn

# Whatever walks a payload does so by recursion, on a stack of 1,000 frames; jq's limit is 256.
MAX_DEPTH: Final = 200


def parse(text: str) -> Any:
    """The JSON value of `text`, or `text` itself when it has none. Never raises."""
    try:
        try:
            value, end = _SCAN(text, 0)
        except StopIteration:  # there is none, or white space before it
            end = -1
        if end != len(text):
            value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return text
    # Size and brackets bound the depth: most payloads are too small to be worth a walk.
    is_large = len(text) > 2 * MAX_DEPTH
    if is_large and text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        return text
    return value


def dump(value: Any) -> str:
    """`value` as one line of compact JSON in ASCII, safe for any terminal and pipe.

    What an expression made and JSON has no word for (NaN, a reference) becomes null.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError):
        return _ENCODER.encode(_in_json(value))


def as_written(text: str) -> str:
    """JSON `text` as one line of ASCII, and else as it was written: numbers keep all their
    digits, objects their keys, also one that is there twice."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


def show(value: Any) -> str:
    """`value` as one line of compact JSON in the characters it is written in, for people."""
    try:
        return _SHOWN.encode(value)
    except (TypeError, ValueError):
        return _SHOWN.encode(_in_json(value))


def lay_out(value: Any) -> str:
    """`value` as indented JSON in ASCII, for people and programs alike."""
    return json.dumps(_in_json(value), indent=2, allow_nan=False)


def is_false(value: Any) -> bool:
    """JMESPath's truth: null, false, and empty strings, arrays and objects; 0 is true."""
    return not value and value.__class__ is not int and value.__class__ is not float


def _escaped(found: re.Match[str]) -> str:
    """In JSON, a control character that is not escaped is white space between two tokens."""
    return " " if found[0] in "\n\r\t" else quote(found[0])[1:-1]


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


def _in_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_json(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_in_json(child) for child in value]
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
# decode() without its two searches for white space
_SCAN: Final = _DECODER.scan_once  # type: ignore[attr-defined]  # typeshed forgets it
# A string as JSON in ASCII; as an encoder does it, without the encoder.
quote: Final = json.encoder.encode_basestring_ascii
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_SHOWN = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)
