"""`-o text`: exact lines, for pipes and for terminals."""

from __future__ import annotations

from typing import Any

import pytest

from sse_cli.model.events import Closed, Comment, Ending, Ignored, Message, Opened, Retry
from sse_cli.model.row import Item, Row
from sse_cli.render.text_renderer import TextRenderer

REST: list[Item] = [
    Opened(0.0, "http://h/"),
    Comment(" hi", 0.0, 0),
    Retry(5, 0.0, 0),
    Ignored("no-data", 1, "id: 1", 0.0, 0, 6),
    Closed(0.0, Ending.EOF),
]


def row(data: str = "", *values: Any) -> Row:
    made = Row(Message("message", data, "", None, 0.0, 0, 0))
    made.values = list(values)
    return made


def text(item: Item, *, queries: bool = True, join: bool = False, escaped: bool = False) -> str:
    renderer = TextRenderer(queries=queries, join=join, escaped=escaped)
    return renderer.rows([item]) if isinstance(item, Row) else renderer.note(item)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["a"], "a\n"),
        ([""], "\n"),
        ([None], ""),
        ([None, None], ""),
        ([None, 1], "\t1\n"),
        (["a", None], "a\t\n"),
        (["", ""], "\t\n"),
        ([True, 1.5, {"k": ["é"]}], 'true\t1.5\t{"k":["é"]}\n'),
        (["two\nlines\t\x1b"], "two\nlines\t\x1b\n"),
        ([False], "false\n"),
    ],
)
def test_values_are_joined_by_tabs_and_null_is_empty(values: list[Any], line: str) -> None:
    assert text(row("unused", *values)) == line


def test_without_a_query_a_line_is_the_data_as_received() -> None:
    assert text(row('{"a": 1}'), queries=False) == '{"a": 1}\n'
    assert text(row("two\nlines"), queries=False) == "two\nlines\n"
    assert text(row(""), queries=False) == "\n"


def test_joined_values_get_no_newline() -> None:
    assert text(row("", "a"), join=True) == "a"
    assert text(row("a\n"), queries=False, join=True) == "a\n"
    assert text(row("", None), join=True) == ""


def test_a_terminal_gets_escapes_for_control_characters() -> None:
    assert text(row("", "\x1b[2J", "a\nb"), escaped=True) == "\\x1b[2J\ta\nb\n"
    assert text(row("\u202e\x9b\x07"), queries=False, escaped=True) == "\\u202e\\x9b\\x07\n"


@pytest.mark.parametrize("item", REST, ids=lambda item: type(item).__name__)
def test_only_messages_are_printed_as_text(item: Item) -> None:
    assert text(item) == text(item, queries=False) == ""
