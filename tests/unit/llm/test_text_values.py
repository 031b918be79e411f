"""Values of text expressions: content parts, numbers, structured output and directives."""

from __future__ import annotations

from typing import Any

import pytest

from sse_cli.llm.text_values import directive, strings


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("a", "a"),
        (5, "5"),
        (0, "0"),
        (0.5, "0.5"),
        (True, ""),
        (None, ""),
        (["a", None, [1, ["b"]], False], "a1b"),
        ({"type": "text", "text": "a"}, "a"),
        ({"type": "output_text", "text": "a", "annotations": []}, "a"),
        ({"text": "a", "signature": "s"}, "a"),
        ([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}], "a"),
        ({"type": "reasoning_text", "text": "a"}, ""),
        ({"type": "thinking", "thinking": "a"}, ""),
        ({"type": 7, "text": "a"}, ""),
        ({"text": None, "other": 1}, ""),
        ({"answer": 5, "ü": [1]}, '{"answer":5,"ü":[1]}'),
        ({}, ""),
        ({"full": ["a", {"text": "b"}]}, "ab"),
        ({"closing": None}, ""),
    ],
)
def test_the_strings_of_a_value(found: Any, text: str) -> None:
    assert "".join(strings(found)) == text


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"full": "a"}, "full"),
        ({"part": 1, "closing": "a"}, "closing"),
        ({"line": None}, "line"),
        ({"part": 1}, ""),
        ({"full": "a", "other": 1}, ""),
        ({"full": "a", "part": 1, "x": 1}, ""),
        ({"text": "full"}, ""),
    ],
)
def test_an_object_is_a_directive_only_if_it_has_no_other_keys(
    found: dict[str, Any], name: str
) -> None:
    assert directive(found) == name
