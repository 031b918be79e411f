"""The scenarios are data: these tests read their bytes with nothing but `json`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.encoding import split_tokens
from sse_cli.mockserver.scenarios.scenario import Scenario, Step
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom
from sse_cli.model.errors import UsageError
from tests.support.paths import ROOT

APIS = ["anthropic", "gemini", "openai-chat", "openai-responses"]


def script(name: str) -> dict[str, Any]:
    return tomllib.loads((bundled.FOLDER / f"{name}.toml").read_text("utf-8"))


def payloads(name: str) -> list[Any]:
    lines = b"".join(step.data for step in bundled.load(name).steps).decode().splitlines()
    texts = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(text) for text in texts if text != "[DONE]"]


def of_type(name: str, kind: str) -> list[Any]:
    return [payload for payload in payloads(name) if payload["type"] == kind]


def chat_text() -> str:
    choices = [choice for payload in payloads("openai-chat") for choice in payload["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def responses_text(kind: str) -> str:
    return "".join(item["delta"] for item in of_type("openai-responses", f"response.{kind}.delta"))


def anthropic_text(key: str) -> str:
    deltas = [item["delta"] for item in of_type("anthropic", "content_block_delta")]
    return "".join(delta.get(key, "") for delta in deltas)


def gemini_text(thought: bool) -> str:
    parts = [item["candidates"][0]["content"]["parts"][0] for item in payloads("gemini")]
    return "".join(part["text"] for part in parts if part.get("thought", False) is thought)


def seconds(scenario: Scenario) -> list[float]:
    return [step.delay for step in scenario.steps if isinstance(step.delay, float)]


READ: dict[tuple[str, str], Callable[[], str]] = {
    ("openai-chat", "answer"): chat_text,
    ("openai-responses", "answer"): lambda: responses_text("output_text"),
    ("openai-responses", "reasoning"): lambda: responses_text("reasoning_summary_text"),
    ("openai-responses", "tool"): lambda: responses_text("function_call_arguments"),
    ("anthropic", "answer"): lambda: anthropic_text("text"),
    ("anthropic", "reasoning"): lambda: anthropic_text("thinking"),
    ("anthropic", "tool"): lambda: anthropic_text("partial_json"),
    ("gemini", "answer"): lambda: gemini_text(thought=False),
    ("gemini", "reasoning"): lambda: gemini_text(thought=True),
}


NAMES = [
    "anthropic", "clock", "gemini", "mcp", "openai-chat", "openai-responses",
    "openai-responses-tool",
]  # fmt: skip


def test_the_scenarios_ship_with_the_package() -> None:
    assert bundled.names() == NAMES
    assert all(bundled.load(name).description for name in bundled.names())


@pytest.mark.parametrize(("name", "what"), READ)
def test_the_pieces_join_to_the_text_of_the_file(name: str, what: str) -> None:
    expected = script(name)[what]
    text = READ[name, what]()
    assert text == (expected["arguments"] if what == "tool" else expected)
    assert what != "tool" or isinstance(json.loads(text), dict)


@pytest.mark.parametrize("name", APIS)
def test_an_answer_has_text_that_breaks_naive_clients(name: str) -> None:
    answer = script(name)["answer"]
    for wanted in (r"[\U0001f300-\U0001faff]", r"[\u3040-\u9fff]", r'["*]', r"\n\n"):
        assert re.search(wanted, answer), wanted
    assert 60 <= len(bundled.load(name).steps) <= 120


@pytest.mark.parametrize("name", bundled.names())
def test_two_loads_give_the_same_bytes_and_waits(name: str) -> None:
    assert bundled.load(name) == bundled.load(name)


@pytest.mark.parametrize("name", bundled.names())
def test_the_pace_is_realistic(name: str) -> None:
    waits = seconds(bundled.load(name))
    assert 0.3 <= waits[0] <= 0.6
    assert 3 <= sum(waits) <= 6
    assert len(set(waits)) > 10
    assert max(waits[1:]) >= 0.2  # a pause now and then


@pytest.mark.parametrize("name", bundled.names())
def test_each_write_is_one_whole_event(name: str) -> None:
    eol = b"\r\n" if name == "gemini" else b"\n"
    for step in bundled.load(name).steps:
        assert step.data.endswith(eol * 2)
        assert step.data.count(eol * 2) == 1
        assert step.data.count(b"\r") == (2 if name == "gemini" else 0)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("openai-chat", "data: [DONE]\n\n"),
        ("openai-responses", 'event: response.completed\ndata: {"type":"response.completed",'),
        ("anthropic", 'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
        (
            "gemini",
            'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finish',
        ),
    ],
)
def test_a_stream_ends_as_its_api_ends(name: str, end: str) -> None:
    assert bundled.load(name).steps[-1].data.decode().startswith(end)


def test_chat_sends_usage_in_an_event_without_choices_at_the_end() -> None:
    *before, last = payloads("openai-chat")
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 18 + len(split_tokens(script("openai-chat")["answer"]))
    assert all(payload["usage"] is None for payload in before)
    assert before[-1]["choices"][0]["finish_reason"] == "stop"


def test_the_events_of_responses_are_numbered_and_named_by_type() -> None:
    steps = bundled.load("openai-responses").steps
    found = payloads("openai-responses")
    assert [payload["sequence_number"] for payload in found] == list(range(len(steps)))
    for step, payload in zip(steps, found, strict=True):
        assert step.data.startswith(b"event: %s\n" % payload["type"].encode())


def test_the_completed_response_holds_every_item_that_was_built() -> None:
    (last,) = of_type("openai-responses", "response.completed")
    done = [item["item"] for item in of_type("openai-responses", "response.output_item.done")]
    assert last["response"]["output"] == done
    assert [item["type"] for item in done] == ["reasoning", "message", "function_call"]
    assert last["response"]["usage"]["total_tokens"] > 74


def test_anthropic_blocks_open_and_close_in_turn_with_pings_between() -> None:
    kinds = [(item["type"], item.get("index")) for item in payloads("anthropic")]
    outline = [kind for kind in kinds if kind[0] != "content_block_delta"]
    block = [("content_block_start", 0), ("ping", None), ("content_block_stop", 0)]
    blocks = [(k, None if i is None else n) for n in range(3) for k, i in block]
    assert outline == [
        ("message_start", None),
        *blocks,
        ("message_delta", None),
        ("message_stop", None),
    ]


def test_gemini_counts_tokens_upwards() -> None:
    counts = [item["usageMetadata"]["candidatesTokenCount"] for item in payloads("gemini")]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(split_tokens(script("gemini")["answer"])))


def test_the_clock_has_every_kind_of_line() -> None:
    blocks = [step.data.decode() for step in bundled.load("clock").steps]
    assert len(blocks) == 30
    assert "event: chime\n\n" in blocks
    assert ": keep-alive\n\n" in blocks
    assert "\nretry: 2000\n\n" in blocks[0]
    assert any(block.count("data:") > 2 for block in blocks)
    ids = [int(found) for block in blocks for found in re.findall(r"^id: (\d+)$", block, re.M)]
    assert ids == list(range(21))


def test_speed_divides_every_wait_and_zero_removes_it() -> None:
    clock = bundled.load("clock")
    assert seconds(clock.at_speed(2)) == [wait / 2 for wait in seconds(clock)]
    assert set(seconds(clock.at_speed(0))) == {0.0}
    assert [step.data for step in clock.at_speed(0).steps] == [step.data for step in clock.steps]


def test_speed_leaves_gates_alone() -> None:
    gate = threading.Event()
    assert Scenario.of("x", [(gate, b"a"), (3, b"b")]).at_speed(0).steps == (
        Step(gate, b"a"),
        Step(0, b"b"),
    )


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("antropic", "did you mean anthropic?"),
        ("openai", "openai-chat"),
        ("zzz", f"there are: {', '.join(NAMES)}"),
        ("../events", "there are: "),
        ("", "there are: "),
    ],
)
def test_an_unknown_name_gets_the_closest_ones(typed: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no scenario is called") as caught:
        bundled.load(typed)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", " ", "a\r\n\tb", "漏れ日 👩‍🚀!", "1234567 x" * 3, "\u2028é\n\n\n"]
)
def test_pieces_join_to_the_whole_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


def test_random_numbers_stay_within_bounds() -> None:
    rng = SeededRandom(1)
    rolled = {rng.below(6) for _ in range(500)}
    assert rolled == set(range(6))
    assert all(0.25 <= rng.between(0.25, 0.5) <= 0.5 for _ in range(500))


def test_loading_a_scenario_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); from sse_cli.mockserver.scenarios import bundled;"
        "bundled.load('gemini');"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    heavy = {"asyncio", "difflib", "h11", "httpx", "importlib_resources", "random", "rich", "typer"}
    assert not heavy & set(ran.stdout.decode().split())
