"""Total expressions, which have a JSON value for every JSON value.

Most are total: paths, projections, comparisons for equality. A function can fail, and so can
the order of a string and a number, or a slice with step 0. The value of `&expression` is not JSON.
"""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 30  # nodes; no function that walks a tree of this depth runs out of stack
_TOTAL: Final = frozenset(
    {
        "and_expression",
        "current",
        "field",
        "filter_projection",
        "flatten",
        "identity",
        "index",
        "index_expression",
        "key_val_pair",
        "multi_select_dict",
        "multi_select_list",
        "not_expression",
        "or_expression",
        "pipe",
        "projection",
        "subexpression",
        "value_projection",
    }
)


def is_total(node: Any, depth: int = 0) -> bool:
    """Return whether evaluating an expression never raises and always returns a JSON value.

    A tree deeper than `MAX_DEPTH` is not total, because evaluating it might run out of stack.
    """
    kind, value = node["type"], node.get("value")
    if kind == "literal":
        return _is_plain_literal(value)
    is_simple = kind in _TOTAL or (kind == "comparator" and value in ("eq", "ne"))
    known = is_simple or (kind == "function_expression" and is_contains_of_strings(node))
    return known and depth < MAX_DEPTH and all(is_total(one, depth + 1) for one in node["children"])


def is_shallow(node: Any, depth: int = 0) -> bool:
    """Return whether a tree has at most `MAX_DEPTH` levels."""
    children = (child for child in node["children"] if isinstance(child, dict))  # not of a slice
    return depth < MAX_DEPTH and all(is_shallow(child, depth + 1) for child in children)


def is_contains_of_strings(node: Any) -> bool:
    """Return whether a function is contains(`["a", "b"]`, …), which accepts any second value."""
    if node["value"] != "contains" or len(node["children"]) != 2:
        return False
    words = node["children"][0]
    return words["type"] == "literal" and _is_string_list(words["value"])


def _is_string_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_plain_literal(value: Any) -> bool:
    """Return whether a literal is certainly JSON. Others may contain NaN, which is not."""
    return value is None or isinstance(value, str | bool | int) or _is_string_list(value)
