"""`-o csv`: rows that readers of RFC 4180, Python's among them, read back unchanged."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.events import Closed, Comment, Ending, Message, Opened
from sse_cli.model.row import Item, Row
from sse_cli.query.selection import Query
from sse_cli.render.csv_renderer import CSVRenderer

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def row(data: str, *values: Any, kind: str = "message", id_: str | None = None) -> Row:
    made = Row(Message(kind, data, "", id_, 1.25, 0, 0, n=7))
    made.values = list(values)
    return made


def written(*items: Item, queries: tuple[str, ...] = (), escaped: bool = False) -> str:
    renderer = CSVRenderer([Query(text) for text in queries], escaped=escaped)
    return "".join(
        renderer.rows([item]) if isinstance(item, Row) else renderer.note(item) for item in items
    )


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a b", "a b"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        ("a\rb", '"a\rb"'),
        ("日本\t=1+1", "日本\t=1+1"),
    ],
)
def test_a_cell_is_quoted_where_the_rfc_requires_it(cell: str, line: str) -> None:
    assert written(row(cell)) == f"n,t,event,id,data\n7,1.250000,message,,{line}\n"


def test_queries_are_columns_and_null_is_an_empty_cell() -> None:
    text = written(row("", 1, None, [1, "a"], kind="tick", id_="i"), queries=("a", "B=b", "[c,d]"))
    assert text == 'n,t,event,id,a,B,"[c,d]"\n7,1.250000,tick,i,1,,"[1,""a""]"\n'


def test_the_header_comes_first_and_once_even_without_a_message() -> None:
    others: list[Item] = [Opened(0.0, "http://h/"), Comment("c", 0.0, 0), Closed(0.0, Ending.EOF)]
    assert written(*others) == "n,t,event,id,data\n"
    assert written(others[0], row("a"), row("b")).count("n,t") == 1


def test_a_terminal_gets_escapes_in_every_column() -> None:
    text = written(row("\x1b[2J", kind="\u202ee", id_="\x07"), escaped=True)
    assert text.splitlines()[1] == "7,1.250000,\\u202ee,\\x07,\\x1b[2J"
    heads = written(row("", 1), queries=('"\u202e"',), escaped=True).splitlines()[0]
    assert heads == 'n,t,event,id,"""\\u202e"""'


@given(CELL, CELL, CELL)
def test_cells_are_read_back_unchanged(data: str, kind: str, id_: str) -> None:
    text = written(row(data, kind=kind, id_=id_), row(data))
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows[1:] == [["7", "1.250000", kind, id_, data], ["7", "1.250000", "message", "", data]]
