"""The keys of a stream in a file of streams: each with what it holds, and what it is a part of.

`schema.json` beside this file says the same to editors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

Part = Literal["target", "request", "reading", "resuming", "limits", "expectation"]
Kind = Literal["text", "texts", "flag", "number", "duration", "headers", "json", "counts"]


class Key(NamedTuple):
    """What a key holds, and what it is a part of."""

    kind: Kind
    part: Part


KEYS: Final[Mapping[str, Key]] = {
    "url": Key("text", "target"),
    "file": Key("text", "target"),
    "method": Key("text", "request"),
    "headers": Key("headers", "request"),
    "json": Key("json", "request"),
    "data": Key("texts", "request"),
    "data-raw": Key("texts", "request"),
    "data-binary": Key("texts", "request"),
    "data-urlencode": Key("texts", "request"),
    "get": Key("flag", "request"),
    "bearer": Key("text", "request"),
    "user": Key("text", "request"),
    "cookie": Key("texts", "request"),
    "user-agent": Key("text", "request"),
    "referer": Key("text", "request"),
    "location": Key("flag", "request"),
    "compressed": Key("flag", "request"),
    "insecure": Key("flag", "request"),
    "proxy": Key("text", "request"),
    "cacert": Key("text", "request"),
    "cert": Key("text", "request"),
    "key": Key("text", "request"),
    "unix-socket": Key("text", "request"),
    "connect-timeout": Key("duration", "request"),
    "max-time": Key("duration", "request"),
    "http1.1": Key("flag", "request"),
    "http2": Key("flag", "request"),
    "http2-prior-knowledge": Key("flag", "request"),
    "ipv4": Key("flag", "request"),
    "ipv6": Key("flag", "request"),
    "any-type": Key("flag", "reading"),
    "ndjson": Key("flag", "reading"),
    "max-size": Key("text", "reading"),
    "idle-timeout": Key("duration", "resuming"),
    "reconnect": Key("flag", "resuming"),
    "max-reconnects": Key("number", "resuming"),
    "last-event-id": Key("text", "resuming"),
    "retry-delay": Key("duration", "resuming"),
    "retry-on": Key("text", "resuming"),
    "format": Key("text", "limits"),
    "max-events": Key("number", "limits"),
    "until": Key("text", "limits"),
    "status": Key("number", "expectation"),
    "ending": Key("texts", "expectation"),
    "min-events": Key("number", "expectation"),
    "first-event-within": Key("duration", "expectation"),
    "first-content-within": Key("duration", "expectation"),
    "max-gap": Key("duration", "expectation"),
    "total-within": Key("duration", "expectation"),
    "text": Key("texts", "expectation"),
    "valid-json": Key("flag", "expectation"),
    "no-ignored": Key("flag", "expectation"),
    "expect-event": Key("counts", "expectation"),
    "any": Key("texts", "expectation"),
    "all-match": Key("texts", "expectation"),
    "expect": Key("texts", "expectation"),
}
# What each kind is called, and how one is written.
WORDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "text": ("a string", '"…"'),
    "texts": ("a string or an array of them", '"…" or ["…", "…"]'),
    "flag": ("true or false", "true"),
    "number": ("a whole number", "5"),
    "duration": ("a duration", '"500ms", "2s" or 1.5 (seconds)'),
    "headers": ("a table of strings", '{ X-Team = "a", Accept = "…" }'),
    "json": ("a string, a table or an array", '{ stream = true } or "@body.json"'),
    "counts": ("names of events", '"tick", ["tick", "end=1"] or { tick = 3 }'),
}


# Where the usual one would be a strange value.
EXAMPLES: Final[Mapping[str, str]] = {"status": "200"}
_NAMES: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number with a point",
    str: "a string",
    list: "an array",
    dict: "a table",
}


def kind_of(value: object) -> str:
    """What a TOML value is, without the value."""
    return _NAMES.get(type(value), "a date or a time")


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**15


def _is_duration(value: Any) -> bool:
    return isinstance(value, str) or (type(value) in (int, float) and 0 <= value < math.inf)


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and _all_text(value))


def _all_text(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_json(value: Any) -> bool:
    """What JSON can hold: no dates, and no numbers that it has no word for."""
    if isinstance(value, dict):
        return _all_json(value.values())
    if isinstance(value, list):
        return _all_json(value)
    return isinstance(value, str)


def _all_json(values: Iterable[Any]) -> bool:
    return all(
        type(one) in (bool, int) or (type(one) is float and math.isfinite(one)) or _is_json(one)
        for one in values
    )


FITS: Final[Mapping[Kind, Callable[[Any], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "texts": _is_texts,
    "flag": lambda value: isinstance(value, bool),
    "number": _is_number,
    "duration": _is_duration,
    "headers": lambda value: isinstance(value, dict) and _all_text(value.values()),
    "json": _is_json,
    "counts": lambda value: (
        _is_texts(value) or (isinstance(value, dict) and all(map(_is_number, value.values())))
    ),
}
