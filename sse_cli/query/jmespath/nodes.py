"""Compilers from a node of the syntax tree to a closure, one for each type of node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jmespath.functions import Functions

from sse_cli.query.jmespath import projections
from sse_cli.query.jmespath.comparing import compare_order, equal
from sse_cli.query.jmespath.infallible import is_contains_of_strings
from sse_cli.query.jmespath.paths import path, steps_of, two_keys_equal
from sse_cli.query.jmespath.types import Evaluate, Node
from sse_cli.text.json_values import is_false

_FUNCTIONS: Final = Functions()


def compile_node(node: Node) -> Evaluate:
    """Return the function of a node of a syntax tree, its children included."""
    steps = steps_of(node)
    return path(steps) if steps else _COMPILERS[node["type"]](node)


def _chain(node: Node) -> Evaluate:
    """Compile children that each take the value of the child before."""
    links = [compile_node(child) for child in node["children"]]
    if len(links) == 2:
        first, second = links
        if node["children"][1]["type"] in _NULL_FOR_NULL:
            return lambda value: None if (result := first(value)) is None else second(result)
        return lambda value: second(first(value))

    def chain(value: Any) -> Any:
        for link in links:
            value = link(value)
        return value

    return chain


def _identity(_node: Node) -> Evaluate:
    return lambda value: value


def _literal(node: Node) -> Evaluate:
    literal = node["value"]
    return lambda _value: literal


def _slice(node: Node) -> Evaluate:
    part = slice(*node["children"])
    return lambda value: value[part] if value.__class__ is list else None


def _or(node: Node) -> Evaluate:
    *parts, last = map(compile_node, _alternatives(node))
    if len(parts) == 1:
        return _either(parts[0], last)

    def first_of(value: Any) -> Any:
        for part in parts:
            result = part(value)
            # `not is_false(result)` without the call: truthy in Python, or any number.
            if result or result.__class__ is int or result.__class__ is float:
                return result
        return last(value)

    return first_of


def _either(first: Evaluate, second: Evaluate) -> Evaluate:
    def either(value: Any) -> Any:
        result = first(value)
        if result or result.__class__ is int or result.__class__ is float:  # as in `first_of`
            return result
        return second(value)

    return either


def _alternatives(node: Node) -> list[Node]:
    """Return the parts of a || b || c, which is parsed as (a || b) || c."""
    parts: list[Node] = []
    while node["type"] == "or_expression":
        node, right = node["children"]
        parts.append(right)
    return [node, *reversed(parts)]


def _and(node: Node) -> Evaluate:
    left, right = map(compile_node, node["children"])

    def both(value: Any) -> Any:
        result = left(value)
        if result or result.__class__ is int or result.__class__ is float:  # not is_false(result)
            return right(value)
        return result

    return both


def _not(node: Node) -> Evaluate:
    inner = compile_node(node["children"][0])
    return lambda value: is_false(inner(value))


def _comparator(node: Node) -> Evaluate:
    left, right = map(compile_node, node["children"])
    name = node["value"]
    if name == "eq":
        subject, literal = node["children"]
        if literal["type"] == "literal" and isinstance(text := literal["value"], str):
            keys = steps_of(subject) or []
            if len(keys) == 2 and all(isinstance(key, str) for key in keys):
                return two_keys_equal(keys, text)
            return lambda value: left(value) == text
        return lambda value: equal(left(value), right(value))
    if name == "ne":
        return lambda value: not equal(left(value), right(value))
    return compare_order(left, name, right)


def _multi_select_list(node: Node) -> Evaluate:
    parts = [compile_node(child) for child in node["children"]]
    if len(parts) == 2:  # frequent in formats, and faster without the call of a comprehension
        first, second = parts
        return lambda value: None if value is None else [first(value), second(value)]
    return lambda value: None if value is None else [part(value) for part in parts]


def _multi_select_dict(node: Node) -> Evaluate:
    pairs = [(child["value"], compile_node(child["children"][0])) for child in node["children"]]
    return lambda value: None if value is None else {key: part(value) for key, part in pairs}


def _projection(node: Node) -> Evaluate:
    source, target = node["children"]
    if source["type"] == "flatten":
        [source] = source["children"]
        if target["type"] == "identity":
            return projections.flatten_present(compile_node(source))
        if target["type"] == "field":
            return projections.project_flattened_key(compile_node(source), target["value"])
        return projections.project_flattened(compile_node(source), compile_node(target))
    return projections.project_list(compile_node(source), compile_node(target))


def _value_projection(node: Node) -> Evaluate:
    return projections.project_values(*map(compile_node, node["children"]))


def _filter_projection(node: Node) -> Evaluate:
    return projections.project_filtered(*map(compile_node, node["children"]))


def _flatten(node: Node) -> Evaluate:
    return projections.flatten_list(compile_node(node["children"][0]))


class _Expression:
    """The value of `&expression`. The library's functions recognise it by the name of its class."""

    def __init__(self, node: Node) -> None:
        self.expression = node["children"][0]
        self._evaluate = compile_node(self.expression)

    def visit(self, _node: Node, value: Any) -> Any:
        """Return the value of the expression; called by sort_by, map and similar functions."""
        return self._evaluate(value)


def _expref(node: Node) -> Evaluate:
    reference = _Expression(node)
    return lambda _value: reference


def _function(node: Node) -> Evaluate:
    name = node["value"]
    fast = _FAST_FUNCTIONS.get(name)
    if fast and (result := fast(node)):
        return result
    arguments = [compile_node(child) for child in node["children"]]
    call = _FUNCTIONS.call_function
    return lambda value: call(name, [argument(value) for argument in arguments])


def _contains(node: Node) -> Evaluate | None:
    """Compile contains(`["a", "b"]`, path), the usual test for event types in wire formats."""
    if not is_contains_of_strings(node) or node["children"][1]["type"] == "expref":
        return None
    words, subject = node["children"]
    known, search = frozenset(words["value"]), compile_node(subject)

    def contains(value: Any) -> bool:
        result = search(value)
        return result.__class__ is str and result in known

    return contains


def _starts_with(node: Node) -> Evaluate | None:
    if len(node["children"]) != 2:
        return None
    subject, prefix = map(compile_node, node["children"])

    def starts_with(value: Any) -> Any:
        one, other = subject(value), prefix(value)
        if one.__class__ is str and other.__class__ is str:
            return one.startswith(other)
        return _FUNCTIONS.call_function("starts_with", [one, other])

    return starts_with


# Types of nodes whose value is null for null.
_NULL_FOR_NULL: Final = frozenset(
    {"field", "index", "slice", "multi_select_list", "multi_select_dict"}
)
_FAST_FUNCTIONS: Final = {"contains": _contains, "starts_with": _starts_with}
_COMPILERS: Final[dict[str, Callable[[Node], Evaluate]]] = {
    "identity": _identity,
    "current": _identity,
    "literal": _literal,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "slice": _slice,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _comparator,
    "multi_select_list": _multi_select_list,
    "multi_select_dict": _multi_select_dict,
    "projection": _projection,
    "value_projection": _value_projection,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "expref": _expref,
    "function_expression": _function,
}
