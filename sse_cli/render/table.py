"""Events as rows in fixed columns, appended and never redrawn.

A row is one Rich `Text`, laid out by `table_layout`: a Rich `Table` per row would cost three
times as much, and one for the whole stream could not scroll.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.text import Text

from sse_cli.analysis.error_events import event_error
from sse_cli.model.events import Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.row import Item, Row
from sse_cli.query.selection import Query, as_text
from sse_cli.render.table_layout import DATA, ELLIPSIS, MIN_WIDTH, Cell, TableLayout
from sse_cli.text import escaping, json_values, redaction, units

SLOW: Final = 1.0  # seconds; a gap from here on is yellow
STALL: Final = 5.0  # seconds; a gap from here on is red
CONTEXT: Final = 11  # characters kept before a highlight, enough for "content":"
_HIGHLIGHT_STYLES: Final = {"text": "sse.value", "reasoning": "sse.reasoning", "tool": "sse.tool"}

# No value and an empty value must look different.
_BLANKS: Final[dict[object, Cell]] = {
    None: Cell("·", "sse.none"),
    "": Cell('""', "sse.none"),
}


class EventTable:
    """The table of events, drawn as lines.

    `width` returns the terminal's current width in cells; when it changes, the column heads are
    printed again. With `full`, long data is wrapped instead of cut. With `everything`, comments
    and retries get rows, too. `encoding` is the terminal's.
    """

    def __init__(
        self,
        width: Callable[[], int],
        queries: Sequence[Query] = (),
        *,
        full: bool = False,
        everything: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        self._width = width
        self._names = [query.name for query in queries]
        self._full = full
        self._everything = everything
        self._encoding = "" if encoding.lower().startswith("utf") else encoding
        self._rule = "-" if self._encoding else "─"
        self._layout: TableLayout | None = None
        self._has_heads = False  # the heads of this layout are printed

    def feed(self, item: Item) -> Iterable[Text]:
        """Yield the lines of an item: a row, the header of a connection, or nothing."""
        if isinstance(item, Opened):
            yield self._encodable_header(item)
        elif self._everything or not isinstance(item, Comment | Retry):
            layout = self._current_layout()
            if cells := self._cells(item, layout):
                if not self._has_heads:
                    yield from self._heads(layout)
                self._has_heads = True
                shown = [cell._replace(text=self._encodable(cell.text)) for cell in cells]
                yield from layout.wrapped_lines(shown) if self._full else [layout.line(shown)]

    def _encodable(self, text: str) -> str:
        """Return `text` with escapes for characters that the terminal's encoding lacks.

        Called before the text is measured, because an escape is wider than its character.
        """
        if not self._encoding or text.isascii():
            return text
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def _encodable_header(self, opened: Opened) -> Text:
        header = _header(opened)
        if self._encoding:
            header.plain = self._encodable(header.plain)
            header.overflow = "crop"  # the encoding may lack Rich's ellipsis
        return header

    def _current_layout(self) -> TableLayout:
        """Return the layout for the terminal's current width."""
        width = max(self._width(), MIN_WIDTH)
        if self._layout is None or self._layout.width != width:
            ellipsis = "~" if self._encoding else ELLIPSIS
            self._layout = TableLayout.of(width, self._names, ellipsis)
            self._has_heads = False
        return self._layout

    def _heads(self, layout: TableLayout) -> Sequence[Text]:
        heads = [Cell(title, "sse.heading") for title in layout.titles]
        rule = [Cell(self._rule * cells, "sse.rule") for cells in layout.widths]
        lines = [layout.line(heads), layout.line(rule)]
        if layout.hidden:
            number = "1 query is" if layout.hidden == 1 else f"{layout.hidden} queries are"
            note = f"{number} not shown: use a wider terminal, or output as text"
            lines.insert(0, Text(note, style="sse.ignored", overflow="ellipsis"))
        return lines

    def _cells(self, item: Item, layout: TableLayout) -> list[Cell]:
        if isinstance(item, Row):
            return self._message(item, layout)
        if isinstance(item, Reconnecting):
            wait = f"{item.ending.value}, attempt {item.attempt} in {units.seconds(item.delay)}"
            text = f"{wait}: {escaping.compact(item.detail)}" if item.detail else wait
            return _note(item.at, "reconnecting", text, "sse.stopped")
        if isinstance(item, Ignored):
            return _note(item.at, "ignored", _ignored(item), "sse.ignored")
        if isinstance(item, Comment):
            return _note(item.at, "comment", escaping.compact(item.text.strip()), "sse.comment")
        if isinstance(item, Retry):
            wait = f"reconnection time {item.reconnection_time} ms"
            return _note(item.at, "retry", wait, "sse.retry")
        return []

    def _message(self, row: Row, layout: TableLayout) -> list[Cell]:
        message = row.message
        gap = row.gap
        gap_style = "sse.gap" if gap < SLOW else "sse.gap.slow" if gap < STALL else "sse.gap.stall"
        type_style = "sse.type.default" if message.type == "message" else "sse.type"
        return [
            Cell(str(message.n), "sse.number"),
            Cell(units.clock(message.at), "sse.time"),
            Cell(units.seconds(gap).replace("µ", "u" if self._encoding else "µ"), gap_style),
            Cell(escaping.compact(message.type), type_style),
            Cell(escaping.compact(message.id or ""), "sse.id"),
            *(self._values(row, layout) if self._names else [self._data(row, layout)]),
        ]

    def _data(self, row: Row, layout: TableLayout) -> Cell:
        data = row.message.data
        if not data:
            return Cell("(empty)", "sse.none")
        if "\n" in data and not isinstance(row.payload, str):
            data = json_values.show(row.payload)
        if event_error(row):
            return Cell(self._shown(data, layout), "sse.error")
        if row.highlights and not self._full:
            return self._highlighted(data, *row.highlights[0], layout)
        return Cell(self._shown(data, layout), "sse.data")

    def _highlighted(self, data: str, kind: str, text: str, layout: TableLayout) -> Cell:
        """Return the data with `text` bright and the rest dim.

        If the column is too narrow to reach the end of `text`, it starts shortly before it.
        """
        start, end = _position(data, text)
        if start < 0:
            return Cell(self._shown(data, layout), "sse.data")
        width = layout.widths[DATA]
        skip = start - CONTEXT if end > width and start > CONTEXT else 0
        before = (ELLIPSIS if skip else "") + escaping.compact(data[skip:start])
        part = escaping.compact(data[start:end][: 2 * width])
        after = escaping.compact(data[end : end + width])
        bright = (len(before), len(before) + len(part), _HIGHLIGHT_STYLES[kind])
        return Cell(before + part + after, "sse.around", bright)

    def _values(self, row: Row, layout: TableLayout) -> list[Cell]:
        return [
            _BLANKS[value]
            if value is None or value == ""
            else Cell(self._shown(as_text(value), layout), "sse.value")
            for value in row.values
        ]

    def _shown(self, text: str, layout: TableLayout) -> str:
        """Return server text escaped, and only as much of it as a row can show."""
        if self._full:
            return escaping.escape(text.replace("\t", "    "), keep="\n")
        return escaping.compact(text[: 4 * layout.width])


def _note(at: float, kind: str, text: str, style: str) -> list[Cell]:
    """Return the cells of a row for an event that is not a message."""
    return [
        Cell(""),
        Cell(units.clock(at), "sse.time"),
        Cell(""),
        Cell(kind, style),
        Cell(""),
        Cell(text, style),
    ]


def _position(data: str, text: str) -> tuple[int, int]:
    """Return where `text` starts and ends as a value in JSON `data`; (-1, -1) if not found."""
    if data == text:
        return 0, len(data)
    for written in (json_values.show(text)[1:-1], json_values.dump(text)[1:-1]):
        for opening in (':"', ': "', '"'):
            at = data.find(f'{opening}{written}"')
            if at >= 0:
                start = at + len(opening)
                return start, start + len(written)
    return -1, -1


def _ignored(item: Ignored) -> str:
    text = escaping.compact(item.text)
    where = f"line {item.line}"
    if item.part == "message":
        where = f"message {item.line}"
    elif item.reason == "too-large":
        where = f"{item.part} at {where}" if item.part == "event" else where
        where += f", {item.size:,} bytes"
    return f"{item.reason}, {where}" + (f": {text}" if text else "")


# The names of framings other than that of an event stream.
_MEDIA: Final = {
    "ndjson": "NDJSON",
    "aws-event-stream": "AWS event stream",
    "data-stream": "data stream",
    "text": "text",
}


def _header(opened: Opened) -> Text:
    if opened.status is None:
        media = _MEDIA.get(opened.media, "event stream")
        return Text.assemble(
            (escaping.compact(opened.url), "sse.heading"), "  ", media, no_wrap=True
        )
    status = escaping.compact(f"{opened.status} {opened.reason}".strip())
    content_type = escaping.compact(opened.header("content-type") or "no content type")
    return Text.assemble(
        (status, "sse.good" if opened.media != "other" else "sse.bad"),
        ("  " + content_type, ""),
        ("  " + escaping.compact(opened.http_version), "sse.label"),
        (f"  {'headers in' if opened.attempt == 1 else 'reopened at'} ", "sse.label"),
        (units.seconds(opened.at), "sse.figure"),
        ("  " + escaping.compact(redaction.url(opened.url)), "sse.label"),
        no_wrap=True,
        overflow="ellipsis",
    )
