"""Specialisation of an expression to what is known about the value that it will be evaluated on.

If `data.type` is known to be `ping`, then `data.type=='text' && data.text` is known to be false.
The specialised expression gives the same value as the original for every value that the knowledge
describes, and fails where the original fails.

Only what cannot fail is left out: what is known comes from paths, literals, and functions that were
called once and returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sse_cli.query.jmespath.comparing import equal
from sse_cli.query.jmespath.infallible import is_contains_of_strings, is_total
from sse_cli.query.jmespath.knowledge import (
    Constant,
    Kind,
    Knowledge,
    differs,
    field,
    is_maybe,
    is_null,
    truth,
)
from sse_cli.query.jmespath.nodes import compile_node
from sse_cli.query.jmespath.types import Node

NOTHING: Final[Node] = {"type": "literal", "children": [], "value": None}


class Special(NamedTuple):
    """A specialised expression, and what is known about its value."""

    node: Node
    knows: Knowledge = None


def specialize(node: Node, knows: Knowledge) -> Special:
    """Return an expression specialised to what is known about its input."""
    handle = _HANDLERS.get(node["type"])
    return handle(node, knows) if handle else Special(node)


def without_empty_ends(node: Node) -> Node:
    """Return an expression that is empty where the original is, without endings that are false.

    `a || false` is `a`, unless it matters which false value it is.
    """
    while node["type"] == "or_expression" and _is_false_literal(node["children"][1]):
        node = node["children"][0]
    return node


def is_never_true(node: Node) -> bool:
    """Return whether an expression never gives a true value: it gives a false one, or fails."""
    if node["type"] == "literal":
        return _is_false_literal(node)
    if node["type"] == "and_expression":
        return any(map(is_never_true, node["children"]))
    if node["type"] == "or_expression":
        return all(map(is_never_true, node["children"]))
    return node["type"] == "function_expression" and _always_fails(node)


def _always_fails(node: Node) -> bool:
    if any(child["type"] != "literal" for child in node["children"]):
        return False
    try:
        compile_node(node)(None)
    except Exception:  # as in `_called`
        return True
    return False


def only_string(node: Node, knows: Knowledge) -> Node | None:
    """Return the expression of the only string in a list, nested or not, of nothing else.

    Returns None if it is not known that there is one.
    """
    node, known = specialize(without_empty_ends(node), knows)
    if isinstance(known, Kind) and known.kind is str:
        return node
    if node["type"] == "subexpression":
        *first, last = node["children"]
        for child in first:
            knows = specialize(child, knows).knows
        string = only_string(last, knows)
        return string and {**node, "children": [*first, string]}
    if node["type"] != "multi_select_list":
        return None
    found = [child for child in node["children"] if not _is_nothing(child, knows)]
    return only_string(found[0], knows) if len(found) == 1 else None


def holds_nothing(value: Any) -> bool:
    """Return whether a value is null, false, or a list, nested or not, of nothing else."""
    if value.__class__ is list:
        return all(map(holds_nothing, value))
    return value is None or value is False


def _is_nothing(node: Node, knows: Knowledge) -> bool:
    known = specialize(without_empty_ends(node), knows).knows
    return isinstance(known, Constant) and holds_nothing(known.value)


def _is_false_literal(node: Node) -> bool:
    return node["type"] == "literal" and truth(Constant(node["value"])) is False


def _constant(value: Any) -> Special:
    return Special({**NOTHING, "value": value}, Constant(value))


def _known(node: Node, knows: Knowledge) -> Special:
    return _constant(knows.value) if isinstance(knows, Constant) else Special(node, knows)


def _with(node: Node, children: list[Node]) -> Node:
    """Return `node` with other children; itself if they are the same."""
    is_same = all(one is other for one, other in zip(children, node["children"], strict=True))
    return node if is_same else {**node, "children": children}


def _identity(node: Node, knows: Knowledge) -> Special:
    return _known(node, knows)


def _field(node: Node, knows: Knowledge) -> Special:
    return _known(node, field(knows, node["value"]))


def _of_list(node: Node, knows: Knowledge) -> Special:
    """Specialise an index or a slice, which is null of anything but a list."""
    return Special(node) if is_maybe(knows, list) else _constant(None)


def _literal(node: Node, _knows: Knowledge) -> Special:
    return Special(node, Constant(node["value"]))


def _chain(node: Node, knows: Knowledge) -> Special:
    children = []
    for child in node["children"]:
        special = specialize(child, knows)
        children.append(special.node)
        knows = special.knows
    if isinstance(knows, Constant) and all(map(is_total, children[:-1])):
        return _constant(knows.value)
    return Special(_with(node, children), None if isinstance(knows, Constant) else knows)


def _either_operand(node: Node, knows: Knowledge) -> Special:
    left, right = (specialize(child, knows) for child in node["children"])
    is_true = truth(left.knows)
    if is_true is None:
        return Special(_with(node, [left.node, right.node]))
    is_or = node["type"] == "or_expression"
    return left if is_true is is_or else right


def _not(node: Node, knows: Knowledge) -> Special:
    inner = specialize(node["children"][0], knows)
    is_true = truth(inner.knows)
    return Special(_with(node, [inner.node])) if is_true is None else _constant(not is_true)


def _comparator(node: Node, knows: Knowledge) -> Special:
    left, right = (specialize(child, knows) for child in node["children"])
    if node["value"] in ("eq", "ne"):
        result = _equality(left.knows, right.knows)
        if result is not None:
            return _constant(result is (node["value"] == "eq"))
    return Special(_with(node, [left.node, right.node]))


def _equality(left: Knowledge, right: Knowledge) -> bool | None:
    if isinstance(left, Constant) and isinstance(right, Constant):
        return equal(left.value, right.value)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Constant) and isinstance(one.value, str) and differs(other, one.value):
            return False
    return None


def _multi_select_list(node: Node, knows: Knowledge) -> Special:
    if is_null(knows):
        return _constant(None)
    items = [specialize(child, knows) for child in node["children"]]
    values = [item.knows.value for item in items if isinstance(item.knows, Constant)]
    if is_null(knows) is False and len(values) == len(items):
        return _constant(values)
    return Special(_with(node, [item.node for item in items]))


def _multi_select_dict(node: Node, knows: Knowledge) -> Special:
    if is_null(knows):
        return _constant(None)
    pairs = [
        _with(pair, [specialize(pair["children"][0], knows).node]) for pair in node["children"]
    ]
    return Special(_with(node, pairs))


def _projection(node: Node, knows: Knowledge) -> Special:
    """Specialise the base of a projection, which is null if the base is not a list."""
    base, *rest = node["children"]
    special = specialize(base, knows)
    needed = dict if node["type"] == "value_projection" else list
    if special.knows is not None and not is_maybe(special.knows, needed):
        return _constant(None)
    return Special(_with(node, [special.node, *rest]))


def _function(node: Node, knows: Knowledge) -> Special:
    specials = [
        Special(child) if child["type"] == "expref" else specialize(child, knows)
        for child in node["children"]
    ]
    if is_contains_of_strings(node):
        words, subject = node["children"][0]["value"], specials[1].knows
        if subject is not None and all(differs(subject, word) for word in words):
            return _constant(False)
    special = _with(node, [one.node for one in specials])
    if all(isinstance(one.knows, Constant) for one in specials):
        return _called(special)
    return Special(special)


def _called(node: Node) -> Special:
    """Call a function of constants; keep it if it fails, so that it fails for each value."""
    try:
        value = compile_node(node)(None)
    except Exception:  # the library's functions raise OverflowError and more
        return Special(node)
    is_simple = value is None or value.__class__ in (bool, str, int)
    return _constant(value) if is_simple else Special(node)


_HANDLERS: Final[dict[str, Callable[[Node, Knowledge], Special]]] = {
    "identity": _identity,
    "current": _identity,
    "field": _field,
    "index": _of_list,
    "slice": _of_list,
    "literal": _literal,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "or_expression": _either_operand,
    "and_expression": _either_operand,
    "not_expression": _not,
    "comparator": _comparator,
    "multi_select_list": _multi_select_list,
    "multi_select_dict": _multi_select_dict,
    "projection": _projection,
    "flatten": _projection,
    "filter_projection": _projection,
    "value_projection": _projection,
    "function_expression": _function,
}
