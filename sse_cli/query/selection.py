"""JMESPath over payloads: the values a person asked for, and the filters.

A payload is the JSON of a message's data, or the data as a string. A runtime error in an
expression means "no value": it is counted and reported once, at the end, never a crash.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

from sse_cli.model.errors import ExpressionError
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

if TYPE_CHECKING:  # it loads JMESPath, see `_compile`
    from sse_cli.query.jmespath import Evaluate

_NAMED = re.compile(r"(\w+)=(?!=)")
_QUIET = Lock()  # `check` compiles in several threads
_JSON = frozenset({type(None), bool, int, str, list, dict})  # and floats that are numbers


class Expression:
    """A compiled JMESPath expression that counts its runtime errors instead of raising."""

    def __init__(self, text: str, option: str) -> None:
        self.text = text
        self.option = option
        self.errors = 0
        self.first_error = ""
        self.search = self._searching(*_compile(text, option))
        """The expression's value, None when there is none or evaluating it fails."""

    def _searching(self, evaluate: Evaluate, is_total: bool) -> Evaluate:
        if is_total:
            return evaluate

        # A function in a function: several run at every event, and methods take longer.
        def search(value: Any) -> Any:
            try:
                found = evaluate(value)
            except Exception as error:  # the library's functions raise OverflowError and more
                return self._failed(str(error))
            if found is None or found is False:
                return found
            kind = found.__class__
            if kind in _JSON or (kind is float and isfinite(found)):
                return found
            return self._failed("its value is none that JSON has")

        return search

    def _failed(self, why: str) -> None:
        self.errors += 1
        self.first_error = self.first_error or " ".join(why.split())[:200]


class Query(Expression):
    """`[NAME=]EXPR` of `--query`; the name heads its column and its key in JSON Lines."""

    def __init__(self, text: str) -> None:
        named = _NAMED.match(text)
        super().__init__(text[named.end() :] if named else text, "--query")
        self.name = named[1] if named else text


class Selection(Observer):
    """Which messages are shown, and what of them."""

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
        """When a query first gave a value that is not empty (seconds of the run)."""
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
        if len(self.queries) == 1:  # as for most
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
    """A value as a shell script wants it: null is nothing, a string bare, the rest JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_values.show(value)


# What a shell, or a hand that knows Python or jq, gets wrong most.
_SYNTAX_HINT = "strings are quoted 'so', numbers `7`, odd names \"so\"; see jmespath.org"


def _compile(text: str, option: str) -> tuple[Evaluate, bool]:
    """An expression's function, and whether it is total."""
    # Imported on first use: it costs 23 ms, which a run without expressions need not pay.
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    from sse_cli.query import jmespath  # noqa: PLC0415

    if not text.strip():
        hint = "is the variable that it comes from set?"
        raise ExpressionError(f"{option}: the expression is empty", text, 0, hint)
    words = f"{option}: not a JMESPath expression"
    try:
        with _QUIET, warnings.catch_warnings():  # the filters are the whole process's
            # A bare `word` is a string to the library, and to those who come from the AWS CLI.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            syntax = jmespath.parse(text)
            _check_functions(syntax, text, option)
            return jmespath.compile_syntax(syntax), jmespath.is_total(syntax)
    except JMESPathError as error:
        column = min(getattr(error, "lex_position", len(text)), len(text))
        raise ExpressionError(words, text, column, _SYNTAX_HINT) from None
    except RecursionError:
        raise ExpressionError(words, text, 0, "it is too large; write a smaller one") from None


def _check_functions(node: Any, text: str, option: str) -> None:
    """Raise for a function that there isn't: it would only be "no value", on every event."""
    from jmespath.functions import Functions  # noqa: PLC0415

    known = Functions.FUNCTION_TABLE
    if node["type"] == "function_expression" and (name := node["value"]) not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}()?" if close else f"there are: {', '.join(sorted(known))}"
        words = f"{option}: JMESPath has no function {name}()"
        called = re.search(rf"\b{name}\s*\(", text)
        raise ExpressionError(words, text, called.start() if called else 0, hint)
    for child in node["children"]:
        if isinstance(child, dict):  # those of a slice are numbers
            _check_functions(child, text, option)
