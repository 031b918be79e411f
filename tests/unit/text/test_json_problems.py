"""Problems of a text that should be a JSON document."""

from __future__ import annotations

import pytest

from sse_cli.text.json_problems import problem, second_document

DOCUMENT = '{"a": [true, false, null, -1.5e+10, "x\\u00e9\\n\\"y"], "b": {"c": 1}}'


@pytest.mark.parametrize("size", range(len(DOCUMENT)))
def test_every_start_of_a_document_is_cut(size: int) -> None:
    unit = "character" if size == 1 else "characters"
    assert problem(DOCUMENT[:size]) == f"cut after {size} {unit}"
    assert problem(DOCUMENT) == ""


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('{"city":"Oslo"}{"city":"Rome"}', "two JSON documents: the second begins at column 16"),
        ('{"a":1} {', "two JSON documents: the second begins at column 9"),
        ('  {"a":1}\n[2]', "two JSON documents: the second begins at column 11"),
        ('{"a" 1}', "column 6: expecting ':' delimiter"),
        ("SELECT 1", "column 1: expecting value"),
        ("{'a':1}", "column 2: expecting property name"),
        ('{"a":1} x', "column 9: extra data"),
        ('{"a":"x\ny"}', "column 8: invalid control character"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "a number has too many digits"),
    ],
)
def test_a_problem_names_its_place(text: str, start: str) -> None:
    assert problem(text).startswith(start)


@pytest.mark.parametrize("text", ["{}", "[]", ' {"a":1} ', "1", '"x"', "null"])
def test_a_document_has_no_problem(text: str) -> None:
    assert problem(text) == ""
    assert second_document(text) == -1
