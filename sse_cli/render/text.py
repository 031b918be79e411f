"""`-o text`: the values asked for, one event a line, as a shell script wants them."""

from __future__ import annotations

from collections.abc import Iterable

from sse_cli import safe
from sse_cli.query import Row, as_text
from sse_cli.render.items import Item


class TextRenderer:
    """The queries of an event joined by tabs, or its data; an event without any value
    prints nothing. `join` leaves the newline out; `escaped` is for terminals."""

    def __init__(self, *, queries: bool, join: bool, escaped: bool) -> None:
        self._queries = queries
        self._end = "" if join else "\n"
        self._escaped = escaped

    def feed(self, item: Item) -> Iterable[str]:
        """The line of a message; nothing for all else."""
        if not isinstance(item, Row):
            return ()
        values = item.values
        if not self._queries:
            text = item.message.data
        elif len(values) == 1:
            if (value := values[0]) is None:
                return ()
            text = value if value.__class__ is str else as_text(value)
        elif values.count(None) == len(values):
            return ()
        else:
            text = "\t".join(map(as_text, values))
        if self._escaped:
            text = safe.escape(text, keep="\n\t")
        return (text + self._end,)
