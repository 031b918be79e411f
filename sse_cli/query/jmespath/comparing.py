"""Comparisons of two values, with the library's results."""

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


def compare_order(left: Evaluate, name: str, right: Evaluate) -> Evaluate:
    """Return the comparison of `left` and `right` by `name` (lt, gt, lte, gte).

    Its value is null unless both sides are strings or numbers. It raises TypeError for a string and
    a number.
    """
    compare = _ORDER[name]

    def evaluate(value: Any) -> Any:
        one, other = left(value), right(value)
        try:
            return compare(one, other) if _has_order(one) and _has_order(other) else None
        except TypeError:
            raise TypeError(_order_error(one, name, other)) from None

    return evaluate


def equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal to the library."""
    # In Python 0 == False and 1 == True. The library tells them apart, but not inside of lists
    # and objects.
    if (one.__class__ is bool) != (other.__class__ is bool) and one in (0, 1) and other in (0, 1):
        return False
    return bool(one == other)


def _order_error(one: Any, name: str, other: Any) -> str:
    """Return the message for comparing the order of a string and a number."""
    shown = f"{_excerpt(one)} {_SIGNS[name]} {_excerpt(other)}"
    return f"{_kind(one)} and {_kind(other)} have no order: {shown}"


def _kind(value: float | str) -> str:
    return "a string" if isinstance(value, str) else "a number"


def _excerpt(value: float | str) -> str:
    text = show(value[: EXCERPT + 1] if isinstance(value, str) else value)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _has_order(value: Any) -> bool:
    return value.__class__ in (int, float, str)
