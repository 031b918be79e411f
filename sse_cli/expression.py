"""JMESPath expressions as closures: several times as fast as the library's interpreter.

The library parses, and its functions are called; the walk over the syntax tree is done once, when
an expression is compiled, and leaves one closure a node. Every answer is the library's own
(jmespath 1.x, `visitor.TreeInterpreter`), its deviations from the specification included. Only
that a string and a number have no order is said in our words; the library leaves it to Python.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from jmespath.functions import Functions
from jmespath.parser import Parser

from sse_cli.payload import is_false, show
from sse_cli.totality import is_list_of_words

Node: TypeAlias = Any  # a dict of the library's; type, value, children
Evaluate: TypeAlias = Callable[[Any], Any]

EXCERPT: Final = 40  # characters of a value that a message shows

_FUNCTIONS: Final = Functions()


def compile_expression(text: str) -> Evaluate:
    """The function that gives the value of expression `text` for a JSON value.

    Raises jmespath.exceptions.ParseError (or LexerError); the function raises what the library
    raises for a wrong argument of one of its functions.
    """
    return compile_syntax(parse(text))


def parse(text: str) -> Node:
    """The syntax tree of expression `text`, as the library has it."""
    return Parser().parse(text).parsed


def compile_syntax(tree: Node) -> Evaluate:
    """The function that a syntax tree stands for. Raises RecursionError for one too deep."""
    return _compile(tree)


def _compile(node: Node) -> Evaluate:
    steps = _steps(node)
    return _path(steps) if steps else _COMPILERS[node["type"]](node)


def _steps(node: Node) -> list[str | int] | None:
    """The keys and indexes of a plain path such as choices[0].delta.content."""
    kind = node["type"]
    if kind in ("field", "index"):
        return [node["value"]]
    if kind == "identity":
        return []
    if kind not in ("subexpression", "index_expression"):
        return None
    found: list[str | int] = []
    for child in node["children"]:
        steps = _steps(child)
        if steps is None:
            return None
        found += steps
    return found


def _path(steps: list[str | int]) -> Evaluate:
    if len(steps) == 1 and isinstance(key := steps[0], str):
        return lambda value: value.get(key) if value.__class__ is dict else None
    path = tuple(steps)
    unrolled = _UNROLLED.get(tuple(step.__class__ for step in path))
    if unrolled:
        return unrolled(path)

    def walk(value: Any) -> Any:
        for step in path:
            if value.__class__ is dict:
                value = value.get(step)
            elif value.__class__ is list and step.__class__ is int:
                value = value[step] if -len(value) <= step < len(value) else None
            else:
                return None
        return value

    return walk


def _item(path: tuple[Any, ...]) -> Evaluate:
    [index] = path
    return lambda value: (
        value[index] if value.__class__ is list and -len(value) <= index < len(value) else None
    )


def _two_keys(path: tuple[Any, ...]) -> Evaluate:
    first, second = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                return value.get(second)
        return None

    return walk


def _two_keys_are(path: Sequence[Any], text: str) -> Evaluate:
    """`data.type == 'text'`: what formats ask of every event, several times."""
    first, second = path

    def walk(value: Any) -> bool:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                found: bool = value.get(second) == text
                return found
        return False

    return walk


def _three_keys(path: tuple[Any, ...]) -> Evaluate:
    first, second, third = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                value = value.get(second)
                if value.__class__ is dict:
                    return value.get(third)
        return None

    return walk


def _item_of_key_and_two_keys(path: tuple[Any, ...]) -> Evaluate:
    """`choices[0].delta.content`, which is asked for more than anything else."""
    first, index, third, fourth = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is list and -len(value) <= index < len(value):
                value = value[index]
                if value.__class__ is dict:
                    value = value.get(third)
                    if value.__class__ is dict:
                        return value.get(fourth)
        return None

    return walk


def _chain(node: Node) -> Evaluate:
    """Each child on the value of the one before it; paths in it as one step."""
    links = [_compile(child) for child in node["children"]]
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
    *parts, last = map(_compile, _alternatives(node))
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
    left, right = map(_compile, node["children"])

    def both(value: Any) -> Any:
        found = left(value)
        if found or found.__class__ is int or found.__class__ is float:  # not is_false(found)
            return right(value)
        return found

    return both


def _not(node: Node) -> Evaluate:
    inner = _compile(node["children"][0])
    return lambda value: is_false(inner(value))


def _comparator(node: Node) -> Evaluate:
    left, right = map(_compile, node["children"])
    name = node["value"]
    if name == "eq":
        path, literal = node["children"]
        if literal["type"] == "literal" and isinstance(text := literal["value"], str):
            keys = _steps(path) or []
            if len(keys) == 2 and all(isinstance(key, str) for key in keys):
                return _two_keys_are(keys, text)
            return lambda value: left(value) == text
        return lambda value: _equal(left(value), right(value))
    if name == "ne":
        return lambda value: not _equal(left(value), right(value))
    compare = _ORDER[name]

    def ordered(value: Any) -> Any:
        one, other = left(value), right(value)
        try:
            return compare(one, other) if _is_ordered(one) and _is_ordered(other) else None
        except TypeError:
            raise TypeError(_unordered(one, name, other)) from None

    return ordered


def _unordered(one: Any, name: str, other: Any) -> str:
    """Why a string and a number can't be compared: which, by what, with what."""
    shown = f"{_excerpt(one)} {_SIGNS[name]} {_excerpt(other)}"
    return f"{_kind(one)} and {_kind(other)} have no order: {shown}"


def _kind(value: float | str) -> str:
    return "a string" if isinstance(value, str) else "a number"


def _excerpt(value: float | str) -> str:
    text = show(value[: EXCERPT + 1] if isinstance(value, str) else value)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _equal(one: Any, other: Any) -> bool:
    # Python takes 0 for False and 1 for True. The library keeps them apart at the top level only.
    if (one.__class__ is bool) != (other.__class__ is bool) and one in (0, 1) and other in (0, 1):
        return False
    return bool(one == other)


def _is_ordered(value: Any) -> bool:
    return value.__class__ in (int, float, str)


def _multi_select_list(node: Node) -> Evaluate:
    parts = [_compile(child) for child in node["children"]]
    if len(parts) == 2:  # as most formats have them: a comprehension is a call
        first, second = parts
        return lambda value: None if value is None else [first(value), second(value)]
    return lambda value: None if value is None else [part(value) for part in parts]


def _multi_select_dict(node: Node) -> Evaluate:
    pairs = [(child["value"], _compile(child["children"][0])) for child in node["children"]]
    return lambda value: None if value is None else {key: part(value) for key, part in pairs}


def _projection(node: Node) -> Evaluate:
    source, target = node["children"]
    if source["type"] == "flatten":
        return _flat_projection(_compile(source["children"][0]), _compile(target))
    base, each = _compile(source), _compile(target)

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        return [found for item in items if (found := each(item)) is not None]

    return project


def _flat_projection(base: Evaluate, each: Evaluate) -> Evaluate:
    """`items[].each`: for most events there is nothing, or one item."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        if len(items) == 1 and (item := items[0]).__class__ is not list:
            return [] if (found := each(item)) is None else [found]
        return [found for item in _merged(items) if (found := each(item)) is not None]

    return project


def _value_projection(node: Node) -> Evaluate:
    base, each = map(_compile, node["children"])

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not dict:
            return None
        return [found for item in items.values() if (found := each(item)) is not None]

    return project


def _filter_projection(node: Node) -> Evaluate:
    base, each, condition = map(_compile, node["children"])

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        kept = (item for item in items if not is_false(condition(item)))
        return [found for item in kept if (found := each(item)) is not None]

    return project


def _merged(items: list[Any]) -> list[Any]:
    """`items` with the items of the lists in it in their place."""
    merged: list[Any] = []
    for item in items:
        if item.__class__ is list:
            merged += item
        else:
            merged.append(item)
    return merged


def _flatten(node: Node) -> Evaluate:
    base = _compile(node["children"][0])

    def flatten(value: Any) -> Any:
        items = base(value)
        return _merged(items) if items.__class__ is list else None

    return flatten


class _Expression:
    """`&expression`, as the library's functions take it: they know it by its class's name."""

    def __init__(self, node: Node) -> None:
        self.expression = node["children"][0]
        self._evaluate = _compile(self.expression)

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
    arguments = [_compile(child) for child in node["children"]]
    call = _FUNCTIONS.call_function
    return lambda value: call(name, [argument(value) for argument in arguments])


def _contains(node: Node) -> Evaluate | None:
    """contains(`["a", "b"]`, path), by which most wire formats tell their events apart."""
    if not is_list_of_words(node) or node["children"][1]["type"] == "expref":
        return None
    words, subject = node["children"]
    known, search = frozenset(words["value"]), _compile(subject)

    def contains(value: Any) -> bool:
        found = search(value)
        return found.__class__ is str and found in known

    return contains


def _starts_with(node: Node) -> Evaluate | None:
    if len(node["children"]) != 2:
        return None
    subject, prefix = map(_compile, node["children"])

    def starts_with(value: Any) -> Any:
        one, other = subject(value), prefix(value)
        if one.__class__ is str and other.__class__ is str:
            return one.startswith(other)
        return _FUNCTIONS.call_function("starts_with", [one, other])

    return starts_with


# Most paths; without the loop they take half as long.
_UNROLLED: Final[dict[tuple[type, ...], Callable[[tuple[Any, ...]], Evaluate]]] = {
    (int,): _item,
    (str, str): _two_keys,
    (str, str, str): _three_keys,
    (str, int, str, str): _item_of_key_and_two_keys,
}
_ORDER: Final = {
    "lt": operator.lt,
    "gt": operator.gt,
    "lte": operator.le,
    "gte": operator.ge,
}
_SIGNS: Final = {"lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
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
