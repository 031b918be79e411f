"""JMESPath over payloads: the values a person asked for, and the filters.

A payload is the JSON of a message's data, or the data as a string. A runtime error in an
expression means "no value": it is counted and reported once, at the end, never a crash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sse_cli import payload
from sse_cli.errors import ExpressionError
from sse_cli.events import Message

_NAMED = re.compile(r"(\w+)=(?!=)")
_UNSET: Any = object()


class Row:
    """A message on its way to a renderer: with its payload (parsed when asked for, once)
    and the value of each query. `gap` is the seconds since the message before it."""

    __slots__ = ("_payload", "gap", "message", "values")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.values: list[Any] = []
        self.gap = 0.0
        self._payload = _UNSET

    @property
    def payload(self) -> Any:
        """The message's data parsed as JSON, or the string when it is none."""
        if self._payload is _UNSET:
            self._payload = payload.parse(self.message.data)
        return self._payload


class Expression:
    """A compiled JMESPath expression that counts its runtime errors instead of raising."""

    def __init__(self, text: str, option: str) -> None:
        self.text = text
        self.option = option
        self.errors = 0
        self.first_error = ""
        self._compiled = _compile(text, option)

    def search(self, value: Any) -> Any:
        """The expression's value, None when there is none or evaluating it fails."""
        # Imported on first use: 23 ms that a run without expressions need not pay.
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415

        try:
            return self._compiled.search(value)
        except (JMESPathError, RecursionError, TypeError, ValueError) as error:
            self.errors += 1
            self.first_error = self.first_error or " ".join(str(error).split())
            return None


class Query(Expression):
    """`[NAME=]EXPR` of `--query`; the name heads its column and its key in JSON Lines."""

    def __init__(self, text: str) -> None:
        named = _NAMED.match(text)
        super().__init__(text[named.end() :] if named else text, "--query")
        self.name = named[1] if named else text


@dataclass
class Selection:
    """Which messages are shown, and what of them."""

    queries: Sequence[Query] = ()
    where: Expression | None = None
    events: frozenset[str] = frozenset()
    excluded: frozenset[str] = field(default_factory=frozenset)

    def keeps(self, row: Row) -> bool:
        """Whether the message passes the filters; if so its queries are evaluated."""
        kind = row.message.type
        if (self.events and kind not in self.events) or kind in self.excluded:
            return False
        if self.where and not is_true(self.where.search(row.payload)):
            return False
        row.values = [query.search(row.payload) for query in self.queries]
        return True


def is_true(value: Any) -> bool:
    """JMESPath's truth: null, false and empty strings, arrays and objects are false."""
    return value is not None and value is not False and value not in ("", [], {})


def as_text(value: Any) -> str:
    """A value as a shell script wants it: null is nothing, a string bare, the rest JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else payload.dump(value)


def _compile(text: str, option: str) -> Any:
    import jmespath  # noqa: PLC0415 (on first use: it costs 23 ms)
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        column = min(getattr(error, "lex_position", len(text)), len(text))
        raise ExpressionError(
            f"{option}: not a JMESPath expression",
            text,
            column,
            "strings are quoted 'so', numbers `7`, odd names \"so\"; see jmespath.org",
        ) from None
