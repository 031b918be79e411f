"""Random JMESPath expressions and values, and the outcome of a search."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

KEYS: Final = ("a", "b", "c", "delta", "type")
COMPARISONS: Final = ("==", "!=", "<", ">", "<=", ">=")
LITERALS: Final = (
    "@", "'a'", "'x y'", "''", "`1`", "`0`", "`0.0`", "`-1`", "`1.5`", "`true`", "`false`",
    "`null`", '`""`', "`[]`", "`{}`",
    '`["a","text"]`', "`[1,2]`", "`[0,false]`", '`{"a":1}`', '"a"',
)  # fmt: skip
SLICES: Final = (":1", "1:", "::-1", "0:2", "-2:", ":", "::2", "5:1", "::0")
SCALARS: Final = (None, True, False, 0, 1, 2, -1, 1.5, 0.0, 1.0, "", "a", "b", "text", "x y", "é")
# One letter for each argument: v any value, e an expression reference.
SIGNATURES: Final = {
    "abs": "v", "avg": "v", "ceil": "v", "contains": "vv", "ends_with": "vv", "floor": "v",
    "join": "vv", "keys": "v", "length": "v", "map": "ev", "max": "v", "max_by": "ve",
    "merge": "vv", "min": "v", "min_by": "ve", "not_null": "vvv", "reverse": "v", "sort": "v",
    "sort_by": "ve", "starts_with": "vv", "sum": "v", "to_array": "v", "to_number": "v",
    "to_string": "v", "type": "v", "values": "v", "nonsense": "v",
}  # fmt: skip


class Writer:
    """A generator of random expressions, most of which parse, and of random JSON values."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._shapes: tuple[Callable[[int], str], ...] = (
            lambda n: f"{self.text(n)}.{self._key()}",
            lambda n: f"{self.text(n)}[{self.dice.choice((0, 1, -1, 2, -3))}]",
            lambda n: f"{self.text(n)}[*].{self._key()}",
            lambda n: f"{self.text(n)}[].{self._key()}",
            lambda n: f"{self.text(n)}[*]",
            lambda n: f"{self.text(n)}[]",
            lambda n: f"{self.text(n)}[{self.dice.choice(SLICES)}]",
            lambda n: f"{self.text(n)}[{self.dice.choice(SLICES)}].{self._key()}",
            lambda n: f"{self.text(n)}.*",
            lambda n: f"{self.text(n)}[?{self.text(n)}]",
            lambda n: f"{self.text(n)}[?{self.text(n)}].{self._key()}",
            lambda n: f"({self.text(n)} || {self.text(n)})",
            lambda n: f"({self.text(n)} && {self.text(n)})",
            lambda n: f"({self.text(n)} | {self.text(n)})",
            lambda n: f"!({self.text(n)})",
            lambda n: f"!{self.text(n)}",
            lambda n: f"({self.text(n)} {self.dice.choice(COMPARISONS)} {self.text(n)})",
            lambda n: f"{self.text(n)}.[{self.text(n)}, {self.text(n)}]",
            lambda n: f"{self.text(n)}.{{x: {self.text(n)}, y: {self.text(n)}}}",
            self._call,
            self._call,
        )

    def text(self, depth: int = 0) -> str:
        """Return an expression; the deeper it is nested, the simpler."""
        if depth >= 4 or self.dice.random() < 0.2:
            return self._key() if self.dice.random() < 0.6 else self.dice.choice(LITERALS)
        return self.dice.choice(self._shapes)(depth + 1)

    def value(self, depth: int = 0) -> Any:
        """Return a JSON value with the keys that the expressions use."""
        if depth >= 3 or self.dice.random() < 0.4:
            return self.dice.choice(SCALARS)
        if self.dice.random() < 0.5:
            return [self.value(depth + 1) for _ in range(self.dice.randrange(4))]
        keys = self.dice.sample(KEYS, self.dice.randrange(5))
        return {key: self.value(depth + 1) for key in keys}

    def _key(self) -> str:
        return self.dice.choice(KEYS)

    def _call(self, depth: int) -> str:
        name, kinds = self.dice.choice(list(SIGNATURES.items()))
        if self.dice.random() < 0.05:
            kinds += "v"
        arguments = [("&" if kind == "e" else "") + self.text(depth) for kind in kinds]
        return f"{name}({', '.join(arguments)})"

    def parsed(self, count: int) -> Iterator[tuple[str, Any]]:
        """Yield `count` expressions that parse, each with the library's compiled form."""
        while count:
            text = self.text()
            try:
                compiled = jmespath.compile(text)
            except JMESPathError:
                continue
            count -= 1
            yield text, compiled


def without_order(message: str) -> str:
    """Return one wording for an ordering error, Python's (the library's) or ours: the kinds
    compared."""
    if python := re.search(r"'([<>]=?)' not supported between .* '(\w+)' and '(\w+)'", message):
        sign, *kinds = python.groups()
        one, other = ("a string" if kind == "str" else "a number" for kind in kinds)
        return f"{one} {sign} {other}"
    shown = r"[^<>]+ ([<>]=?) [^<>]+"
    if ours := re.fullmatch(rf"(a \w+) and (a \w+) have no order: {shown}", message):
        return f"{ours[1]} {ours[3]} {ours[2]}"
    return message


def outcome(search: Callable[[Any], Any], value: Any) -> tuple[str, str]:
    """Return the result of a search (as JSON, so that 1, 1.0 and true differ), or its error."""
    try:
        found = search(value)
    except Exception as error:  # ours has to raise whatever the library raises
        return "raises", f"{type(error).__name__}: {without_order(str(error))}"
    return "gives", json.dumps(found, default=lambda one: type(one).__name__)
