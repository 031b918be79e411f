"""Kinds of values in a check file, with their names, examples, validation and JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from sse_cli.request import option_values

Kind = Literal["text", "texts", "flag", "number", "duration", "headers", "json", "counts"]


class ValueKind(NamedTuple):
    """One kind of value.

    `words` and `example` describe it in error messages, `fits` returns whether a TOML value is of
    this kind, and `schema` is the JSON Schema.
    """

    words: str
    example: str
    fits: Callable[[Any], bool]
    schema: Mapping[str, Any]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**15


def _is_duration(value: Any) -> bool:
    return isinstance(value, str) or (type(value) in (int, float) and 0 <= value < math.inf)


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and _all_text(value))


def _all_text(items: Iterable[Any]) -> bool:
    return all(map(_is_text, items))


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and _all_text(value.values())


def _is_json(value: Any) -> bool:
    """Return whether JSON can represent a string, table or array: dates, NaN and infinity can't."""
    if isinstance(value, dict):
        return _all_json(value.values())
    if isinstance(value, list):
        return _all_json(value)
    return isinstance(value, str)


def _all_json(items: Iterable[Any]) -> bool:
    return all(
        type(item) in (bool, int) or (type(item) is float and math.isfinite(item)) or _is_json(item)
        for item in items
    )


def _is_counts(value: Any) -> bool:
    is_table = isinstance(value, dict) and all(map(_is_number, value.values()))
    return is_table or _is_texts(value)


_STRING: Final = {"type": "string"}
_WHOLE_NUMBER: Final = {"type": "integer", "minimum": 0}
_STRINGS: Final = {"type": "array", "items": _STRING, "minItems": 1}

VALUE_KINDS: Final[Mapping[Kind, ValueKind]] = {
    "text": ValueKind("a string", '"…"', _is_text, _STRING),
    "texts": ValueKind(
        "a string or an array of them",
        '"…" or ["…", "…"]',
        _is_texts,
        {"anyOf": [_STRING, _STRINGS]},
    ),
    "flag": ValueKind(
        "true or false", "true", lambda value: isinstance(value, bool), {"type": "boolean"}
    ),
    "number": ValueKind("a whole number", "5", _is_number, _WHOLE_NUMBER),
    "duration": ValueKind(
        "a duration",
        '"500ms", "2s" or 1.5 (seconds)',
        _is_duration,
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{option_values.DURATION}$"},
                {"type": "number", "minimum": 0},
            ]
        },
    ),
    "headers": ValueKind(
        "a table of strings",
        '{ X-Team = "a", Accept = "…" }',
        _is_headers,
        {"type": "object", "additionalProperties": _STRING},
    ),
    "json": ValueKind(
        "a string, a table or an array",
        '{ stream = true } or "@body.json"',
        _is_json,
        {"type": ["string", "object", "array"]},
    ),
    "counts": ValueKind(
        "an event name, or an array or table of them",
        '"tick", ["tick", "end=1"] or { tick = 3 }',
        _is_counts,
        {
            "anyOf": [
                {"$ref": "#/$defs/texts"},
                {"type": "object", "additionalProperties": _WHOLE_NUMBER},
            ]
        },
    ),
}
_TOML_TYPES: Final = {
    bool: "a boolean",
    int: "a number",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "a table",
}


def type_of(value: object) -> str:
    """Return the name of a TOML value's type, without the value."""
    return _TOML_TYPES.get(type(value), "a date or a time")
