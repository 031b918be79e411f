"""Looks at a value that tell much about the results of expressions, before they are evaluated.

A look examines one object of the value: which keys it has, and which of the strings that the
expressions compare its fields with. Its result, a hashable *case*, stands for all values that give
it; what is known about all of them is `Look.learned`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, TypeAlias

from sse_cli.query.jmespath.infallible import is_contains_of_strings
from sse_cli.query.jmespath.knowledge import (
    Constant,
    Fields,
    Kind,
    Knowledge,
    at,
    of_class,
    refined,
)
from sse_cli.query.jmespath.paths import path as path_function
from sse_cli.query.jmespath.types import Node

Path: TypeAlias = tuple[str, ...]
Case: TypeAlias = Hashable

# A look takes about as long as two expressions, so it must decide more than that.
_MIN_SCORE: Final = 5
_COMPARED: Final = 3  # the score of a field that is compared with strings; of another one it is 1


class Look:
    """A look at the object at `path`.

    `compared` holds the fields of which the class tells more than whether they exist, each with the
    strings that it is compared with.
    """

    def __init__(self, path: Path, compared: dict[str, frozenset[str]]) -> None:
        self.path = path
        self.compared = compared
        self.case = _looking(path, list(compared.items()))
        """Return the case of a value."""

    def learned(self, case: Any, before: Knowledge) -> Knowledge:
        """Return what is known about every value of a case, given what was known before."""
        if case.__class__ is not tuple:
            return refined(before, self.path, of_class(case))
        keys = case[: len(case) - len(self.compared)]
        known: dict[str, Knowledge] = dict.fromkeys(keys)
        for (key, strings), found in zip(self.compared.items(), case[len(keys) :], strict=True):
            if key in known:
                is_string = found.__class__ is str
                known[key] = Constant(found) if is_string else of_class(found, strings)
        return refined(before, self.path, Fields(known, is_closed=True))


def best_look(expressions: Iterable[Node], knows: Knowledge) -> Look | None:
    """Return the look at a value that tells most about expressions, None if none is worth it."""
    reads = _Reads()
    for node in expressions:
        reads.collect(node, ())
    scores: dict[Path, int] = {}
    for path in reads.paths:
        parent = path[:-1]
        if _is_open(at(knows, parent)):
            score = _COMPARED if path in reads.strings else 1
            scores[parent] = scores.get(parent, 0) + score
    best = max(scores, key=lambda path: (scores[path], path), default=())
    if scores.get(best, 0) < _MIN_SCORE:
        return None
    children = (path for path in reads.paths if path[:-1] == best)
    compared = {
        path[-1]: frozenset(reads.strings.get(path, ()))
        for path in sorted(children)
        if path in reads.strings or path in reads.lists
    }
    return Look(best, compared)


class _Reads:
    """The paths that expressions read, the strings that they compare with, and expected lists."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.strings: dict[Path, set[str]] = {}
        self.lists: set[Path] = set()

    def collect(self, node: Node, here: Path | None) -> Path | None:
        """Collect from an expression that is evaluated on the value at path `here`.

        Returns the path of its value, None if it has none. What is evaluated on a value without a
        path, such as the items of a list, is left out.
        """
        kind = node["type"]
        if here is None or kind in ("identity", "current"):
            return here
        if kind == "field":
            self.paths.add(path := (*here, node["value"]))
            return path
        if kind in _CHAINS:
            place: Path | None = here
            for child in node["children"]:
                place = self.collect(child, place)
            return place
        if kind in ("index", "slice"):
            self.lists.add(here)
        elif kind in _PROJECTIONS:
            if base := self.collect(node["children"][0], here):
                self.lists.add(base)
        elif kind not in ("literal", "expref"):
            self._collect_operands(node, here)
        return None

    def _collect_operands(self, node: Node, here: Path) -> None:
        strings = _compared_strings(node)
        for child in node["children"]:
            path = self.collect(child, here)
            if path and strings:
                self.strings.setdefault(path, set()).update(strings)


_CHAINS: Final = frozenset({"subexpression", "index_expression", "pipe"})
_PROJECTIONS: Final = frozenset({"projection", "flatten", "filter_projection", "value_projection"})


def _compared_strings(node: Node) -> list[str]:
    """Return the strings with which a comparison, or contains(), compares its other operand."""
    if node["type"] == "function_expression" and is_contains_of_strings(node):
        words: list[str] = node["children"][0]["value"]
        return words
    if node["type"] != "comparator" or node["value"] not in ("eq", "ne"):
        return []
    literals = [child["value"] for child in node["children"] if child["type"] == "literal"]
    return [value for value in literals if isinstance(value, str)]


def _is_open(knows: Knowledge) -> bool:
    """Return whether looking at a value would tell anything new."""
    if isinstance(knows, Fields):
        return not knows.is_closed
    return knows is None or (isinstance(knows, Kind) and knows.kind is dict)


def _looking(path: Path, compared: list[tuple[str, frozenset[str]]]) -> Callable[[Any], Case]:
    """Return the function from a value to its case.

    The case is a tuple of the object's keys, followed by what is known of the fields in `compared`:
    the string if it is one of those compared with, else the class. Without an object at `path`, it
    is the class of what is there. This runs at every event.
    """
    get = path_function(list(path)) if path else None
    if len(compared) == 1:
        [(key, strings)] = compared

        def look_at_one(value: Any) -> Any:
            if get:
                value = get(value)
            if value.__class__ is not dict:
                return value.__class__
            one = value.get(key)
            return (*value, one if one.__class__ is str and one in strings else one.__class__)

        return look_at_one

    def look(value: Any) -> Any:
        if get:
            value = get(value)
        if value.__class__ is not dict:
            return value.__class__
        fields = [
            one if (one := value.get(key)).__class__ is str and one in strings else one.__class__
            for key, strings in compared
        ]
        return (*value, *fields)

    return look
