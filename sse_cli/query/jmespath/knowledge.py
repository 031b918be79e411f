"""Knowledge about a value that an expression is evaluated on, without the value itself.

None means that nothing is known. All else holds for every value that it describes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sse_cli.text.json_values import is_false


class Constant(NamedTuple):
    """The value itself."""

    value: Any


class Kind(NamedTuple):
    """The class of a value, not NoneType. A string is none of `excluded`."""

    kind: type
    excluded: frozenset[str] = frozenset()


class Fields(NamedTuple):
    """The values that fields give. If it is closed, it is an object with these keys and no others.

    Otherwise it may have other keys, and it need not be an object.
    """

    known: Mapping[str, Knowledge]
    is_closed: bool = False


Knowledge: TypeAlias = Constant | Kind | Fields | None

NULL = Constant(None)


def of_class(kind: type, excluded: frozenset[str] = frozenset()) -> Knowledge:
    """Return what the class of a value tells; the class of null tells the value."""
    return NULL if kind is type(None) else Kind(kind, excluded)


def field(of: Knowledge, key: str) -> Knowledge:
    """Return what is known about the value of a field."""
    if isinstance(of, Fields):
        return of.known.get(key, NULL if of.is_closed else None)
    if isinstance(of, Constant):
        return Constant(of.value.get(key) if isinstance(of.value, dict) else None)
    return None if is_maybe(of, dict) else NULL


def is_maybe(of: Knowledge, kind: type) -> bool:
    """Return whether a value may be of class `kind`."""
    if isinstance(of, Constant):
        return of.value.__class__ is kind
    if isinstance(of, Kind):
        return of.kind is kind
    return kind is dict or not (isinstance(of, Fields) and of.is_closed)


def is_null(of: Knowledge) -> bool | None:
    """Return whether a value is null, None if that is not known."""
    if isinstance(of, Constant):
        return of.value is None
    if isinstance(of, Fields):
        return False if of.is_closed else None
    return False if of else None


def truth(of: Knowledge) -> bool | None:
    """Return whether a value is true to JMESPath, None if that is not known."""
    if isinstance(of, Constant):
        return not is_false(of.value)
    if isinstance(of, Fields):
        return bool(of.known) if of.is_closed else None
    return True if isinstance(of, Kind) and of.kind in (int, float) else None


def differs(of: Knowledge, text: str) -> bool:
    """Return whether a value certainly is not the string `text`."""
    if isinstance(of, Constant):
        return of.value.__class__ is not str or bool(of.value != text)
    if isinstance(of, Kind):
        return of.kind is not str or text in of.excluded
    return isinstance(of, Fields) and of.is_closed


def refined(of: Knowledge, path: Sequence[str], more: Knowledge) -> Knowledge:
    """Return `of` with `more` about the value at a path of keys."""
    if not path:
        return more
    first, *rest = path
    known, is_closed = (of.known, of.is_closed) if isinstance(of, Fields) else ({}, False)
    return Fields({**known, first: refined(known.get(first), rest, more)}, is_closed)


def at(of: Knowledge, path: Sequence[str]) -> Knowledge:
    """Return what is known about the value at a path of keys."""
    for key in path:
        of = field(of, key)
    return of
