"""Gemini's `streamGenerateContent`."""

from __future__ import annotations

from sse_cli.mockserver.scenarios.encoding import Fields, encode_event, split_tokens
from sse_cli.mockserver.scenarios.scenario_file import ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom


def events(file: ScenarioFile, rng: SeededRandom) -> TimedEvents:
    """Yield a reply with `alt=sse`: larger pieces, CRLF, and no event that marks the end."""
    thoughts = [
        {"text": text, "thought": True} for text in _joined(split_tokens(file.reasoning), 6)
    ]
    answer = [{"text": text} for text in _joined(split_tokens(file.answer), 2)]
    parts: list[Fields] = [*thoughts, *answer, {"text": ""}]
    thinking = len(split_tokens(file.reasoning))
    tail = {"modelVersion": file.model, "responseId": rng.identifier(23)}
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        written = min(2 * max(0, number + 1 - len(thoughts)), len(split_tokens(file.answer)))
        payload = {
            "candidates": [_candidate(part, last)],
            "usageMetadata": _usage(file, written, thinking),
            **tail,
        }
        yield "piece" if number else "first", encode_event(payload, eol="\r\n")


def _candidate(part: Fields, last: bool) -> Fields:
    finish = {"finishReason": "STOP"} if last else {}
    return {"content": {"parts": [part], "role": "model"}, **finish, "index": 0}


def _usage(file: ScenarioFile, written: int, thinking: int) -> Fields:
    return {
        "promptTokenCount": file.input_tokens,
        "candidatesTokenCount": written,
        "totalTokenCount": file.input_tokens + written + thinking,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": file.input_tokens}],
        "thoughtsTokenCount": thinking,
    }


def _joined(tokens: list[str], size: int) -> list[str]:
    return ["".join(tokens[at : at + size]) for at in range(0, len(tokens), size)]
