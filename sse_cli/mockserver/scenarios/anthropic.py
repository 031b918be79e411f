"""Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from sse_cli.mockserver.scenarios.encoding import Fields, encode_event, split_tokens
from sse_cli.mockserver.scenarios.scenario_file import Gap, ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom

TypedEvents: TypeAlias = Iterator[tuple[Gap, str, Fields]]  # gap, event type, other fields


def events(file: ScenarioFile, rng: SeededRandom) -> TimedEvents:
    """Yield a message: a thinking block, a text block, a tool use."""
    for gap, kind, fields in _message(file, rng):
        yield gap, encode_event({"type": kind, **fields}, kind)
        if kind == "content_block_start":
            yield "now", b'event: ping\ndata: {"type": "ping"}\n\n'


def _message(file: ScenarioFile, rng: SeededRandom) -> TypedEvents:
    tool = file.required_tool()
    blocks = (file.reasoning, file.answer, tool.arguments)
    yield "first", "message_start", {"message": _message_object(file, rng)}
    yield from _block(
        0, {"type": "thinking", "thinking": "", "signature": ""}, _thinking(file, rng)
    )
    yield from _block(1, {"type": "text", "text": ""}, _deltas("text_delta", "text", file.answer))
    use = {
        "type": "tool_use",
        "id": f"toolu_01{rng.identifier(22)}",
        "name": tool.name,
        "input": {},
    }
    yield from _block(2, use, _deltas("input_json_delta", "partial_json", tool.arguments, ""))
    usage = {
        "input_tokens": file.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": sum(len(split_tokens(block)) for block in blocks),
    }
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    yield "piece", "message_delta", {"delta": stop, "usage": usage}
    yield "now", "message_stop", {}


def _message_object(file: ScenarioFile, rng: SeededRandom) -> Fields:
    return {
        "id": f"msg_01{rng.identifier(22)}",
        "type": "message",
        "role": "assistant",
        "model": file.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": file.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 1,
            "service_tier": "standard",
        },
    }


def _block(index: int, block: Fields, deltas: Iterator[Fields]) -> TypedEvents:
    yield (
        "think" if index else "now",
        "content_block_start",
        {"index": index, "content_block": block},
    )
    for delta in deltas:
        yield "piece", "content_block_delta", {"index": index, "delta": delta}
    yield "now", "content_block_stop", {"index": index}


def _deltas(kind: str, key: str, text: str, *before: str) -> Iterator[Fields]:
    for piece in (*before, *split_tokens(text)):
        yield {"type": kind, key: piece}


def _thinking(file: ScenarioFile, rng: SeededRandom) -> Iterator[Fields]:
    yield from _deltas("thinking_delta", "thinking", file.reasoning)
    yield {"type": "signature_delta", "signature": f"{rng.identifier(94)}=="}
