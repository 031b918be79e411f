"""From a script to the bytes of one API: a generator each, of (beat, event).

Every event has the fields, in the order, that the API's own server sends, down to what
only the official SDKs read. `BUILDERS` names them as the scenario files do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from sse_cli.mockserver.scenarios.openai_responses import openai_responses
from sse_cli.mockserver.scenarios.script import (
    HEX,
    Beat,
    Dice,
    Fields,
    Script,
    event,
    obfuscation,
    pieces,
)

Beats: TypeAlias = Iterator[tuple[Beat, bytes]]
Parts: TypeAlias = Iterator[tuple[Beat, str, Fields]]  # with the event's type in between


def wire(script: Script, _dice: Dice) -> Beats:
    """The stream as it stands in the file: each block (up to its blank line) is a write."""
    blocks = [f"{block}\n\n".encode() for block in script.wire.strip("\n").split("\n\n")]
    yield "first", blocks[0]
    for block in blocks[1:]:
        yield "piece", block


def openai_chat(script: Script, dice: Dice) -> Beats:
    """Chat Completions with `stream_options: {include_usage: true}`."""
    head = {
        "id": f"chatcmpl-{dice.opaque(24)}",
        "object": "chat.completion.chunk",
        "created": script.created,
        "model": script.model,
        "service_tier": "default",
        "system_fingerprint": f"fp_{dice.opaque(10, HEX)}",
    }

    def chunk(choices: list[Fields], usage: Fields | None = None) -> bytes:
        return event({**head, "choices": choices, "usage": usage, **obfuscation(dice)})

    yield "first", chunk([_choice({"role": "assistant", "content": "", "refusal": None})])
    for piece in pieces(script.answer):
        yield "piece", chunk([_choice({"content": piece})])
    yield "piece", chunk([_choice({}, "stop")])
    yield "now", chunk([], _chat_usage(script))
    yield "now", b"data: [DONE]\n\n"


def _choice(delta: Fields, finish: str | None = None) -> Fields:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _chat_usage(script: Script) -> Fields:
    output = len(pieces(script.answer))
    return {
        "prompt_tokens": script.input_tokens,
        "completion_tokens": output,
        "total_tokens": script.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def anthropic(script: Script, dice: Dice) -> Beats:
    """The Messages API: a thinking block, a text block, a tool use."""
    for beat, kind, fields in _message(script, dice):
        yield beat, event({"type": kind, **fields}, kind)
        if kind == "content_block_start":
            yield "now", b'event: ping\ndata: {"type": "ping"}\n\n'


def _message(script: Script, dice: Dice) -> Parts:
    tool = script.called()
    blocks = (script.reasoning, script.answer, tool.arguments)
    yield "first", "message_start", {"message": _message_object(script, dice)}
    yield from _block(
        0, {"type": "thinking", "thinking": "", "signature": ""}, _thinking(script, dice)
    )
    yield from _block(1, {"type": "text", "text": ""}, _deltas("text_delta", "text", script.answer))
    use = {"type": "tool_use", "id": f"toolu_01{dice.opaque(22)}", "name": tool.name, "input": {}}
    yield from _block(2, use, _deltas("input_json_delta", "partial_json", tool.arguments, ""))
    usage = {
        "input_tokens": script.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": sum(len(pieces(block)) for block in blocks),
    }
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    yield "piece", "message_delta", {"delta": stop, "usage": usage}
    yield "now", "message_stop", {}


def _message_object(script: Script, dice: Dice) -> Fields:
    return {
        "id": f"msg_01{dice.opaque(22)}",
        "type": "message",
        "role": "assistant",
        "model": script.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": script.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 1,
            "service_tier": "standard",
        },
    }


def _block(index: int, block: Fields, deltas: Iterator[Fields]) -> Parts:
    yield (
        "think" if index else "now",
        "content_block_start",
        {"index": index, "content_block": block},
    )
    for delta in deltas:
        yield "piece", "content_block_delta", {"index": index, "delta": delta}
    yield "now", "content_block_stop", {"index": index}


def _deltas(kind: str, key: str, text: str, *before: str) -> Iterator[Fields]:
    for piece in (*before, *pieces(text)):
        yield {"type": kind, key: piece}


def _thinking(script: Script, dice: Dice) -> Iterator[Fields]:
    yield from _deltas("thinking_delta", "thinking", script.reasoning)
    yield {"type": "signature_delta", "signature": f"{dice.opaque(94)}=="}


def gemini(script: Script, dice: Dice) -> Beats:
    """`streamGenerateContent?alt=sse`: larger pieces, CRLF, and no event that says the end."""
    thoughts = [{"text": text, "thought": True} for text in _joined(pieces(script.reasoning), 6)]
    answer = [{"text": text} for text in _joined(pieces(script.answer), 2)]
    parts: list[Fields] = [*thoughts, *answer, {"text": ""}]
    thinking = len(pieces(script.reasoning))
    tail = {"modelVersion": script.model, "responseId": dice.opaque(23)}
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        written = min(2 * max(0, number + 1 - len(thoughts)), len(pieces(script.answer)))
        payload = {
            "candidates": [_candidate(part, last)],
            "usageMetadata": _gemini_usage(script, written, thinking),
            **tail,
        }
        yield "piece" if number else "first", event(payload, eol="\r\n")


def _candidate(part: Fields, last: bool) -> Fields:
    finish = {"finishReason": "STOP"} if last else {}
    return {"content": {"parts": [part], "role": "model"}, **finish, "index": 0}


def _gemini_usage(script: Script, written: int, thinking: int) -> Fields:
    return {
        "promptTokenCount": script.input_tokens,
        "candidatesTokenCount": written,
        "totalTokenCount": script.input_tokens + written + thinking,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": script.input_tokens}],
        "thoughtsTokenCount": thinking,
    }


def _joined(tokens: list[str], size: int) -> list[str]:
    return ["".join(tokens[at : at + size]) for at in range(0, len(tokens), size)]


BUILDERS: dict[str, Callable[[Script, Dice], Beats]] = {
    "wire": wire,
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic,
    "gemini": gemini,
}
