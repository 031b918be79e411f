"""`-o table`: events as rows in fixed columns, appended and never redrawn.

A row is one Rich `Text`, laid out here: a Rich `Table` for each row would cost three times as
much, and one for the whole stream could not scroll. Widths depend on the terminal's alone, so
that rows line up however long the stream runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Span, Text

from sse_cli.analysis.verdict import error_of
from sse_cli.model.events import Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.model.row import Item, Row
from sse_cli.query.selection import Query, as_text
from sse_cli.text import escaping, json_values, redaction, units

SLOW: Final = 1.0  # a gap (seconds) that a reader notices
STALL: Final = 5.0  # and one that makes them doubt
MIN_WIDTH: Final = 40
MIN_CELLS: Final = 8  # of a data column: less says nothing
ELLIPSIS: Final = "…"
CONTEXT: Final = 11  # characters kept before a part: "content":"
_PART_STYLES: Final = {"text": "sse.value", "reasoning": "sse.reasoning", "tool": "sse.tool"}
# Terminal width from which on: gap, event and id columns, spaces between columns. A narrow one
# has no gaps: the times tell them too, and a type cut to four cells tells nothing.
_WIDTHS: Final = (
    (160, 6, 34, 16, 2),
    (120, 6, 26, 10, 2),
    (100, 6, 18, 8, 2),
    (66, 6, 13, 5, 1),
    (50, 0, 12, 3, 1),
    (0, 0, 10, 2, 1),
)
_FIXED: Final = (("#", 5), ("time", 7))


class Cell(NamedTuple):
    """Text that is safe to show, its style, and where in it another style holds."""

    text: str
    style: str = ""
    bright: tuple[int, int, str] | None = None  # start, end, style


# No value, and a value that is empty: a reader must see the difference.
_BLANKS: Final[dict[object, Cell]] = {
    None: Cell("·", "sse.none"),
    "": Cell('""', "sse.none"),
}


@dataclass(frozen=True)
class Layout:
    """Columns for a terminal of `width` cells: titles and cells of width, 0 for one left out."""

    width: int
    titles: tuple[str, ...]
    widths: tuple[int, ...]
    space: str
    ellipsis: str = ELLIPSIS
    hidden: int = 0  # queries that have no room

    @classmethod
    def of(cls, width: int, names: Sequence[str], ellipsis: str = ELLIPSIS) -> Layout:
        """The layout for a terminal `width` and the names of the queries, if any."""
        width = max(width, MIN_WIDTH)
        names = names or ["data"]
        for gap, event, id_, space in (row[1:] for row in _WIDTHS if width >= row[0]):
            fixed = [*_FIXED, ("gap", gap), ("event", event), ("id", id_)]
            left = width - sum(cells + space for _, cells in fixed if cells)
            fit = max(1, (left + space) // (MIN_CELLS + space))
            if fit >= len(names):
                break
        hidden = max(0, len(names) - fit)
        names = names[:fit]
        share = max(MIN_CELLS, (left - space * (len(names) - 1)) // len(names))
        shares = [share] * (len(names) - 1)
        last = max(MIN_CELLS, left - sum(cells + space for cells in shares))
        titles = tuple(title for title, _ in fixed) + tuple(
            escaping.compact(name) for name in names
        )
        widths = (*(cells for _, cells in fixed), *shares, last)
        return cls(width, titles, widths, " " * space, ellipsis, hidden)

    @property
    def indent(self) -> int:
        """Cells to the left of the data."""
        return sum(cells + len(self.space) for cells in self.widths[:5] if cells)


class TableRenderer:
    """Items to lines of text. `width` gives the terminal's width at the moment; when it
    changes, the column heads are printed anew."""

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
        self._layout: Layout | None = None
        self._told = False  # the heads of this layout stand on the screen

    def feed(self, item: Item) -> Iterable[Text]:
        """The lines of an item: a row, the header, or nothing."""
        if isinstance(item, Opened):
            yield self._encodable(_header(item))
        elif self._everything or not isinstance(item, Comment | Retry):
            layout = self._measured()
            if cells := self._cells(item, layout):
                if not self._told:
                    yield from self._heads(layout)
                self._told = True
                shown = [cell._replace(text=self._shown_as(cell.text)) for cell in cells]
                yield from self._lines(shown, layout)

    def _shown_as(self, text: str) -> str:
        """`text` with escapes for what the terminal's encoding lacks, before it is measured."""
        if not self._encoding or text.isascii():
            return text
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def _encodable(self, header: Text) -> Text:
        if self._encoding:
            header.plain = self._shown_as(header.plain)
            header.overflow = "crop"  # Rich's ellipsis is none of their characters
        return header

    def _measured(self) -> Layout:
        """The columns for the width of this moment."""
        width = max(self._width(), MIN_WIDTH)
        if self._layout is None or self._layout.width != width:
            ellipsis = "~" if self._encoding else ELLIPSIS
            self._layout = Layout.of(width, self._names, ellipsis)
            self._told = False
        return self._layout

    def _heads(self, layout: Layout) -> Sequence[Text]:
        heads = [Cell(title, "sse.heading") for title in layout.titles]
        rule = [Cell(self._rule * cells, "sse.rule") for cells in layout.widths]
        lines = [_line(heads, layout), _line(rule, layout)]
        if layout.hidden:
            number = "1 query is" if layout.hidden == 1 else f"{layout.hidden} queries are"
            note = f"{number} not shown: a wider terminal has room, -o text shows all"
            lines.insert(0, Text(note, style="sse.ignored", overflow="ellipsis"))
        return lines

    def _cells(self, item: Item, layout: Layout) -> list[Cell]:
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

    def _message(self, row: Row, layout: Layout) -> list[Cell]:
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

    def _data(self, row: Row, layout: Layout) -> Cell:
        data = row.message.data
        if not data:
            return Cell("(empty)", "sse.none")
        if "\n" in data and not isinstance(row.payload, str):
            data = json_values.show(row.payload)
        if error_of(row):
            return Cell(self._shown(data, layout), "sse.error")
        if row.highlights and not self._full:
            return self._part(data, *row.highlights[0], layout)
        return Cell(self._shown(data, layout), "sse.data")

    def _part(self, data: str, kind: str, text: str, layout: Layout) -> Cell:
        """The data with the part that a person reads bright and what is around it dim; where
        the part lies further in than the column reaches, the column starts just before it."""
        start, end = _place(data, text)
        if start < 0:
            return Cell(self._shown(data, layout), "sse.data")
        room = layout.widths[5]
        skip = start - CONTEXT if end > room and start > CONTEXT else 0
        before = (ELLIPSIS if skip else "") + escaping.compact(data[skip:start])
        part = escaping.compact(data[start:end][: 2 * room])
        after = escaping.compact(data[end : end + room])
        bright = (len(before), len(before) + len(part), _PART_STYLES[kind])
        return Cell(before + part + after, "sse.around", bright)

    def _values(self, row: Row, layout: Layout) -> list[Cell]:
        return [
            _BLANKS[value]
            if value is None or value == ""
            else Cell(self._shown(as_text(value), layout), "sse.value")
            for value in row.values
        ]

    def _shown(self, text: str, layout: Layout) -> str:
        """Server text made safe; only as much of it as a row can show."""
        if self._full:
            return escaping.escape(text.replace("\t", "    "), keep="\n")
        return escaping.compact(text[: 4 * layout.width])

    def _lines(self, cells: list[Cell], layout: Layout) -> Iterable[Text]:
        if not self._full:
            yield _line(cells, layout)
            return
        columns = [
            _wrapped(cell.text, layout.widths[5 + i])
            for i, cell in enumerate(cells[5 : len(layout.widths)])
        ]
        for n in range(max(map(len, columns))):
            left = cells[:5] if n == 0 else [Cell("")] * 5
            right = [
                Cell(column[n] if n < len(column) else "", cell.style)
                for column, cell in zip(columns, cells[5 : len(layout.widths)], strict=True)
            ]
            yield _line([*left, *right], layout)


def _line(cells: Sequence[Cell], layout: Layout) -> Text:
    """The cells side by side, cut and padded: numbers to the right, types cut at the start."""
    parts: list[str] = []
    spans: list[Span] = []
    position = 0
    last = len(layout.widths) - 1
    for index, (text, style, bright) in enumerate(cells[: len(layout.widths)]):
        width = layout.widths[index]
        if not width:
            continue
        shown = _fit(text, width, index, layout.ellipsis, pad=index < last)
        if style and shown:
            spans.append(Span(position, position + len(shown), style))
        if bright:
            start, end, accent = bright
            end = min(end, len(shown))
            if start < end:  # it may lie beyond the cut
                spans.append(Span(position + start, position + end, accent))
        parts.append(shown)
        position += len(shown) + len(layout.space)
    return Text(layout.space.join(parts), spans=spans, no_wrap=True, overflow="crop", end="\n")


def _fit(text: str, width: int, column: int, ellipsis: str, *, pad: bool) -> str:
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        if column == 3:
            return _cut_start(text[-width:], width, ellipsis)
        text = set_cell_size(text, width - 1) + ellipsis
        return set_cell_size(text, width)
    if column < 3:
        return " " * (width - cells) + text
    return text + " " * (width - cells) if pad else text


def _cut_start(text: str, width: int, ellipsis: str) -> str:
    """Event types differ at their ends: …output_text.delta, …output_text.done."""
    while cell_len(text) > width - 1:
        text = text[1:]
    return set_cell_size(ellipsis + text, width)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [piece for line in text.split("\n") for piece in (chop_cells(line, width) or [""])]
    return lines or [""]


def _note(at: float, kind: str, text: str, style: str) -> list[Cell]:
    """A row of its own look for what is no message."""
    return [
        Cell(""),
        Cell(units.clock(at), "sse.time"),
        Cell(""),
        Cell(kind, style),
        Cell(""),
        Cell(text, style),
    ]


def _place(data: str, text: str) -> tuple[int, int]:
    """Where `text` stands in JSON `data` as a value; (-1, -1) when it is not to be found."""
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
    return f"{item.reason}, line {item.line}" + (f": {text}" if text else "")


def _header(opened: Opened) -> Text:
    if opened.status is None:
        media = {"ndjson": "NDJSON"}.get(opened.media, "event stream")
        return Text.assemble(
            (escaping.compact(opened.url), "sse.heading"), "  ", media, no_wrap=True
        )
    status = escaping.compact(f"{opened.status} {opened.reason}".strip())
    content_type = escaping.compact(opened.header("content-type") or "no content type")
    return Text.assemble(
        (status, "sse.good" if opened.media != "other" else "sse.bad"),
        ("  " + content_type, ""),
        ("  " + escaping.compact(opened.http_version), "sse.label"),
        (f"  {'headers in' if opened.attempt == 1 else 'open again at'} ", "sse.label"),
        (units.seconds(opened.at), "sse.figure"),
        ("  " + escaping.compact(redaction.url(opened.url)), "sse.label"),
        no_wrap=True,
        overflow="ellipsis",
    )
