"""Messages as CSV (RFC 4180, with LF line ends): a column per query, or one for the data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sse_cli.model.row import Note, Row
from sse_cli.query.selection import Query, as_text
from sse_cli.text import escaping

_SPECIAL = re.compile(r'[",\r\n]')  # RFC 4180, 2.6 and 2.7


class CSVRenderer:
    """A renderer of CSV: a header, then a line per message (number, seconds, event type, id,
    values). `escaped` is for terminals."""

    def __init__(self, queries: Sequence[Query], *, escaped: bool) -> None:
        self._columns = [query.name for query in queries]
        self._escaped = escaped
        self._has_header = False

    def rows(self, rows: Sequence[Row]) -> str:
        """Return the lines of messages."""
        return self._header() + "".join(map(self._row, rows))

    def note(self, _note: Note) -> str:
        """Return the header if it is still missing, else nothing."""
        return self._header()

    def _header(self) -> str:
        if self._has_header:
            return ""
        self._has_header = True
        return self._line(["n", "t", "event", "id", *(self._columns or ["data"])])

    def _row(self, row: Row) -> str:
        message = row.message
        values = map(as_text, row.values) if self._columns else [message.data]
        head = [str(message.n), f"{message.at:.6f}", message.type, message.id or ""]
        return self._line([*head, *values])

    def _line(self, cells: Sequence[str]) -> str:
        if self._escaped:
            cells = [escaping.escape(cell, keep="\n\t") for cell in cells]
        return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    # Python's csv writer leaves a bare CR unquoted, where many readers end the record.
    if _SPECIAL.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell
