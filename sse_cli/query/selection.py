"""JMESPath over payloads: filters and queries.

A payload is a message's data parsed as JSON, or the data itself if it is not valid JSON. A runtime
error in an expression means "no value": it is counted and reported once, at the end.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Sequence
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

from sse_cli.model.errors import ExpressionError
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

if TYPE_CHECKING:  # this imports jmespath, see `_compile`
    from sse_cli.query.jmespath import Evaluate, Node

_NAMED = re.compile(r"(\w+)=(?!=)")
_WARNINGS_LOCK = Lock()  # `check` compiles in several threads
_JSON_TYPES = frozenset({type(None), bool, int, str, list, dict})  # and finite floats


class Expression:
    """A compiled JMESPath expression that counts its runtime errors instead of raising.

    `syntax` is its syntax tree, if it has been parsed before.
    """

    def __init__(self, text: str, option: str, syntax: Node | None = None) -> None:
        self.text = text
        self.option = option
        self.errors = 0
        self.first_error = ""
        if syntax is None:
            self.syntax, evaluate, is_total = _compile(text, option)
            self.search = self._searching(evaluate, is_total)
        else:
            self.syntax, self.search = syntax, self.specialized(syntax)
        """Return the value of the expression for a payload, None if evaluating it fails."""

    def specialized(self, syntax: Node) -> Evaluate:
        """Return the `search` of another expression, whose failures count as those of this one."""
        from sse_cli.query import jmespath  # noqa: PLC0415 (as in `_compile`)

        return self._searching(jmespath.compile_syntax(syntax), jmespath.is_total(syntax))

    def _searching(self, evaluate: Evaluate, is_total: bool) -> Evaluate:
        if is_total:
            return evaluate

        # A closure, because several expressions run for every event and a method call takes longer.
        def search(value: Any) -> Any:
            try:
                result = evaluate(value)
            except Exception as error:  # the library's functions raise OverflowError and more
                return self._failed(str(error))
            if result is None or result is False:
                return result
            kind = result.__class__
            if kind in _JSON_TYPES or (kind is float and isfinite(result)):
                return result
            return self._failed("its value is not a JSON value")

        return search

    def _failed(self, why: str) -> None:
        self.errors += 1
        self.first_error = self.first_error or " ".join(why.split())[:200]


class Query(Expression):
    """An expression whose values are shown, given as `[NAME=]EXPR`.

    The name is the heading of its column and its key in JSON Lines. `option` names the expression
    in an error.
    """

    def __init__(self, text: str, option: str = "query") -> None:
        named = _NAMED.match(text)
        super().__init__(text[named.end() :] if named else text, option)
        self.name = named[1] if named else text


class Selection(Observer):
    """A selection of messages by filters, and of values by queries.

    Messages pass if their type is in `events` (empty for all types) and not in `excluded`, and if
    `where` is true for their payload. Their rows get the values of `queries`.
    """

    def __init__(
        self,
        queries: Sequence[Query] = (),
        where: Expression | None = None,
        events: frozenset[str] = frozenset(),
        excluded: frozenset[str] = frozenset(),
    ) -> None:
        self.queries = queries
        self.where = where
        self.events = events
        self.excluded = excluded
        self.first_value: float | None = None
        """The stamp of the first message with a value that is not empty (seconds)."""
        self.is_all = not (queries or where or events or excluded)

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Return the messages that pass the filters, their queries evaluated."""
        if self.is_all:
            return rows
        if self.events:
            rows = [row for row in rows if row.message.type in self.events]
        if self.excluded:
            rows = [row for row in rows if row.message.type not in self.excluded]
        if self.where:
            search = self.where.search
            rows = [row for row in rows if not is_false(search(row.payload))]
        if len(self.queries) == 1:  # the usual case, without a list
            search = self.queries[0].search
            for row in rows:
                row.values = (search(row.payload),)
        elif self.queries:
            searches = [query.search for query in self.queries]
            for row in rows:
                value = row.payload
                row.values = [search(value) for search in searches]
        if self.first_value is None and self.queries:
            self.first_value = next((row.message.at for row in rows if _has_value(row)), None)
        return rows


def _has_value(row: Row) -> bool:
    return any(value not in (None, "") for value in row.values)


def as_text(value: Any) -> str:
    """Format a value for shell scripts: null as "", a string as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_values.show(value)


# The usual mistakes of people used to shells, Python or jq.
_SYNTAX_HINT = "write strings as 'text', numbers as `7`, unusual keys as \"a-b\"; see jmespath.org"


def _compile(text: str, option: str) -> tuple[Node, Evaluate, bool]:
    """Return the syntax tree of an expression, its function, and whether it is total."""
    # Imported here because it takes 23 ms, and many runs have no expressions.
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    from sse_cli.query import jmespath  # noqa: PLC0415

    if not text.strip():
        hint = "if it comes from a variable, check that the variable is set"
        raise ExpressionError(f"{option}: the expression is empty", text, 0, hint)
    words = f"{option}: not a JMESPath expression"
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():  # filters apply to the whole process
            # The library accepts a bare `word` as a string, and users of the AWS CLI write it.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            syntax = jmespath.parse(text)
            _check_functions(syntax, text, option)
            return syntax, jmespath.compile_syntax(syntax), jmespath.is_total(syntax)
    except JMESPathError as error:
        column = min(getattr(error, "lex_position", len(text)), len(text))
        raise ExpressionError(words, text, column, _SYNTAX_HINT) from None
    except RecursionError:
        raise ExpressionError(words, text, 0, "it is too large; write a smaller one") from None


def _check_functions(node: Any, text: str, option: str) -> None:
    """Raise ExpressionError for an unknown function, which would fail on every event."""
    from jmespath.functions import Functions  # noqa: PLC0415

    known = Functions.FUNCTION_TABLE
    if node["type"] == "function_expression" and (name := node["value"]) not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = (
            f"did you mean {close[0]}()?"
            if close
            else f"known functions: {', '.join(sorted(known))}"
        )
        words = f"{option}: JMESPath has no function {name}()"
        called = re.search(rf"\b{name}\s*\(", text)
        raise ExpressionError(words, text, called.start() if called else 0, hint)
    for child in node["children"]:
        if isinstance(child, dict):  # the children of a slice are numbers
            _check_functions(child, text, option)
