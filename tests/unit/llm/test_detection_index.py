"""The index of detection: up to date, and never in the way of a format that fits."""

from __future__ import annotations

import json
import random
import warnings
from typing import Any, Final

import pytest

from sse_cli.llm import detection_index
from sse_cli.llm.detection_index import FILE, Clues, clues_of
from sse_cli.llm.extractor import Envelope
from sse_cli.query.jmespath import compile_syntax, parse
from sse_cli.text.json_values import is_false
from tests.support import long_runs
from tests.support.detection_index import text_of_index
from tests.support.format_corpus import FORMATS
from tests.support.jmespath_expressions import Writer
from tests.support.odd_events import ODD, envelope, odd_events

EVENTS: Final = ("message", "a", "delta", "error")


def test_the_index_is_up_to_date() -> None:
    hint = "run python -m tests.support.detection_index"
    assert FILE.read_text(encoding="utf-8") == text_of_index(), hint


def test_the_trees_of_the_index_are_those_of_the_library() -> None:
    for text in detection_index.index():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            assert detection_index.syntax_of(text) == json.loads(json.dumps(parse(text)))


@long_runs.count("rounds", 1, 20)
def test_a_format_that_fits_an_event_is_never_left_out(seed: int, rounds: int) -> None:
    dice = random.Random(seed)
    left_out = 0
    for _ in range(rounds):
        for event in odd_events(dice):
            for wire in FORMATS:
                condition = wire.get("detect")
                assert condition is not None
                if not wire.may_fit(event):
                    left_out += 1
                    assert is_false(condition(event)), f"seed {seed}: {wire.name}, {event}"
    assert left_out > 0


@long_runs.count("conditions", 2_000, 100_000)
def test_the_clues_of_a_condition_follow_from_it(seed: int, conditions: int) -> None:
    writer = Writer(seed)
    texts = ("data.{}", "event == 'a' && data.{}", "data.type=='a' && data.{}", "event != 'a'")
    left_out = 0
    for text, _ in writer.parsed(conditions):
        try:
            condition = parse(writer.dice.choice(texts).format(text))
        except ValueError:  # not every expression may follow a dot
            continue
        event = envelope(random_data(writer), writer.dice.choice(EVENTS))
        if not clues_of(condition).may_fit(event):
            left_out += 1
            assert is_false(value_of(condition, event)), f"seed {seed}: {text} of {event}"
    assert left_out > 0.05 * conditions


def random_data(writer: Writer) -> Any:
    return writer.value() if writer.dice.random() < 0.8 else writer.dice.choice(ODD)


def value_of(condition: Any, event: Envelope) -> Any:
    try:
        return compile_syntax(condition)(event)
    except Exception:  # then it is not true
        return None


@pytest.mark.parametrize(
    ("text", "clues"),
    [
        ("event=='end'", Clues(named=True, events=["end"])),
        ("starts_with(event, 'run.')", Clues(named=True)),
        ("data.a && data.b.c", Clues(keys=[["a"], ["b"]])),
        ("data.a || data.b.c", Clues(keys=[["a", "b"]])),
        ('contains(`["a","b"]`, data.type)', Clues(strings={"type": ["a", "b"]})),
        ("data.type=='a' && data.x", Clues(keys=[["x"]], strings={"type": ["a"]})),
        ("type(data)=='object'", Clues()),
        ("!data.a", Clues()),
    ],
)
def test_clues(text: str, clues: Clues) -> None:
    assert clues_of(parse(text)) == clues


def test_a_condition_that_is_not_in_the_index_is_always_asked() -> None:
    assert detection_index.may_fit("data.unheard", envelope({}))
    assert detection_index.syntax_of("data.unheard") is None
