"""Plans of which expressions of a format can yield something for which events.

A format asks a dozen expressions of every event, most of which hold for one type of event only. So
an event is looked at first (`query/jmespath/looks.py`): its keys, and the fields that tell its
type. Expressions are specialised to what that tells, once for all events that look alike; those
that are then known to be empty are not asked.

Looks are made one after another: at `data` first, then at an object in it, as long as they decide
enough. So a plan is a tree, which grows with the events that come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from sse_cli.llm.wire_format import Key, WireFormat
from sse_cli.query.jmespath import Evaluate, Node, is_total
from sse_cli.query.jmespath.infallible import is_shallow
from sse_cli.query.jmespath.knowledge import Constant, Knowledge
from sse_cli.query.jmespath.looks import Case, best_look
from sse_cli.query.jmespath.specialize import (
    holds_nothing,
    is_never_true,
    only_string,
    specialize,
    without_empty_ends,
)
from sse_cli.query.selection import Expression
from sse_cli.text.json_values import is_false

MAX_CASES: Final = 256  # a server may send endless different events
_MAX_LOOKS: Final = 4
# The keys for which one empty value differs from another: without `each` an event is an item
# itself, and `part` tells parts apart.
_EXACT: Final = frozenset({"each", "part"})
# The keys whose value may be in a list, among empty values.
_LISTS: Final = frozenset({"text", "reasoning", "tool"})

Functions = Mapping[str, Evaluate | None]
T = TypeVar("T")


class Expressions:
    """The expressions of a format, some of them specialised, by key.

    A function without a syntax tree in `nodes` is always asked. An expression whose value is known
    to be empty has no function.
    """

    def __init__(
        self,
        functions: Functions,
        sources: Mapping[str, Expression],
        nodes: Mapping[str, Node],
    ) -> None:
        self.functions = functions
        self.nodes = nodes
        self._sources = sources

    @classmethod
    def of(cls, wire: WireFormat, keys: Iterable[Key]) -> Expressions:
        """Return the expressions of some keys of a format, but for those that detect it."""
        asked = [key for key in keys if key not in ("detect", "against")]
        found: Functions = {key: wire.get(key) for key in asked}
        sources: dict[str, Expression] = {
            key: source for key in asked if (source := wire.expression(key))
        }
        nodes = {key: source.syntax for key, source in sources.items()}
        return cls(found, sources, {key: node for key, node in nodes.items() if is_shallow(node)})

    def specialized(self, knows: Knowledge) -> Expressions:
        """Return the expressions specialised to what is known about the value."""
        nodes: dict[str, Node] = {}
        functions = dict(self.functions)
        for key, node in self.nodes.items():
            special = specialize(node, knows)
            known = special.knows
            if isinstance(known, Constant):
                functions[key] = _constant(key, known.value)
                continue
            if key not in _EXACT and is_never_true(special.node) and is_total(special.node):
                functions[key] = None
                continue
            nodes[key] = _shortened(key, special.node, knows)
            if nodes[key] is not node:
                functions[key] = self._sources[key].specialized(nodes[key])
        return Expressions(functions, self._sources, nodes)


class ExtractionPlan(Generic[T]):
    """The plan for all values that looked alike so far; `result` is what `build` makes of it."""

    __slots__ = (
        "_build",
        "_case",
        "_cases",
        "_expressions",
        "_knows",
        "_left",
        "_look",
        "_looks",
        "result",
    )

    def __init__(
        self,
        expressions: Expressions,
        build: Callable[[Functions], T],
        *,
        knows: Knowledge = None,
        looks: int = 0,
        left: list[None] | None = None,
    ) -> None:
        self.result = build(expressions.functions)
        self._expressions = expressions
        self._build = build
        self._knows = knows
        self._looks = looks
        self._left = [None] * MAX_CASES if left is None else left  # an item for each case to come
        is_last = looks == _MAX_LOOKS
        self._look = None if is_last else best_look(expressions.nodes.values(), knows)
        self._case = self._look.case if self._look else None
        self._cases: dict[Case, ExtractionPlan[T] | None] = {}

    def at(self, value: Any, /) -> T:
        """Return the result for a value. This runs at every event."""
        plan = self
        while look := plan._case:
            case = look(value)
            found = plan._cases.get(case)
            if found is None:
                return plan._grown(case).result
            plan = found
        return plan.result

    def _grown(self, case: Case) -> ExtractionPlan[T]:
        """Return the plan for a case, which is made when the case comes for the second time."""
        cases = self._cases
        if case not in cases or not self._look:
            if self._left:
                self._left.pop()
                cases[case] = None
            return self
        knows = self._look.learned(case, self._knows)
        plan = cases[case] = ExtractionPlan(
            self._expressions.specialized(knows),
            self._build,
            knows=knows,
            looks=self._looks + 1,
            left=self._left,
        )
        return plan


def _shortened(key: str, node: Node, knows: Knowledge) -> Node:
    """Return an expression without what makes no difference for its key."""
    if key in _EXACT:
        return node
    string = only_string(node, knows) if key in _LISTS else None
    return string or without_empty_ends(node)


def _constant(key: str, value: Any) -> Evaluate | None:
    """Return the function that always gives `value`, None if that means "nothing"."""
    is_nothing = holds_nothing(value) if key in _LISTS else is_false(value)
    return (lambda _value: value) if key in _EXACT or not is_nothing else None
