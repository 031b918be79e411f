"""Plans: the same values as without them, and only the expressions that may yield something."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from sse_cli.llm import extraction_plan
from sse_cli.llm.extractor import Envelope, Extractor
from sse_cli.llm.wire_format import WireFormat
from sse_cli.query.selection import Query
from sse_cli.text.json_values import is_false
from tests.support import long_runs
from tests.support.format_corpus import BY_NAME, FORMATS
from tests.support.odd_events import envelope, odd_events


def values_of(extractor: Extractor, event: Envelope) -> list[Any]:
    """Return the values of an event, those that mean "nothing" as None."""
    items = [(choice, part, *map(meaning, rest)) for choice, part, *rest in extractor.items(event)]
    functions = (extractor.usage, extractor.error, extractor.done)
    found = [function and function(event) for function in functions]
    return [items, [None if is_false(one) else one for one in found]]


def meaning(value: Any) -> Any:
    """Return the value of an item's key without the lists that make no difference to its reader."""
    if isinstance(value, list):
        known = [meaning(item) for item in value]
        some = [item for item in known if item is not None]
        return some[0] if len(some) == 1 and isinstance(some[0], str) else some or None
    return None if is_false(value) else value


@pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)
@long_runs.count("rounds", 1, 20)
def test_a_plan_changes_no_value(seed: int, rounds: int, wire: WireFormat) -> None:
    planned, plain = Extractor(wire), Extractor(wire)
    dice = random.Random(seed)
    for _ in range(rounds):
        for event in odd_events(dice):
            expected = values_of(plain, event)
            for _ in range(3):  # a plan is made when a case comes again, and then used
                assert values_of(planned.for_event(event), event) == expected, (seed, event)


def test_expressions_of_other_types_of_events_are_not_asked() -> None:
    extractor = Extractor(BY_NAME["anthropic"])
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "a"},
    }
    for _ in range(6):
        found = extractor.for_event(envelope(delta))
    assert found.text is not None
    assert found.text(envelope(delta)) == "a"
    asked = [found.reasoning, found.tool, found.finish, found.usage, found.error, found.done]
    assert asked == [None] * 6


def test_an_event_that_comes_once_makes_no_plan() -> None:
    extractor = Extractor(BY_NAME["anthropic"])
    first, again = (extractor.for_event(envelope({"type": "ping"})) for _ in range(2))
    assert first.done is not None
    assert again.done is None


def test_endless_different_events_take_a_bounded_number_of_plans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extraction_plan, "MAX_CASES", 10)
    extractor = Extractor(BY_NAME["anthropic"])
    types = ("content_block_delta", "message_delta", "message_stop", "error", "ping")
    keys = [("type", *more) for n in range(3) for more in itertools.combinations("abcdef", n)]
    results = set()
    for _ in range(5):
        for names in keys:
            for kind in types:
                data = {**dict.fromkeys(names, 1), "type": kind, "x": dict.fromkeys(names)}
                results.add(id(extractor.for_event(envelope(data))))
    assert len(results) <= 11
    assert values_of(extractor.for_event(envelope({"type": "message_stop"})), envelope(data))


def test_the_functions_of_a_query_are_always_asked() -> None:
    query = Query("text", "--query")
    wire = WireFormat.of("--query", {"text": lambda one: query.search(one["data"])}, query)
    extractor = Extractor(wire)
    for text in ("a", "b", "c"):
        assert extractor.for_event(envelope({})).items(envelope({"text": text}))[0][3] == text


def test_failures_of_a_specialised_expression_count_as_those_of_the_original() -> None:
    texts = {"text": "data.type=='a' && data.b.c.d && abs(data.text)"}
    wire = WireFormat("own", path=BY_NAME["anthropic"].path / "own.toml", texts=texts)
    plain, planned = Extractor(wire), Extractor(wire)
    event = envelope({"type": "a", "b": {"c": {"d": 1}}, "text": "x"})
    for _ in range(4):
        plain.items(event)
        planned.for_event(event).items(event)
    assert wire.failures["text"][0] == 8


def test_a_fragment_of_text_is_known_to_be_all_of_its_event() -> None:
    extractor = Extractor(BY_NAME["anthropic"])
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}}
    for _ in range(6):
        found = extractor.for_event(envelope(delta))
    assert extractor.sole_text is None
    assert found.sole_text is found.text
    assert found.items(envelope(delta)) == [(0, None, None, "a", None, None)]
