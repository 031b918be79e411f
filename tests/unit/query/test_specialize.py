"""Specialised expressions against the original ones, for values that the knowledge describes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from sse_cli.query.jmespath import compile_expression, compile_syntax, parse
from sse_cli.query.jmespath.knowledge import NULL, Constant, Fields, Kind, Knowledge
from sse_cli.query.jmespath.looks import best_look
from sse_cli.query.jmespath.specialize import (
    is_never_true,
    only_string,
    specialize,
    without_empty_ends,
)
from sse_cli.text.json_values import dump, is_false
from tests.support import long_runs
from tests.support.jmespath_expressions import SCALARS, Writer, outcome

FALSE = {"type": "literal", "value": False, "children": []}
STRINGS = tuple(one for one in SCALARS if isinstance(one, str))


def described(dice: random.Random, value: Any) -> Knowledge:
    """Return something that is true of `value`, by chance much or little."""
    kind = dice.randrange(4)
    if kind == 0:
        return None
    if kind == 1 and not isinstance(value, dict | list):
        return Constant(value)
    if kind == 2 and value is not None:
        others = frozenset(one for one in dice.sample(STRINGS, 3) if one != value)
        return Kind(value.__class__, others)
    return fields_of(dice, value)


def fields_of(dice: random.Random, value: Any) -> Knowledge:
    if not isinstance(value, dict):
        return Fields({"a": NULL, "type": NULL})
    keys = dice.sample([*value], dice.randrange(len(value) + 1))
    known: dict[str, Knowledge] = {key: described(dice, value[key]) for key in keys}
    is_closed = len(keys) == len(value)
    return Fields(known, is_object=is_closed or dice.random() < 0.5, is_closed=is_closed)


def holds(knows: Knowledge, value: Any) -> bool:
    """Return whether what is known is true of `value`."""
    if knows is None:
        return True
    if isinstance(knows, Constant):
        return dump(knows.value) == dump(value)
    if isinstance(knows, Kind):
        is_excluded = isinstance(value, str) and value in knows.excluded
        return value.__class__ is knows.kind and value is not None and not is_excluded
    fields = value if isinstance(value, dict) else {}
    if knows.is_object and value is not fields:
        return False
    if knows.is_closed and any(fields[key] is not None for key in fields.keys() - knows.known):
        return False
    return all(holds(known, fields.get(key)) for key, known in knows.known.items())


@long_runs.count("expressions", 4_000, 200_000)
def test_a_specialised_expression_gives_the_same_value(seed: int, expressions: int) -> None:
    writer = Writer(seed)
    changed = 0
    for text, library in writer.parsed(expressions):
        value = writer.value()
        knows = described(writer.dice, value)
        assert holds(knows, value)
        special = specialize(library.parsed, knows)
        changed += special.node is not library.parsed
        where = f"seed {seed}: {text} of {dump(value)}, knowing {knows}"
        expected = outcome(compile_expression(text), value)
        assert outcome(compile_syntax(special.node), value) == expected, where
        if expected[0] == "gives":
            assert holds(special.knows, compile_expression(text)(value)), where
        else:
            assert special.knows is None, where
    assert changed > 0.2 * expressions


@long_runs.count("rounds", 1_000, 50_000)
def test_what_a_look_tells_is_true_of_the_value(seed: int, rounds: int) -> None:
    writer = Writer(seed)
    looks = 0
    for _ in range(rounds):
        nodes = [library.parsed for _, library in writer.parsed(12)]
        value = writer.value()
        knows: Knowledge = None
        for _ in range(4):
            look = best_look(nodes, knows)
            if look is None:
                break
            looks += 1
            knows = look.learned(look.case(value), knows)
            assert holds(knows, value), f"seed {seed}: {dump(value)}, knowing {knows}"
            nodes = [specialize(node, knows).node for node in nodes]
    assert looks > 0.3 * rounds


@long_runs.count("expressions", 2_000, 100_000)
def test_endings_that_are_left_out_were_false(seed: int, expressions: int) -> None:
    writer = Writer(seed)
    for text, library in writer.parsed(expressions):
        value = writer.value()
        original = {"type": "or_expression", "children": [library.parsed, FALSE]}
        assert without_empty_ends(original) == without_empty_ends(library.parsed)
        try:
            expected = compile_syntax(original)(value)
        except Exception:  # it has to raise whatever the library raises
            continue
        found = compile_syntax(without_empty_ends(original))(value)
        same = dump(found) == dump(expected)
        assert same or (is_false(found) and is_false(expected)), f"seed {seed}: {text}"


@long_runs.count("expressions", 4_000, 200_000)
def test_an_expression_that_is_never_true_gives_a_false_value(seed: int, expressions: int) -> None:
    writer = Writer(seed)
    never = 0
    for text, library in writer.parsed(expressions):
        value = writer.value()
        special = specialize(library.parsed, described(writer.dice, value))
        if is_never_true(special.node):
            never += 1
            kind, found = outcome(compile_expression(text), value)
            assert kind == "raises" or is_false(json.loads(found)), f"seed {seed}: {text}"
    assert never > 0.02 * expressions


TYPE = Fields({"type": Constant("ping")}, is_object=True)


@pytest.mark.parametrize(
    ("text", "knows", "expected"),
    [
        ("type=='text' && text", TYPE, False),
        ("type!='text'", TYPE, True),
        ("type=='text' && text", Fields({"type": Kind(str, frozenset({"text"}))}), False),
        ('contains(`["a","b"]`, type) && text', TYPE, False),
        ("starts_with(type, 'pi') && type", TYPE, "ping"),
        ("a.b || c.d", Fields({"x": None}, is_object=True, is_closed=True), None),
        ("a[].b", Fields({"a": Kind(str)}), None),
        ("[a, b[?c]]", Fields({"a": NULL, "b": Kind(str)}, is_object=True), [None, None]),
        ("@ == 'a'", TYPE, False),
        ("!@", TYPE, False),
    ],
)
def test_what_follows_from_the_knowledge_is_a_constant(
    text: str, knows: Knowledge, expected: Any
) -> None:
    assert specialize(parse(text), knows).knows == Constant(expected)


def test_a_condition_that_holds_is_left_out() -> None:
    knows = Fields({"type": Constant("text")})
    assert specialize(parse("type=='text' && text"), knows).node == parse("text")


def test_an_expression_that_fails_is_kept() -> None:
    for text in ("length(type) && a", "abs(@) | 'b'", "[type > `1`]"):
        node = parse(text)
        assert specialize(node, Fields({"type": Constant(None), "a": NULL})).knows is None, text


def test_the_only_string_in_lists_of_nothing_else_is_found() -> None:
    delta = Fields({"content": Kind(str)}, is_object=True, is_closed=True)
    knows = Fields({"delta": delta}, is_object=True, is_closed=True)
    for text in (
        "delta.[content || refusal, content[?type=='text'].text]",
        "[delta.[content, refusal, audio.transcript], message && {closing: message.content}]",
        "[[delta.[refusal, refusal=='a']], delta.content || `false`]",
    ):
        assert only_string(parse(text), knows) == parse("delta.content"), text
    for text in ("delta.[content, content]", "[delta.other]", "delta", "delta.[content, `0`]"):
        assert only_string(parse(text), knows) is None, text


def test_no_look_is_worth_it_for_a_single_path() -> None:
    assert best_look([parse("a.b.c")], None) is None
