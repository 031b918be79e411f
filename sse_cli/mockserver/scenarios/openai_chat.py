"""OpenAI's Chat Completions API."""

from __future__ import annotations

from sse_cli.mockserver.scenarios.encoding import Fields, encode_event, obfuscation, split_tokens
from sse_cli.mockserver.scenarios.scenario_file import ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import HEX, SeededRandom


def events(file: ScenarioFile, rng: SeededRandom) -> TimedEvents:
    """Yield a completion with `stream_options: {include_usage: true}`."""
    head = {
        "id": f"chatcmpl-{rng.identifier(24)}",
        "object": "chat.completion.chunk",
        "created": file.created,
        "model": file.model,
        "service_tier": "default",
        "system_fingerprint": f"fp_{rng.identifier(10, HEX)}",
    }

    def chunk(choices: list[Fields], usage: Fields | None = None) -> bytes:
        return encode_event({**head, "choices": choices, "usage": usage, **obfuscation(rng)})

    yield "first", chunk([_choice({"role": "assistant", "content": "", "refusal": None})])
    for piece in split_tokens(file.answer):
        yield "piece", chunk([_choice({"content": piece})])
    yield "piece", chunk([_choice({}, "stop")])
    yield "now", chunk([], _usage(file))
    yield "now", b"data: [DONE]\n\n"


def _choice(delta: Fields, finish: str | None = None) -> Fields:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(file: ScenarioFile) -> Fields:
    output = len(split_tokens(file.answer))
    return {
        "prompt_tokens": file.input_tokens,
        "completion_tokens": output,
        "total_tokens": file.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
