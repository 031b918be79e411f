"""Payloads: JSON, which is written as it was read, and everything else, which stays a string."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text import json_values
from sse_cli.text.json_values import MAX_DEPTH

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON, st.booleans())
def test_a_parsed_value_is_dumped_unchanged(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=ascii_only or None)
    assert json_values.parse(text) == value
    dumped = json_values.dump(json_values.parse(text))
    assert dumped.isascii()
    assert "\n" not in dumped
    assert json.loads(dumped) == value


@given(st.text(st.characters(codec=None)))
def test_no_text_raises_and_a_text_that_is_not_json_stays_a_string(text: str) -> None:
    value = json_values.parse(text)
    if value != text:
        assert json.loads(text) == value
    assert json.loads(json_values.dump(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        (" [1, 2]\n", [1, 2]),
        ('"a"', "a"),
        ("null", None),
        ("-0.0", -0.0),
        ("1.5E3", 1500.0),
        ("9007199254740993", 2**53 + 1),
        ("9" * 4300, 10**4300 - 1),
        ("1e308", 1e308),
        ("1e-999", 0.0),
        ('{"a":1,"a":2}', {"a": 2}),  # RFC 8259, 4: the last one, as browsers and jq do
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ud83d"),
        ('{"\\ud83d":"\\u0000"}', {"\ud83d": "\0"}),
    ],
)
def test_json_is_parsed(text: str, value: object) -> None:
    assert json_values.parse(text) == value
    assert json_values.parse(json_values.dump(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "hello", "[DONE]", "NaN", "-Infinity", "Infinity", '{"a":NaN}', "1e999",
        "[-1e999]", "9" * 5000, "[" + "9" * 5000 + "]", "\ufeff{}", "'a'", "{a:1}", "[1,]",
        "[1] [2]", "01", "+1",
        '"a\nb"', '"\x1b"', "\xa01", "tru", '{"a":1', "\x00",
    ],
)  # fmt: skip
def test_a_text_without_a_json_value_stays_a_string(text: str) -> None:
    assert json_values.parse(text) == text


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_is_json_up_to_the_limit_and_a_string_beyond(left: str, right: str) -> None:
    levels = left.count("[") + left.count("{")
    fits, over = MAX_DEPTH // levels, MAX_DEPTH // levels + 1
    text = left * fits + "1" + right * fits
    assert not isinstance(json_values.parse(text), str)
    assert json_values.dump(json_values.parse(text)) == text
    for depth in (over, 900, 1000, 1100, 100_000):
        text = left * depth + "1" + right * depth
        assert json_values.parse(text) == text


def test_many_brackets_side_by_side_are_not_nested() -> None:
    text = "[" + ",".join(["[]", "{}"] * 5000) + "]"
    assert json_values.dump(json_values.parse(text)) == text


def test_values_without_json_form_are_dumped_as_null() -> None:
    value = {"a": [math.nan, math.inf, object(), 1.5, "x", True, None], "b": {"c": -math.inf}}
    assert json_values.dump(value) == '{"a":[null,null,null,1.5,"x",true,null],"b":{"c":null}}'
    assert json_values.dump(math.nan) == "null"
