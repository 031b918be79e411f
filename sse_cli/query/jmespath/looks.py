"""Looks at a value that tell much about the results of expressions, before they are evaluated.

A look is a cheap question about a value: which of the strings that expressions compare with is at a
path, or of which classes some fields of an object are. Its answer, a hashable *case*, stands for
all values that give it; what is known about all of them is `learned`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import NoneType
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

# A look takes about as long as an expression that finds nothing, so it must decide more than one.
_MIN_EXPRESSIONS: Final = 2  # that compare a path with strings
_FIELDS: Final = range(2, 5)  # how many fields of an object are looked at together


class StringLook:
    """A look at the string at a path.

    The case is the string if it is one of `strings`, else the class of what is there.
    """

    def __init__(self, path: Path, strings: frozenset[str]) -> None:
        self._path = path
        self._strings = strings
        self.case = _string_case(path, strings)
        """Return the case of a value."""

    def learned(self, case: Any, before: Knowledge) -> Knowledge:
        """Return what is known about every value of a case, given what was known before."""
        is_string = case.__class__ is str
        more = Constant(case) if is_string else of_class(case, self._strings)
        return refined(before, self._path, more)


class ClassLook:
    """A look at the classes of some fields of the object at a path.

    The case is the number of the object's keys and these classes. If there is no object, it is the
    class of what is there.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self._path = path
        self._keys = keys
        self.case = _class_case(path, keys)
        """Return the case of a value."""

    def learned(self, case: Any, before: Knowledge) -> Knowledge:
        """Return what is known about every value of a case, given what was known before."""
        if case.__class__ is not tuple:
            return refined(before, self._path, of_class(case))
        size, *kinds = case
        known = {key: of_class(kind) for key, kind in zip(self._keys, kinds, strict=True)}
        # If as many of these fields are not null as the object has keys, it has no other keys.
        found = sum(kind is not NoneType for kind in kinds)
        fields = Fields(known, is_object=True, is_closed=found == size)
        return refined(before, self._path, fields)


Look: TypeAlias = StringLook | ClassLook


def best_look(expressions: Iterable[Node], knows: Knowledge) -> Look | None:
    """Return the look at a value that decides most about expressions, None if none is worth it."""
    reads = [Reads(node) for node in expressions]
    return _string_look(reads, knows) or _class_look(reads, knows)


def _string_look(reads: Sequence[Reads], knows: Knowledge) -> StringLook | None:
    """Return the look at the path that most expressions compare with strings."""
    count = Counter(path for one in reads for path in one.strings if _is_open(at(knows, path)))
    best = max(count, key=lambda path: (count[path], -len(path), path), default=None)
    if best is None or count[best] < _MIN_EXPRESSIONS:
        return None
    strings = (text for one in reads for text in one.strings.get(best, ()))
    return StringLook(best, frozenset(strings))


def _class_look(reads: Sequence[Reads], knows: Knowledge) -> ClassLook | None:
    """Return the look at the outermost object of which expressions read enough fields."""
    count = Counter(path for one in reads for path in one.paths if at(knows, path) is None)
    fields = Counter(path[:-1] for path in count)
    objects = [path for path in fields if fields[path] >= _FIELDS[0]]
    if not objects:
        return None
    best = min(objects, key=lambda path: (len(path), -fields[path], path))
    compared = {path for one in reads for path in one.strings}  # of these the class tells little
    children = [path for path in count if path[:-1] == best]
    children.sort(key=lambda path: (path in compared, -count[path], path))
    return ClassLook(best, [path[-1] for path in children[: _FIELDS[-1]]])


def _is_open(knows: Knowledge) -> bool:
    """Return whether the strings that a value is compared with may still be told apart."""
    return knows is None or (isinstance(knows, Kind) and knows.kind is str and not knows.excluded)


class Reads:
    """The paths that an expression reads, and those that it compares with strings."""

    def __init__(self, expression: Node) -> None:
        self.paths: set[Path] = set()
        self.strings: dict[Path, set[str]] = {}
        self._collect(expression, ())

    def _collect(self, node: Node, here: Path | None) -> Path | None:
        """Collect from an expression that is evaluated on the value at path `here`.

        Returns the path of its value, None if it has none. Expressions that are evaluated on a
        value without a path, such as the items of a list, are left out.
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
                place = self._collect(child, place)
            return place
        if kind in _PROJECTIONS:
            self._collect(node["children"][0], here)
        elif kind not in _WITHOUT_PATHS:
            self._collect_operands(node, here)
        return None

    def _collect_operands(self, node: Node, here: Path) -> None:
        strings = _compared_strings(node)
        for child in node["children"]:
            path = self._collect(child, here)
            if path and strings:
                self.strings.setdefault(path, set()).update(strings)


_WITHOUT_PATHS: Final = frozenset({"literal", "expref", "index", "slice"})
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


# The functions below run at every event, so the shapes of most paths are walked in line: a call
# takes as long as the walk.


def _string_case(path: Path, strings: frozenset[str]) -> Callable[[Any], Any]:
    """Return the function from a value to the case of a `StringLook`."""
    if len(path) == 2:
        return _case_of_two_keys(path, strings)
    if len(path) == 3:
        return _case_of_three_keys(path, strings)
    get = path_function(list(path))

    def case(value: Any) -> Any:
        found = get(value)
        return found if found.__class__ is str and found in strings else found.__class__

    return case


def _case_of_two_keys(path: Path, strings: frozenset[str]) -> Callable[[Any], Any]:
    first, second = path

    def case(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                value = value.get(second)
                return value if value.__class__ is str and value in strings else value.__class__
        return NoneType

    return case


def _case_of_three_keys(path: Path, strings: frozenset[str]) -> Callable[[Any], Any]:
    first, second, third = path

    def case(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                value = value.get(second)
                if value.__class__ is dict:
                    value = value.get(third)
                    return value if value.__class__ is str and value in strings else value.__class__
        return NoneType

    return case


def _class_case(path: Path, keys: Sequence[str]) -> Callable[[Any], Any]:
    """Return the function from a value to the case of a `ClassLook`."""
    key = path[0] if len(path) == 1 else None
    get = path_function(list(path)) if len(path) > 1 else None
    classes = _CLASSES[len(keys)](*keys)

    def case(value: Any) -> Any:
        if key is not None:
            value = value.get(key) if value.__class__ is dict else None
        elif get:
            value = get(value)
        return classes(value) if value.__class__ is dict else value.__class__

    return case


def _two_classes(first: str, second: str) -> Callable[[Any], Any]:
    return lambda value: (len(value), value.get(first).__class__, value.get(second).__class__)


def _three_classes(first: str, second: str, third: str) -> Callable[[Any], Any]:
    return lambda value: (
        len(value),
        value.get(first).__class__,
        value.get(second).__class__,
        value.get(third).__class__,
    )


def _four_classes(first: str, second: str, third: str, fourth: str) -> Callable[[Any], Any]:
    return lambda value: (
        len(value),
        value.get(first).__class__,
        value.get(second).__class__,
        value.get(third).__class__,
        value.get(fourth).__class__,
    )


# Without a loop, they take half as long.
_CLASSES: Final[dict[int, Callable[..., Callable[[Any], Any]]]] = {
    2: _two_classes,
    3: _three_classes,
    4: _four_classes,
}
