"""OpenAI's Responses API: output items, each started, filled and finished by its own events."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeAlias

from sse_cli.mockserver.scenarios.encoding import Fields, encode_event, obfuscation, split_tokens
from sse_cli.mockserver.scenarios.scenario_file import Gap, ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import HEX, SeededRandom

TypedEvent: TypeAlias = tuple[Gap, str, Fields]  # gap, event type, other fields
ItemEvents: TypeAlias = Generator[TypedEvent, None, Fields]  # returns the finished item


def events(file: ScenarioFile, rng: SeededRandom) -> TimedEvents:
    """Yield a response: a reasoning summary, a message, a function call, as far as it has them."""
    for number, (gap, kind, fields) in enumerate(_response(file, rng)):
        yield gap, encode_event({"type": kind, "sequence_number": number, **fields}, kind)


def _response(file: ScenarioFile, rng: SeededRandom) -> Iterator[TypedEvent]:
    response = _response_object(file, rng)
    yield "first", "response.created", {"response": response}
    yield "now", "response.in_progress", {"response": response}
    output: list[Fields] = []
    items = (
        (_reasoning_item, file.reasoning),
        (_message_item, file.answer),
        (_function_item, file.tool),
    )
    for item, content in items:
        if content:
            output.append((yield from item(file, rng, len(output))))
    done = {"status": "completed", "output": output, "usage": _usage(file)}
    yield "piece", "response.completed", {"response": {**response, **done}}


def _reasoning_item(file: ScenarioFile, rng: SeededRandom, index: int) -> ItemEvents:
    item: Fields = {"id": f"rs_{rng.identifier(48, HEX)}", "type": "reasoning", "summary": []}
    position = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    kind = "response.reasoning_summary"
    empty, whole = ({"type": "summary_text", "text": text} for text in ("", file.reasoning))
    yield "now", "response.output_item.added", {"output_index": index, "item": item}
    yield "think", f"{kind}_part.added", {**position, "part": empty}
    for piece in split_tokens(file.reasoning):
        yield "piece", f"{kind}_text.delta", {**position, "delta": piece, **obfuscation(rng)}
    yield "now", f"{kind}_text.done", {**position, "text": file.reasoning}
    yield "now", f"{kind}_part.done", {**position, "part": whole}
    return (yield from _item_done(index, {**item, "summary": [whole]}))


def _message_item(file: ScenarioFile, rng: SeededRandom, index: int) -> ItemEvents:
    item: Fields = {
        "id": f"msg_{rng.identifier(48, HEX)}",
        "type": "message",
        "status": "in_progress",
        "content": [],
        "role": "assistant",
    }
    position = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    whole = {**part, "text": file.answer}
    yield "think", "response.output_item.added", {"output_index": index, "item": item}
    yield "now", "response.content_part.added", {**position, "part": part}
    for piece in split_tokens(file.answer):
        fields = {**position, "delta": piece, "logprobs": [], **obfuscation(rng)}
        yield "piece", "response.output_text.delta", fields
    yield "now", "response.output_text.done", {**position, "text": file.answer, "logprobs": []}
    yield "now", "response.content_part.done", {**position, "part": whole}
    return (yield from _item_done(index, {**item, "status": "completed", "content": [whole]}))


def _function_item(file: ScenarioFile, rng: SeededRandom, index: int) -> ItemEvents:
    tool = file.required_tool()
    item: Fields = {
        "id": f"fc_{rng.identifier(48, HEX)}",
        "type": "function_call",
        "status": "in_progress",
        "arguments": "",
        "call_id": f"call_{rng.identifier(24)}",
        "name": tool.name,
    }
    position = {"item_id": item["id"], "output_index": index}
    kind = "response.function_call_arguments"
    done = {"name": tool.name, "arguments": tool.arguments}
    yield "think", "response.output_item.added", {"output_index": index, "item": item}
    for piece in split_tokens(tool.arguments):
        yield "piece", f"{kind}.delta", {**position, "delta": piece, **obfuscation(rng)}
    yield "now", f"{kind}.done", {**position, **done}
    return (yield from _item_done(index, {**item, "status": "completed", **done}))


def _item_done(index: int, item: Fields) -> ItemEvents:
    yield "now", "response.output_item.done", {"output_index": index, "item": item}
    return item


def _response_object(file: ScenarioFile, rng: SeededRandom) -> Fields:
    nothing = dict.fromkeys(
        ["error", "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls"]
    )
    return {
        "id": f"resp_{rng.identifier(48, HEX)}",
        "object": "response",
        "created_at": file.created,
        "status": "in_progress",
        "background": False,
        **nothing,
        "model": file.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": "low", "summary": "auto"},
        "safety_identifier": None,
        "service_tier": "auto",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }


def _usage(file: ScenarioFile) -> Fields:
    reasoning = len(split_tokens(file.reasoning))
    arguments = file.tool.arguments if file.tool else ""
    output = reasoning + len(split_tokens(file.answer)) + len(split_tokens(arguments))
    return {
        "input_tokens": file.input_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": file.input_tokens + output,
    }
