"""Comparisons of two values, as the library makes them."""

from __future__ import annotations

import operator
from typing import Any, Final

from sse_cli.query.jmespath.types import Evaluate
from sse_cli.text.json_values import show

EXCERPT: Final = 40  # characters of a value that a message shows
_ORDER: Final = {
    "lt": operator.lt,
    "gt": operator.gt,
    "lte": operator.le,
    "gte": operator.ge,
}
_SIGNS: Final = {"lt": "<", "gt": ">", "lte": "<=", "gte": ">="}


def ordered(left: Evaluate, name: str, right: Evaluate) -> Evaluate:
    """Whether `left` is `name` (lt, gt, lte, gte) `right`; null for what has no order. Raises
    TypeError for a string and a number."""
    compare = _ORDER[name]

    def evaluate(value: Any) -> Any:
        one, other = left(value), right(value)
        try:
            return compare(one, other) if _is_ordered(one) and _is_ordered(other) else None
        except TypeError:
            raise TypeError(_unordered(one, name, other)) from None

    return evaluate


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to the library."""
    # Python takes 0 for False and 1 for True. The library keeps them apart at the top level only.
    if (one.__class__ is bool) != (other.__class__ is bool) and one in (0, 1) and other in (0, 1):
        return False
    return bool(one == other)


def _unordered(one: Any, name: str, other: Any) -> str:
    """Why a string and a number can't be compared: which, by what, with what."""
    shown = f"{_excerpt(one)} {_SIGNS[name]} {_excerpt(other)}"
    return f"{_kind(one)} and {_kind(other)} have no order: {shown}"


def _kind(value: float | str) -> str:
    return "a string" if isinstance(value, str) else "a number"


def _excerpt(value: float | str) -> str:
    text = show(value[: EXCERPT + 1] if isinstance(value, str) else value)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _is_ordered(value: Any) -> bool:
    return value.__class__ in (int, float, str)
