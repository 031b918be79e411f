"""A message's data as the value that queries see: parsed JSON, or the string itself.

What Python's json can't give back as it came (NaN, Infinity, 1e999, integers of thousands of
digits, nesting beyond the recursion limit) is treated as a string: RFC 8259 has no such
numbers, and a value must come out of `-o jsonl` as it went in.
"""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn


def parse(text: str) -> Any:
    """The JSON value of `text`, or `text` itself when it has none. Never raises."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return text


def dump(value: Any) -> str:
    """`value` as one line of compact JSON in ASCII, safe for any terminal and pipe."""
    return _ENCODER.encode(value)


def _finite(literal: str) -> float:
    if isinf(number := float(literal)):
        raise ValueError(literal)
    return number


def _no_constant(literal: str) -> NoReturn:
    raise ValueError(literal)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
