"""One function for each kind of node that a syntax tree has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jmespath.functions import Functions

from sse_cli.query.jmespath import projections
from sse_cli.query.jmespath.comparing import equal, ordered
from sse_cli.query.jmespath.paths import path, steps_of, two_keys_are
from sse_cli.query.jmespath.totality import is_list_of_words
from sse_cli.query.jmespath.types import Evaluate, Node
from sse_cli.text.json_values import is_false

_FUNCTIONS: Final = Functions()


def compile_node(node: Node) -> Evaluate:
    """The function of a syntax tree's node, with all below it."""
    steps = steps_of(node)
    return path(steps) if steps else _COMPILERS[node["type"]](node)


def _chain(node: Node) -> Evaluate:
    """Each child on the value of the one before it; paths in it as one step."""
    links = [compile_node(child) for child in node["children"]]
    if len(links) == 2:
        first, second = links
        if node["children"][1]["type"] in _OF_NOTHING:
            return lambda value: None if (found := first(value)) is None else second(found)
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
            found = part(value)
            # Not is_false(found), without the call: what Python takes for true, and any number.
            if found or found.__class__ is int or found.__class__ is float:
                return found
        return last(value)

    return first_of


def _either(first: Evaluate, second: Evaluate) -> Evaluate:
    def either(value: Any) -> Any:
        found = first(value)
        if found or found.__class__ is int or found.__class__ is float:  # as in `first_of`
            return found
        return second(value)

    return either


def _alternatives(node: Node) -> list[Node]:
    """The parts of a || b || c, which is parsed as (a || b) || c."""
    parts: list[Node] = []
    while node["type"] == "or_expression":
        node, right = node["children"]
        parts.append(right)
    return [node, *reversed(parts)]


def _and(node: Node) -> Evaluate:
    left, right = map(compile_node, node["children"])

    def both(value: Any) -> Any:
        found = left(value)
        if found or found.__class__ is int or found.__class__ is float:  # not is_false(found)
            return right(value)
        return found

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
                return two_keys_are(keys, text)
            return lambda value: left(value) == text
        return lambda value: equal(left(value), right(value))
    if name == "ne":
        return lambda value: not equal(left(value), right(value))
    return ordered(left, name, right)


def _multi_select_list(node: Node) -> Evaluate:
    parts = [compile_node(child) for child in node["children"]]
    if len(parts) == 2:  # as most formats have them: a comprehension is a call
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
        return projections.every_flat(compile_node(source), compile_node(target))
    return projections.every(compile_node(source), compile_node(target))


def _value_projection(node: Node) -> Evaluate:
    return projections.every_value(*map(compile_node, node["children"]))


def _filter_projection(node: Node) -> Evaluate:
    return projections.every_that(*map(compile_node, node["children"]))


def _flatten(node: Node) -> Evaluate:
    return projections.flat(compile_node(node["children"][0]))


class _Expression:
    """`&expression`, as the library's functions take it: they know it by its class's name."""

    def __init__(self, node: Node) -> None:
        self.expression = node["children"][0]
        self._evaluate = compile_node(self.expression)

    def visit(self, _node: Node, value: Any) -> Any:
        """The value of the expression, asked for by sort_by, map and their like."""
        return self._evaluate(value)


def _expref(node: Node) -> Evaluate:
    reference = _Expression(node)
    return lambda _value: reference


def _function(node: Node) -> Evaluate:
    name = node["value"]
    short_cut = _SHORT_CUTS.get(name)
    if short_cut and (found := short_cut(node)):
        return found
    arguments = [compile_node(child) for child in node["children"]]
    call = _FUNCTIONS.call_function
    return lambda value: call(name, [argument(value) for argument in arguments])


def _contains(node: Node) -> Evaluate | None:
    """contains(`["a", "b"]`, path), by which most wire formats tell their events apart."""
    if not is_list_of_words(node) or node["children"][1]["type"] == "expref":
        return None
    words, subject = node["children"]
    known, search = frozenset(words["value"]), compile_node(subject)

    def contains(value: Any) -> bool:
        found = search(value)
        return found.__class__ is str and found in known

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


# What gives null for null.
_OF_NOTHING: Final = frozenset(
    {"field", "index", "slice", "multi_select_list", "multi_select_dict"}
)
_SHORT_CUTS: Final = {"contains": _contains, "starts_with": _starts_with}
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
