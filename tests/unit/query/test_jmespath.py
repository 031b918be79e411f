"""Compiled expressions against the jmespath library, the oracle for every answer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any, Final

import jmespath
import pytest
from jmespath.exceptions import JMESPathError

from sse_cli.llm import wire_format
from sse_cli.query.jmespath import compile_expression, is_total, parse
from sse_cli.query.selection import Expression
from sse_cli.text.json_values import is_false
from tests.support import long_runs
from tests.support.format_corpus import STREAMS, expected_of
from tests.support.jmespath_expressions import COMPARISONS, Writer, outcome


@long_runs.count("expressions", 2_000, 100_000)
def test_random_expressions_give_the_librarys_results(seed: int, expressions: int) -> None:
    writer = Writer(seed)
    nothing, raised, total = 0, 0, 0
    for text, library in writer.parsed(expressions):
        value = writer.value()
        expected = outcome(library.search, value)
        nothing += expected == ("gives", "null")
        raised += expected[0] == "raises"
        found = outcome(compile_expression(text), value)
        assert found == expected, f"seed {seed}: {text} of {json.dumps(value)}"
        if is_total(library.parsed):
            total += 1
            assert found[0] == "gives", f"seed {seed}: {text} is total"
            json.dumps(library.search(value), allow_nan=False)  # raises if the value is not JSON
    # The oracle must have given enough results.
    assert nothing < 0.75 * expressions
    assert raised > 0.05 * expressions
    assert total > 0.2 * expressions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("choices[0].delta.content", True),
        ("data.type=='x' && data.{a:b, c:[d, e]} || items[?!(f != `1`)][].*", True),
        ('contains(`["a", "b"]`, data.type)', True),
        ("contains(data, 'a')", False),
        ('contains(`["a"]`, &b)', False),
        ("length(a)", False),
        ("[length(a)]", False),
        ("a < b", False),
        ("a[::0]", False),
        ("&a", False),
        ("`NaN`", False),
        ("`[1e999]`", False),
        ("!" * 29 + "a", True),
        ("!" * 31 + "a", False),
    ],
)
def test_an_expression_that_may_fail_or_leave_json_is_not_total(text: str, expected: bool) -> None:
    assert is_total(parse(text)) is expected


def test_an_expression_counts_its_failures() -> None:
    expression = Expression("length(a)", "--where")
    assert [expression.search({"a": value}) for value in ("xy", 1, None)] == [2, None, None]
    assert expression.errors == 2


@pytest.mark.parametrize("value", [0, 0.0, False, True, None, "", [], {}, "0", [0], {"a": None}])
def test_truth_agrees_with_the_library(value: Any) -> None:
    assert is_false(value) is (jmespath.search("@ || 'false'", value) == "false")
    for text in ("!@", "@ && 'true'", "[@] | [?@]", "@ || 'false'"):
        assert outcome(compile_expression(text), value) == outcome(
            jmespath.compile(text).search, value
        )


@pytest.mark.parametrize("left", [0, 0.0, 1, 1.0, 2, True, False, "1", "", None, [0], [False], {}])
@pytest.mark.parametrize("right", ["`0`", "`1`", "`1.0`", "`true`", "`false`", "'1'", "`[0]`", "@"])
def test_comparisons_distinguish_numbers_and_booleans_as_the_library_does(
    left: Any, right: str
) -> None:
    for sign in COMPARISONS:
        text = f"@ {sign} {right}"
        assert outcome(compile_expression(text), left) == outcome(
            jmespath.compile(text).search, left
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a < b", 'a number and a string have no order: 1.5 < "x"'),
        ("b >= `7`", 'a string and a number have no order: "x" >= 7'),
        ("[a, b, long < a]", f'a string and a number have no order: "{"y" * 38}… < 1.5'),
        ("`1` > line", 'a number and a string have no order: 1 > "\\n\\""'),
    ],
)
def test_an_ordering_error_names_both_values(text: str, words: str) -> None:
    value = {"a": 1.5, "b": "x", "long": "y" * 10_000, "line": '\n"'}
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        compile_expression(text)(value)


@pytest.mark.parametrize(
    "text",
    ["a.", "a[", "a b", "", "&", "foo(", "a ||", "'a", '"a', "[?a", "{a: }", "#", "a.`1`"],
)
def test_expressions_that_the_library_rejects_are_not_compiled(text: str) -> None:
    with pytest.raises(JMESPathError):
        jmespath.compile(text)
    with pytest.raises(JMESPathError):
        compile_expression(text)


@pytest.mark.parametrize("value", [None, 0, True, "a", "c", ["a"], {"a": 1}, [], "", [["a"]]])
def test_contains_with_a_literal_list_agrees_with_the_library(value: Any) -> None:
    for text in ('contains(`["a", "b"]`, @)', "contains(`[]`, @)", "contains(`[1, 0]`, @)"):
        library = jmespath.compile(text)
        assert outcome(compile_expression(text), value) == outcome(library.search, value)


@pytest.mark.parametrize("value", [[1, [2, [3]], [], "ab", None], [[{"a": 1}]], {}, "x", None])
def test_flattening_removes_one_level(value: Any) -> None:
    for text in ("[]", "[][]", "[].a", "[] | [0]"):
        library = jmespath.compile(text)
        assert outcome(compile_expression(text), value) == outcome(library.search, value)


def test_functions_do_not_modify_a_literal() -> None:
    expression = compile_expression("sort(`[3, 1, 2]`)")
    assert expression(None) == [1, 2, 3] == expression(None)
    assert compile_expression("`[3, 1, 2]` | reverse(@)")(None) == [2, 1, 3]


def test_an_expression_reference_sees_only_the_current_element() -> None:
    value = {"limit": 1, "items": [{"n": 2}, {"n": 1, "limit": 0}]}
    assert compile_expression("sort_by(items, &n)[0].limit")(value) == 0
    assert compile_expression("map(&limit, items)")(value) == [None, 0]


def _payloads() -> Iterator[tuple[str, Any]]:
    """Yield every payload of the corpus with its format, and a few that no API sends."""
    odd: Any
    for odd in (None, "[DONE]", "", "text", 1, [], {}, {"choices": None}):
        yield "", odd
    for path in STREAMS:
        name = expected_of(path)["format"]
        for line in path.read_text(encoding="utf-8").split("\n"):
            text = line.removeprefix("data:").strip()
            if text.startswith("{") and text.endswith("}"):
                yield name, json.loads(text)


NAMES: Final = ("message", "error", "data", "complete", "messages/x", "conversation.message.delta")
ENVELOPES: Final = [
    (name, {"event": NAMES[number % len(NAMES)], "id": None, "data": data, "raw": str(data)})
    for number, (name, data) in enumerate(_payloads())
]
FORMATS: Final = [wire_format.read(path) for path in sorted(wire_format.FOLDER.glob("*.toml"))]


@pytest.mark.parametrize(
    ("wire", "key"), [(w, k) for w in FORMATS for k in w.texts], ids=lambda x: getattr(x, "name", x)
)
@long_runs.count("others", 100, len(ENVELOPES))
def test_every_expression_of_a_format_gives_the_librarys_results(
    seed: int, others: int, wire: wire_format.WireFormat, key: str
) -> None:
    ours, library = compile_expression(wire.texts[key]), jmespath.compile(wire.texts[key])
    per_item = "each" in wire.texts and key in wire_format.ITEM_KEYS
    items = jmespath.compile(wire.texts["each"] if per_item else "[@]")
    own = [envelope for name, envelope in ENVELOPES if name in ("", wire.name)]
    foreign = [envelope for name, envelope in ENVELOPES if name not in ("", wire.name)]
    sample = random.Random(seed).sample(foreign, min(others, len(foreign)))
    for envelope in [*own, *sample]:
        for asked in items.search(envelope) or []:
            assert outcome(ours, asked) == outcome(library.search, asked)
