"""Messages as lines of text, for shell scripts: the values of the queries, or the data."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from sse_cli.model.row import Note, Row
from sse_cli.query.selection import as_text
from sse_cli.text import escaping

_VALUES: Final = attrgetter("values")


class TextRenderer:
    """A renderer of a line per message: its query values joined by tabs, or else its data.

    A message whose queries found no value prints nothing. `join` omits the newline between
    messages; `escaped` is for terminals.
    """

    def __init__(self, *, queries: bool, join: bool, escaped: bool) -> None:
        self._queries = queries
        self._end = "" if join else "\n"
        self._escaped = escaped

    def rows(self, rows: Sequence[Row]) -> str:
        """Return the lines of messages."""
        if not self._queries:
            lines = [row.message.data for row in rows]
        elif len(rows[0].values) == 1:  # the common case, without a join
            lines = [
                value if value.__class__ is str else as_text(value)
                for (value,) in map(_VALUES, rows)
                if value is not None
            ]
        else:
            lines = [
                "\t".join(map(as_text, row.values))
                for row in rows
                if any(value is not None for value in row.values)
            ]
        if self._escaped:
            lines = [escaping.escape(line, keep="\n\t") for line in lines]
        return self._end.join(lines) + self._end if lines else ""

    def note(self, _note: Note) -> str:
        """Return nothing: text shows messages alone."""
        return ""
