"""The columns of the table of events: their widths, and cells placed side by side.

Widths depend on the terminal's width alone, so rows line up however long the stream runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Span, Text

from sse_cli.text import escaping

MIN_WIDTH: Final = 40
MIN_CELLS: Final = 8  # of a data column: anything narrower is unreadable
ELLIPSIS: Final = "…"
EVENT: Final = 3  # index of the column of event types; the columns before it hold numbers
DATA: Final = 5  # index of the first data column
# For terminals of at least the first number of cells: widths of the gap, event and id columns,
# and the space between columns. A narrow terminal has no gap column: the times show the gaps as
# well, and an event type cut to four cells would be useless.
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
    """Escaped text, its style, and the range of it that has another style, if any."""

    text: str
    style: str = ""
    bright: tuple[int, int, str] | None = None  # start, end, style


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The columns for a terminal of `width` cells: their titles and widths, 0 for a column that
    is left out."""

    width: int
    titles: tuple[str, ...]
    widths: tuple[int, ...]
    space: str
    ellipsis: str = ELLIPSIS
    hidden: int = 0  # queries without a column, for lack of width

    @classmethod
    def of(cls, width: int, names: Sequence[str], ellipsis: str = ELLIPSIS) -> TableLayout:
        """Return the layout for a terminal `width` and the names of the queries, if any."""
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

    def line(self, cells: Sequence[Cell]) -> Text:
        """Return the cells as one line, each cut or padded to its column's width."""
        parts: list[str] = []
        spans: list[Span] = []
        position = 0
        last = len(self.widths) - 1
        for index, (text, style, bright) in enumerate(cells[: len(self.widths)]):
            width = self.widths[index]
            if not width:
                continue
            shown = _fit(text, width, index, self.ellipsis, pad=index < last)
            if style and shown:
                spans.append(Span(position, position + len(shown), style))
            if bright:
                start, end, accent = bright
                end = min(end, len(shown))
                if start < end:  # it may lie beyond the cut
                    spans.append(Span(position + start, position + end, accent))
            parts.append(shown)
            position += len(shown) + len(self.space)
        return Text(self.space.join(parts), spans=spans, no_wrap=True, overflow="crop", end="\n")

    def wrapped_lines(self, cells: Sequence[Cell]) -> Iterable[Text]:
        """Yield the cells as lines, the data columns wrapped instead of cut."""
        data = cells[DATA : len(self.widths)]
        columns = [_wrapped(cell.text, self.widths[DATA + i]) for i, cell in enumerate(data)]
        for n in range(max(map(len, columns))):
            left = cells[:DATA] if n == 0 else [Cell("")] * DATA
            right = [
                Cell(column[n] if n < len(column) else "", cell.style)
                for column, cell in zip(columns, data, strict=True)
            ]
            yield self.line([*left, *right])


def _fit(text: str, width: int, column: int, ellipsis: str, *, pad: bool) -> str:
    """Return `text` in `width` cells: numbers aligned right, event types cut at the start."""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        if column == EVENT:
            return _cut_start(text[-width:], width, ellipsis)
        text = set_cell_size(text, width - 1) + ellipsis
        return set_cell_size(text, width)
    if column < EVENT:
        return " " * (width - cells) + text
    return text + " " * (width - cells) if pad else text


def _cut_start(text: str, width: int, ellipsis: str) -> str:
    """Return the end of an event type: types differ there (…output_text.delta, ….done)."""
    while cell_len(text) > width - 1:
        text = text[1:]
    return set_cell_size(ellipsis + text, width)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [piece for line in text.split("\n") for piece in (chop_cells(line, width) or [""])]
    return lines or [""]
