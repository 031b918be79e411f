"""Answers reassembled from the streams of every API: the corpus, cut anywhere, and hostile
input."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator, Choice
from sse_cli.llm.detection import MAX_EVENTS
from sse_cli.llm.extractor import explain
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Delta
from sse_cli.model.events import Chunk, Closed, Ending, Ignored, Message, Opened, Signal
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from tests.support import long_runs
from tests.support.format_corpus import BY_NAME, FORMATS, STREAMS, expected_of, mutated
from tests.support.paths import FORMATS as CORPUS

MILLION: Final = 1 << 20

every_stream = pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)


def reassemble(
    body: bytes, *, size: int = 0, ndjson: bool = False, wires: Sequence[WireFormat] = FORMATS
) -> tuple[Accumulator, list[Delta]]:
    """Return the answer of a body that is read `size` bytes at a time, and its parts."""
    session, accumulator = Session(), Accumulator(wires)
    reads = [body[at : at + size] for at in range(0, len(body), size)] if size else [body]
    session.feed(Opened(0.0, "", media="ndjson" if ndjson else "event-stream"))
    signals: list[Signal] = [
        *(Chunk(float(n), read) for n, read in enumerate(reads)),
        Closed(0.0, Ending.EOF),
    ]
    pieces: list[Delta] = []
    for event in (event for signal in signals for event in session.feed(signal)):
        if isinstance(event, Message):
            accumulator.feed([row := Row(event)])
            pieces += row.deltas
        elif isinstance(event, Ignored):
            pieces += accumulator.feed_ignored(event, session.messages)
    return accumulator, [*pieces, *accumulator.finish(0.0)]


def of_payloads(name: str, *payloads: Any) -> tuple[Accumulator, list[Delta]]:
    """Return the answer of events of one format, given as their JSON."""
    texts = (one if isinstance(one, str) else json.dumps(one) for one in payloads)
    body = "".join(f"data: {text}\n\n" for text in texts)
    return reassemble(body.encode(), wires=[BY_NAME[name]])


def chat(*deltas: dict[str, Any], choice: int = 0) -> Iterator[dict[str, Any]]:
    """Return the answer of events of OpenAI's chat completions."""
    for delta in deltas:
        yield {"object": "chat.completion.chunk", "choices": [{"index": choice, "delta": delta}]}


def typed(pieces: Iterable[Delta], kind: str = "text", choice: int = 0) -> str:
    """Return the text of one choice as a person would have seen it typed."""
    return "".join(p.value for p in pieces if p.kind == kind and p.choice == choice)


def answer(choice: Choice) -> dict[str, Any]:
    calls = choice.tools.calls
    return {
        "text": str(choice.text),
        "reasoning": str(choice.reasoning),
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": json.loads(call.arguments)}
            for call in calls
        ],
        "finish_reason": choice.finish,
    }


def assert_expected(accumulator: Accumulator, expected: dict[str, Any]) -> None:
    assert accumulator.format is not None
    assert accumulator.format.name == expected["format"]
    wanted = {key: expected[key] for key in ("text", "reasoning", "finish_reason")}
    wanted["tool_calls"] = [
        {**call, "arguments": json.loads(call["arguments"])} for call in expected["tool_calls"]
    ]
    assert answer(accumulator.choice()) == wanted
    assert accumulator.usage == expected["usage"]
    assert accumulator.error == expected["error"]
    assert accumulator.done == expected["done"]
    for number, choice in enumerate(expected.get("choices", ())):
        found = answer(accumulator.choice(number))
        assert {key: found[key] for key in choice} == choice


# The corpus


def test_the_corpus_is_complete() -> None:
    assert len(STREAMS) == 84


@every_stream
def test_a_stream_of_the_corpus_gives_the_expected_answer(path: Path) -> None:
    body, expected = path.read_bytes(), expected_of(path)
    for size in (0, 1, 7):  # bytes of a read; 0 for the whole stream
        accumulator, pieces = reassemble(body, size=size, ndjson=path.suffix == ".ndjson")
        assert_expected(accumulator, expected)
        assert_told(accumulator, pieces)


def assert_told(accumulator: Accumulator, pieces: Sequence[Delta]) -> None:
    """Assert that the pieces, put together, are the answer."""
    for number, choice in accumulator.choices.items():
        last = max((n for n, p in enumerate(pieces) if p.replaces), default=0)
        assert typed(pieces[last:], choice=number) == str(choice.text)
        assert typed(pieces, "reasoning", number) == str(choice.reasoning)
        told = [p.value for p in pieces if p.kind == "tool" and p.choice == number]
        said = [(call.id, call.name, call.arguments) for call in told]
        whole = [(call.id, call.name, call.arguments) for call in choice.tools.calls]
        assert sorted(said, key=repr) == sorted(whole, key=repr)


@every_stream
def test_a_named_format_gives_the_same_answer_as_a_detected_one(path: Path) -> None:
    expected = expected_of(path)
    wires = [BY_NAME[expected["format"]]]
    accumulator, _ = reassemble(path.read_bytes(), ndjson=path.suffix == ".ndjson", wires=wires)
    assert_expected(accumulator, expected)


@every_stream
def test_a_complete_stream_is_reported_as_complete(path: Path) -> None:
    expected = expected_of(path)
    accumulator, _ = reassemble(path.read_bytes(), ndjson=path.suffix == ".ndjson")
    assert accumulator.is_whole or expected["error"]


@every_stream
def test_nothing_after_the_end_is_read(path: Path) -> None:
    expected = expected_of(path)
    body = path.read_bytes()
    separator = b"" if path.suffix == ".ndjson" else b"\r\n\r\n"
    accumulator, pieces = reassemble(body + separator + body, ndjson=path.suffix == ".ndjson")
    once, pieces_once = reassemble(body, ndjson=path.suffix == ".ndjson")
    goes_on = accumulator.format is not None and accumulator.format.goes_on
    if goes_on or not expected["done"]:
        assert len(pieces) > len(pieces_once) or not pieces_once
        return
    assert_expected(accumulator, expected)
    assert len(pieces) == len(pieces_once)
    assert answer(once.choice()) == answer(accumulator.choice())


def test_an_end_without_data_ends_a_langserve_stream() -> None:
    body = b'event: data\ndata: "a"\n\nevent: end\n\nevent: data\ndata: "b"\n\n'
    accumulator, pieces = reassemble(body)
    assert accumulator.done
    assert typed(pieces) == "a" == str(accumulator.choice().text)


# Detection


def test_events_before_detection_are_read_again() -> None:
    start = [{"type": "ping"}, {"object": "something else", "error": None}]
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in start)
    body += (CORPUS / "anthropic.sse").read_text(encoding="utf-8")
    assert_expected(reassemble(body.encode())[0], expected_of(CORPUS / "anthropic.sse"))
    # The `choices` of this stream show its API only in the second event.
    first = {"choices": [{"index": 0, "message": {}, "finish_reason": "early"}], "usage": {"a": 1}}
    events = [first, *chat({"content": "hi"})]
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in events)
    accumulator, pieces = reassemble(body.encode())
    assert accumulator.usage == {"a": 1}
    assert [(p.kind, p.n) for p in pieces] == [("finish", 1), ("usage", 1), ("text", 2)]


def test_a_format_that_shows_late_is_read_from_there_on() -> None:
    late = b'data: {"unheard": "of"}\n\n' * (MAX_EVENTS + 50)
    accumulator, _ = reassemble(late + (CORPUS / "anthropic.sse").read_bytes())
    assert_expected(accumulator, expected_of(CORPUS / "anthropic.sse"))


def test_plain_text_is_held_back_until_it_is_certain() -> None:
    assert typed(reassemble(b"data: Hello\n\ndata:  world\n\n")[1]) == "Hello world"
    accumulator, pieces = reassemble(b'data: {"a": 1}\n\ndata: Hello\n\n')
    assert accumulator.format is None
    assert pieces == []


def test_text_that_was_given_out_before_another_format_took_over_is_void() -> None:
    body = b"data: one\n\ndata: two\n\ndata: three\n\n"
    accumulator, pieces = reassemble(body + (CORPUS / "anthropic.sse").read_bytes())
    assert_expected(accumulator, expected_of(CORPUS / "anthropic.sse"))
    found = [p for p in pieces if p.kind == "text"]
    assert [p.value for p in found[:3]] == ["one", "two", "three"]
    assert [n for n, p in enumerate(found) if p.replaces] == [3]
    assert "".join(p.value for p in found[3:]) == str(accumulator.choice().text)


def test_the_values_of_json_strings_are_the_text() -> None:
    body = b'data: "Hello "\n\ndata: {"k": 1}\n\ndata: "w\\u00f6rld"\n\ndata: 5\n\n'
    accumulator, pieces = reassemble(body + b'event: error\ndata: "oops"\n\n')
    assert typed(pieces) == "Hello wörld5" == str(accumulator.choice().text)
    assert accumulator.error == "oops"


# Text


@pytest.mark.parametrize("name", ["openai-chat", "vercel-ui"])
def test_surrogate_pairs_split_over_deltas_become_one_character(name: str) -> None:
    events: dict[str, Any] = {
        "openai-chat": lambda text: {"choices": [{"index": 0, "delta": {"content": text}}]},
        "vercel-ui": lambda text: {"type": "text-delta", "id": "1", "delta": text},
    }
    fragments = ["a\ud83d", "\ude80b", "\ud83d", "\ude80", "\ud83d\ude80\ud83d", "", "\ude80."]
    accumulator, pieces = of_payloads(name, *map(events[name], fragments))
    assert [p.value for p in pieces] == ["a", "🚀b", "🚀", "🚀", "🚀."]
    assert str(accumulator.choice().text) == "a🚀b🚀🚀🚀."


def test_an_unpaired_surrogate_is_returned_at_the_end() -> None:
    accumulator, pieces = of_payloads("openai-chat", *chat({"content": "a\ud83d"}), "[DONE]")
    assert [p.value for p in pieces] == ["a", "\ud83d"]
    assert str(accumulator.choice().text) == "a\ud83d"
    accumulator, pieces = of_payloads("openai-chat", *chat({"content": "\ud83d"}, {"content": "b"}))
    assert typed(pieces) == "\ud83db" == str(accumulator.choice().text)
    assert typed(of_payloads("openai-chat", *chat({"content": "\ude80b"}))[1]) == "\ude80b"


def test_an_unpaired_surrogate_at_the_end_of_a_full_text_does_not_repeat_it() -> None:
    wholes = ["ab\ud83d", "ab\ud83d\ude80", "ab🚀c\ud83d", "ab🚀c🚀"]
    events = [{"output": {"text": text}, "request_id": "1"} for text in wholes]
    _, pieces = of_payloads("dashscope", *events)
    assert [(p.value, p.replaces) for p in pieces] == [
        ("ab", False), ("🚀", False), ("c", False), ("🚀", False),
    ]  # fmt: skip
    parts = [("ab\ud83d", False), ("\ude80c", True)]
    events = [
        {"result": {"kind": "artifact-update", "append": append,
                    "artifact": {"artifactId": "1", "parts": [{"text": text}]}}}
        for text, append in parts
    ]  # fmt: skip
    accumulator, pieces = of_payloads("a2a-v03", *events)
    assert [p.value for p in pieces] == ["ab", "🚀c"]
    assert str(accumulator.choice().text) == "ab🚀c"


def test_a_restated_text_replaces_the_earlier_one() -> None:
    def event(text: str, part: str) -> dict[str, Any]:
        artifact = {"artifactId": part, "parts": [{"text": text}]}
        return {"result": {"kind": "artifact-update", "artifact": artifact}}

    events = [event("one", "a"), event("two", "a"), event("two and", "a"), event("more", "b")]
    accumulator, pieces = of_payloads("a2a-v03", *events)
    assert [(p.value, p.replaces) for p in pieces] == [
        ("one", False), ("two", True), (" and", False), ("more", False),
    ]  # fmt: skip
    assert str(accumulator.choice().text) == "two andmore"


def test_emoji_and_cjk_survive_reads_of_any_size() -> None:
    text = "日本語 👩‍🚀 é\u0301 🇫🇷 \u2028 \x85 Ω"
    body = "".join(
        f"data: {json.dumps(one, ensure_ascii=False)}\n\n" for one in chat({"content": text})
    ).encode()
    for size in range(1, 9):
        assert typed(reassemble(body, size=size)[1]) == text


def test_nul_and_other_controls_are_text() -> None:
    text = "a\u0000b\u001b[31m\u202e\r\n"
    assert typed(of_payloads("openai-chat", *chat({"content": text}))[1]) == text


def test_several_choices_are_kept_apart() -> None:
    events = [
        *chat({"content": "a"}), *chat({"content": "x"}, choice=1), *chat({"content": "b"}),
        *chat({"content": "y", "reasoning": "r"}, choice=1), *chat({"content": "z"}, choice=7),
    ]  # fmt: skip
    accumulator, pieces = of_payloads("openai-chat", *events)
    assert [typed(pieces, choice=number) for number in (0, 1, 7)] == ["ab", "xy", "z"]
    assert str(accumulator.choice(1).text) == "xy"
    assert str(accumulator.choice(1).reasoning) == "r"
    assert str(accumulator.choice(3).text) == ""


def test_an_answer_is_complete_once_every_choice_has_finished() -> None:
    def end(choice: int) -> dict[str, Any]:
        return {"choices": [{"index": choice, "delta": {}, "finish_reason": "stop"}]}

    both = [*chat({"content": "a"}), *chat({"content": "x"}, choice=1)]
    for events, whole in (
        (both, False), ([*both, end(0)], False), ([*both, end(0), end(1)], True),
        ([*both, "[DONE]"], True), ([], False),
    ):  # fmt: skip
        assert of_payloads("openai-chat", *events)[0].is_whole is whole


def test_usage_is_merged_and_null_erases_nothing() -> None:
    first = {"type": "message_start", "message": {"usage": {"input": 9, "output": 1, "x": None}}}
    last = {"type": "message_delta", "delta": {}, "usage": {"input": None, "output": 5}}
    accumulator, _ = of_payloads("anthropic", first, last)
    assert accumulator.usage == {"input": 9, "output": 5, "x": None}


def test_the_first_error_and_the_last_finish_reason_count() -> None:
    events = [
        {"error": {"message": "one"}, "choices": [{"index": 0, "finish_reason": "stop"}]},
        {"error": {"message": "two"}, "choices": [{"index": 0, "finish_reason": "length"}]},
    ]
    accumulator, pieces = of_payloads("openai-chat", *events)
    assert accumulator.error == {"message": "one"}
    assert accumulator.choice().finish == "length"
    assert [p.kind for p in pieces] == ["finish", "error", "finish"]


def test_a_blocked_prompt_has_a_finish_reason_without_a_candidate() -> None:
    accumulator, _ = of_payloads("gemini", {"promptFeedback": {"blockReason": "SAFETY"}})
    assert accumulator.choice().finish == "SAFETY"
    assert accumulator.is_whole


# Tool calls


def test_the_keys_of_tool_calls_are_local_to_their_part(tmp_path: Path) -> None:
    (tmp_path / "parts.toml").write_text('tool = "data.t"\npart = "data.part"\n')
    wire = wire_format.read(tmp_path / "parts.toml")
    records = [("m1", "1"), ("m2", "2"), ("m1", "3"), ({"odd": 1}, "4"), ({"odd": 1}, "5")]
    body = "".join(
        f"data: {json.dumps({'part': part, 't': {'key': 0, 'name': 'f', 'args': args}})}\n\n"
        for part, args in records
    )
    accumulator, _ = reassemble(body.encode(), wires=[wire])
    calls = accumulator.choice().tools.calls
    assert [call.arguments for call in calls] == ["13", "2", "45"]


def test_a_call_is_reported_once_when_the_next_begins_or_the_stream_ends() -> None:
    def event(index: int, **function: str) -> dict[str, Any]:
        return next(chat({"tool_calls": [{"index": index, "function": function}]}))

    _, pieces = of_payloads(
        "openai-chat",
        event(0, name="f"), event(0, arguments="{}"), event(1, name="g"),
        event(1, arguments='{"x":'), event(2, name="h"), event(1, arguments="1}"), "[DONE]",
    )  # fmt: skip
    told = [(p.n, p.value.name, p.value.arguments) for p in pieces if p.kind == "tool"]
    assert told == [(3, "f", "{}"), (7, "g", '{"x":1}'), (7, "h", "{}")]


def test_a_call_without_arguments_so_far_is_not_reported_yet() -> None:
    def event(index: int, **function: str) -> dict[str, Any]:
        return next(chat({"tool_calls": [{"index": index, "function": function}]}))

    _, pieces = of_payloads(
        "openai-chat",
        event(0, name="f"), event(1, name="g"), event(0, arguments='{"x":1}'),
        event(1, arguments="{}"),
    )  # fmt: skip
    told = [(p.n, p.value.arguments) for p in pieces if p.kind == "tool"]
    assert told == [(4, '{"x":1}'), (4, "{}")]


@pytest.mark.parametrize(("more", "valid"), [((), False), (("1}",), True)])
def test_a_call_tells_whether_its_arguments_are_json(more: Sequence[str], valid: bool) -> None:
    fragments = [{"name": "f", "arguments": '{"x":'}, *({"arguments": text} for text in more)]
    calls = [{"tool_calls": [{"index": 0, "function": one}]} for one in fragments]
    _, pieces = of_payloads("openai-chat", *chat(*calls))
    [call] = [p.value for p in pieces if p.kind == "tool"]
    assert call.is_valid is valid


def test_a_reported_call_does_not_change() -> None:
    def one(index: int, **function: str) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, "function": function}]}

    deltas = (
        one(0, name="f", arguments="{}"),
        one(1, name="g", arguments="{}"),
        one(0, arguments=" "),
    )
    accumulator, pieces = of_payloads("openai-chat", *chat(*deltas))
    told = [(p.value.name, p.value.arguments) for p in pieces if p.kind == "tool"]
    assert told == [("f", "{}"), ("g", "{}")]
    assert [call.arguments for call in accumulator.choice().tools.calls] == ["{} ", "{}"]


def seconds_for(events: Sequence[dict[str, Any]]) -> tuple[float, Accumulator]:
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in events).encode()
    start = time.process_time()
    accumulator, _ = reassemble(body, wires=[BY_NAME["openai-chat"]])
    return time.process_time() - start, accumulator


def test_the_cost_of_tool_arguments_is_linear_in_their_length() -> None:
    def events(size: int) -> list[dict[str, Any]]:
        text = json.dumps({"x": "é\n" * (size // 8)})
        parts = [text[at : at + 64] for at in range(0, len(text), 64)]
        return list(
            chat(*({"tool_calls": [{"index": 0, "function": {"arguments": p}}]} for p in parts))
        )

    small, _ = seconds_for(events(MILLION // 4))
    large, accumulator = seconds_for(events(MILLION))
    [call] = accumulator.choice().tools.calls
    assert len(call.arguments) > MILLION
    assert json.loads(call.arguments) == {"x": "é\n" * (MILLION // 8)}
    assert large < 12 * small  # 4 when the cost is linear, 16 and more when it is not


def test_the_cost_of_ten_thousand_tool_calls_is_linear_in_their_number() -> None:
    def events(number: int) -> list[dict[str, Any]]:
        function = {"name": "f", "arguments": '{"x": 1'}  # never JSON
        return list(
            chat(*({"tool_calls": [{"index": n, "function": function}]} for n in range(number)))
        )

    small, _ = seconds_for(events(2_500))
    large, accumulator = seconds_for(events(10_000))
    assert len(accumulator.choice().tools.calls) == 10_000
    assert large < 12 * small


# Payloads that no API sends


@every_stream
@long_runs.count("rounds", 6, 120)
def test_no_payload_makes_the_accumulator_fail(seed: int, rounds: int, path: Path) -> None:
    expected = expected_of(path)
    dice = random.Random(f"{seed} {path.stem}")
    lines = path.read_text(encoding="utf-8").replace("\r\n", "\n").split("\n")
    for _ in range(rounds):
        hostile = [_hostile(dice, line, path.suffix == ".ndjson") for line in lines]
        body = "\n".join(hostile).encode("utf-8", "replace")
        for wires in (FORMATS, [BY_NAME[expected["format"]]]):
            accumulator, pieces = reassemble(body, ndjson=path.suffix == ".ndjson", wires=wires)
            for piece in pieces:
                if piece.kind in ("text", "reasoning", "finish"):
                    assert isinstance(piece.value, str)
            for choice in accumulator.choices.values():
                assert isinstance(str(choice.text), str)
                assert all(isinstance(call.arguments, str) for call in choice.tools.calls)


def _hostile(dice: random.Random, line: str, ndjson: bool) -> str:
    head = "" if ndjson else "data: "
    text = line.removeprefix("data:").strip()
    if dice.random() < 0.7 or not text.startswith("{"):
        return line
    try:
        value = json.loads(text)
    except ValueError:
        return line
    return head + json.dumps(mutated(dice, value))


# Explaining


def test_an_explanation_names_each_key_that_gives_a_value() -> None:
    wire = BY_NAME["openai-chat"]
    payload = {"choices": [{"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {}}]}
    envelope = {"event": "message", "id": None, "data": payload, "raw": ""}
    found = dict(explain(wire, envelope))
    assert found["each"] == payload["choices"]
    assert found["text[0]"] == [["a", None, None], None]
    assert found["choice[1]"] == 1
    assert "finish[0]" not in found
    assert "error" not in found


def test_an_explanation_reports_errors_of_evaluation(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("text = \"starts_with(data.a, 'x') && data.a\"\n")
    envelope = {"event": "message", "id": None, "data": {"a": 5}, "raw": ""}
    [(label, reason)] = explain(wire_format.named(str(file)), envelope)
    assert label == "text fails"
    assert "starts_with" in reason


# Text and calls that stand only in the events that close them

ITEM: Final = {"id": "m", "type": "message", "content": [{"type": "output_text", "text": "Four."}]}
CALL: Final = {"id": "i", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
SHELL: Final = {
    "id": "s", "type": "shell_call", "call_id": "d", "action": {"commands": ["ls"], "timeout": None}
}  # fmt: skip
THOUGHT: Final = {
    "id": "r", "type": "reasoning", "summary": [{"text": "One"}, {"text": "Two"}]
}  # fmt: skip
CLOSING: Final[dict[str, list[dict[str, Any]]]] = {
    "delta": [
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "One"},
        {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 1},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Two"},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "Fo"},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "ur."},
        {"type": "response.output_item.added", "output_index": 2, "item": CALL | {"arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
    ],
    "text.done": [
        {"type": "response.output_text.done", "output_index": 1, "text": "Four."},
        {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": "{}"},
    ],
    "part.done": [
        {"type": "response.content_part.done", "output_index": 1, "part": ITEM["content"][0]},
    ],
    "item.done": [
        {"type": "response.output_item.done", "output_index": 0, "item": THOUGHT},
        {"type": "response.output_item.done", "output_index": 1, "item": ITEM},
        {"type": "response.output_item.done", "output_index": 2, "item": CALL},
        {"type": "response.output_item.done", "output_index": 3, "item": SHELL},
    ],
    "completed": [
        {
            "type": "response.completed",
            "response": {"status": "completed", "output": [THOUGHT, ITEM, CALL, SHELL]},
        }
    ],
}  # fmt: skip


def test_the_calls_of_a_closing_event_keep_their_order() -> None:
    items = [
        {"type": "function_call", "id": "f1", "call_id": "c1", "name": "one", "arguments": "{}"},
        {"type": "mcp_approval_request", "id": "m2", "name": "two", "arguments": "{}"},
        {"type": "function_call", "id": "f3", "call_id": "c3", "name": "three", "arguments": "{}"},
    ]
    response = {"status": "completed", "output": items}
    accumulator, _ = of_payloads(
        "openai-responses", {"type": "response.completed", "response": response}
    )
    calls = [(call.id, call.name) for call in accumulator.choice().tools.calls]
    assert calls == [("c1", "one"), ("m2", "two"), ("c3", "three")]


def test_a_response_that_was_cancelled_is_over() -> None:
    cancelled = {"type": "response.cancelled", "response": {"status": "cancelled"}}
    accumulator, _ = of_payloads("openai-responses", cancelled)
    assert (accumulator.done, accumulator.choice().finish) == (True, "cancelled")


@pytest.mark.parametrize(
    "kinds",
    [kinds for number in range(1, 6) for kinds in combinations(CLOSING, number)
     if "item.done" in kinds or "completed" in kinds],
    ids="+".join,
)  # fmt: skip
def test_a_responses_answer_is_whole_whichever_events_hold_it(kinds: tuple[str, ...]) -> None:
    events = [event for kind in kinds for event in CLOSING[kind]]
    accumulator, pieces = of_payloads("openai-responses", *events)
    choice = accumulator.choice()
    assert typed(pieces) == "Four." == str(choice.text)
    assert str(choice.reasoning) == "One\n\nTwo"
    assert [(call.id, call.name, call.arguments) for call in choice.tools.calls] == [
        ("c", "f", "{}"), ("d", "shell_call", '{"commands":["ls"]}'),
    ]  # fmt: skip
    assert accumulator.differing == 0


def test_a_closing_text_that_differs_is_counted() -> None:
    closing = [*CLOSING["item.done"], *CLOSING["completed"]]
    accumulator, pieces = of_payloads("openai-responses", CLOSING["delta"][3], *closing)
    assert typed(pieces) == "Four."
    assert accumulator.differing == 0
    accumulator, pieces = of_payloads("openai-responses", CLOSING["delta"][4], *closing)
    assert typed(pieces) == "ur."
    assert accumulator.differing


def test_a_final_chat_completion_does_not_double_the_answer() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {
        "role": "assistant",
        "content": "Hi!",
        "reasoning_content": "Hm",
        "tool_calls": [call],
    }
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}
    deltas = chat({"reasoning_content": "Hm"}, {"content": "Hi"}, {"content": "!"},
                  {"tool_calls": [call | {"index": 0}]})  # fmt: skip
    for events in ([whole], [*deltas, whole]):
        accumulator, pieces = of_payloads("openai-chat", *events)
        assert typed(pieces) == "Hi!"
        assert str(accumulator.choice().reasoning) == "Hm"
        assert [one.name for one in accumulator.choice().tools.calls] == ["f"]


# Several runs


def test_a_run_that_begins_opens_the_answer_again() -> None:
    first = [{"type": "RUN_STARTED"}, {"type": "TEXT_MESSAGE_CHUNK", "delta": "One."},
             {"type": "RUN_FINISHED"}]  # fmt: skip
    accumulator, _ = of_payloads("ag-ui", *first)
    assert accumulator.is_whole
    accumulator, _ = of_payloads("ag-ui", *first, *first[:2])
    assert not accumulator.is_whole
    accumulator, pieces = of_payloads("ag-ui", *first, *first)
    assert accumulator.is_whole
    assert typed(pieces) == "One.One."
