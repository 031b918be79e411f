"""Which JMESPath expressions have a JSON value for every JSON value.

Most have: paths, projections, comparisons for equality. What can fail is a function, an order
of a string and a number, a slice in steps of 0; what JSON has no word for is a reference.
"""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 30  # nodes: below it no walk over a tree runs out of stack
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
    """Whether an expression, by its syntax tree, neither fails nor leaves JSON: it needs no
    watching when it is evaluated. A tree too deep for that is not total."""
    kind, value = node["type"], node.get("value")
    if kind == "literal":
        return _is_plain(value)
    is_simple = kind in _TOTAL or (kind == "comparator" and value in ("eq", "ne"))
    known = is_simple or (kind == "function_expression" and is_list_of_words(node))
    return known and depth < MAX_DEPTH and all(is_total(one, depth + 1) for one in node["children"])


def is_list_of_words(node: Any) -> bool:
    """Whether a function is contains(`["a", "b"]`, …), which takes anything for its second."""
    if node["value"] != "contains" or len(node["children"]) != 2:
        return False
    words = node["children"][0]
    return words["type"] == "literal" and _is_words(words["value"])


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_plain(value: Any) -> bool:
    """Whether a literal is sure to be JSON; it may hold NaN, which is not."""
    return value is None or isinstance(value, str | bool | int) or _is_words(value)
