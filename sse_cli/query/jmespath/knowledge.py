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
    """The values that fields give, of an object or, unless `is_object`, of any value.

    If it is closed, all other fields are null.
    """

    known: Mapping[str, Knowledge]
    is_object: bool = False
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
    return kind is dict or not _is_object(of)


def is_null(of: Knowledge) -> bool | None:
    """Return whether a value is null, None if that is not known."""
    if isinstance(of, Constant):
        return of.value is None
    return False if isinstance(of, Kind) or _is_object(of) else None


def truth(of: Knowledge) -> bool | None:
    """Return whether a value is true to JMESPath, None if that is not known."""
    if isinstance(of, Constant):
        return not is_false(of.value)
    if isinstance(of, Fields) and of.is_object:
        return True if any(map(_exists, of.known.values())) else None
    return True if isinstance(of, Kind) and of.kind in (int, float) else None


def differs(of: Knowledge, text: str) -> bool:
    """Return whether a value certainly is not the string `text`."""
    if isinstance(of, Constant):
        return of.value.__class__ is not str or bool(of.value != text)
    if isinstance(of, Kind):
        return of.kind is not str or text in of.excluded
    return _is_object(of)


def at(of: Knowledge, path: Sequence[str]) -> Knowledge:
    """Return what is known about the value at a path of keys."""
    for key in path:
        of = field(of, key)
    return of


def refined(of: Knowledge, path: Sequence[str], more: Knowledge) -> Knowledge:
    """Return `of` with `more` about the value at a path of keys."""
    if not path:
        if isinstance(of, Fields) and isinstance(more, Fields):
            return more._replace(known={**of.known, **more.known})
        return more
    first, *rest = path
    before = of if isinstance(of, Fields) else Fields({})
    below = refined(before.known.get(first), rest, more)
    known = {**before.known, first: below}
    # Only an object has a field that is not null.
    return before._replace(known=known, is_object=before.is_object or _exists(below))


def _is_object(of: Knowledge) -> bool:
    return isinstance(of, Fields) and of.is_object


def _exists(of: Knowledge) -> bool:
    return is_null(of) is False
