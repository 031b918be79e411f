"""`-o csv`: RFC 4180 with LF line ends; a column a query, or the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sse_cli import safe
from sse_cli.query import Query, Row, as_text
from sse_cli.render.items import Item

_SPECIAL = re.compile(r'[",\r\n]')  # RFC 4180, 2.6 and 2.7


class CSVRenderer:
    """A header line, then a line a message: number, seconds, event type, id, values."""

    def __init__(self, queries: Sequence[Query], *, escaped: bool) -> None:
        self._columns = [query.name for query in queries]
        self._escaped = escaped
        self._begun = False

    def feed(self, item: Item) -> Iterable[str]:
        """The line of a message; the header before the first item of all."""
        if not self._begun:
            self._begun = True
            yield self._line(["n", "t", "event", "id", *(self._columns or ["data"])])
        if isinstance(item, Row):
            message = item.message
            values = map(as_text, item.values) if self._columns else [message.data]
            head = [str(message.n), f"{message.at:.6f}", message.type, message.id or ""]
            yield self._line([*head, *values])

    def _line(self, cells: Sequence[str]) -> str:
        if self._escaped:
            cells = [safe.escape(cell, keep="\n\t") for cell in cells]
        return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    # Python's csv writer leaves a bare CR unquoted, and many a reader ends a record there.
    if _SPECIAL.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell
