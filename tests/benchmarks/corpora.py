"""The streams that are measured: made by seed, so that every run has the same bytes."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

SEED: Final = 20
WORDS: Final = (
    " the", " stream", " of", " events", ",", " and", " a", ".", " token", "\n\n", " naïve",
    " 日本語", " 🚀", ' "quoted"', " arrives", " in", " time", "ing", "ed", " **bold**",
)  # fmt: skip

# The end of a chat completion: the reason to finish, and the sentinel.
DONE: Final = (
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)

Events = Iterator[bytes]


def openai_chat(rng: random.Random) -> Events:
    """Chunks of an OpenAI chat completion, as the API sends them: `data` alone."""
    yield _data(_chunk({"role": "assistant", "content": ""}))
    while True:
        yield _data(_chunk({"content": rng.choice(WORDS)}))


def openai_responses(rng: random.Random) -> Events:
    """The deltas of OpenAI's Responses API: `event` and `data`."""
    for number in count(4):
        kind = "response.output_text.delta"
        place = {"item_id": "msg_6841a9c4", "output_index": 0, "content_index": 0}
        body = {"type": kind, "sequence_number": number, **place, "delta": rng.choice(WORDS)}
        yield _named(kind, {**body, "logprobs": [], "obfuscation": "x8GkPq"})


def anthropic(rng: random.Random) -> Events:
    """The deltas of Anthropic's Messages API, with a ping now and then."""
    usage = {"input_tokens": 25, "output_tokens": 1}
    message = {"id": "msg_01", "type": "message", "role": "assistant", "content": []}
    yield _named("message_start", {"type": "message_start", "message": {**message, "usage": usage}})
    block = {"type": "text", "text": ""}
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    yield _named("content_block_start", start)
    for number in count(1):
        delta = {"type": "text_delta", "text": rng.choice(WORDS)}
        yield _named(
            "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        )
        if number % 200 == 0:
            yield _named("ping", {"type": "ping"})


def spec_rich(rng: random.Random) -> Events:
    """What the standard allows and AI APIs leave out: comments, ids, CRLF, several data lines,
    and now and then an event of 64 KiB."""
    for number in count(1):
        end = b"\r\n" if number % 3 == 0 else b"\n"
        lines = [f"id: {number}".encode(), b"event: update", *_data_lines(rng, number)]
        if number % 2 == 0:
            lines.insert(0, b": keep-alive")
        if number % 50 == 0:
            lines.insert(0, b"retry: 3000")
        yield end.join(lines) + end + end


def numbered(_rng: random.Random) -> Events:
    """Small events, all different."""
    for number in count(1):
        yield _data({"n": number, "choices": [{"delta": {"content": f"{number:07} "}}]})


def of_size(folder: Path, make: Callable[[random.Random], Events], size: int) -> Path:
    """A file of about `size` bytes."""
    return _written(folder / f"{make.__name__}-{size}.sse", make, lambda _n, total: total >= size)


def of_events(folder: Path, make: Callable[[random.Random], Events], number: int) -> Path:
    """A file of `number` events."""
    return _written(
        folder / f"{make.__name__}-{number}-events.sse", make, lambda n, _t: n >= number
    )


def ended(path: Path, end: bytes = DONE) -> Path:
    """The stream of `path` with the end that its API gives a whole one."""
    whole = path.with_suffix(".ended")
    if not whole.exists():
        with path.open("rb") as source, whole.open("wb") as file:
            shutil.copyfileobj(source, file)
            file.write(end)
    return whole


def reads(body: bytes, size: int) -> list[bytes]:
    """`body` in reads of `size` bytes."""
    return [body[at : at + size] for at in range(0, len(body), size)]


def events(body: bytes) -> list[bytes]:
    """`body`, whose line ends are LF, in reads of one event each."""
    return [event + b"\n\n" for event in body.removesuffix(b"\n\n").split(b"\n\n")]


def payloads(path: Path) -> list[str]:
    """The JSON of the events in a file."""
    lines = path.read_text("utf-8").split("\n")
    return [line[6:] for line in lines if line.startswith("data: {")]


def _written(path: Path, make: Callable[[random.Random], Events], enough: Any) -> Path:
    if path.exists():
        return path
    total = 0
    with path.open("wb") as file:
        for number, event in enumerate(make(random.Random(SEED)), 1):
            total += file.write(event)
            if enough(number, total):
                break
    return path


def _data_lines(rng: random.Random, number: int) -> list[bytes]:
    if number % 500 == 0:
        return [b"data: " + b"0123456789abcdef" * 64 for _ in range(64)]
    return [b"data: " + rng.choice(WORDS).strip().encode() * 3 for _ in range(rng.randrange(1, 5))]


def _chunk(delta: dict[str, str]) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    head = {"id": "chatcmpl-BeX2m9dQ", "object": "chat.completion.chunk", "created": 1749130692}
    more = {
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "system_fingerprint": "fp_07871e2ad8",
    }
    return {**head, **more, "choices": [choice], "usage": None}


def _data(value: Any) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _named(kind: str, value: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + _json(value) + b"\n\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
