"""Tokens and events: a text cut as a tokenizer would, and a payload as an event on the wire."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from sse_cli.mockserver.scenarios.seeded_random import SeededRandom

Fields: TypeAlias = dict[str, Any]

# A word with the space before it, digits by threes, runs of line ends, anything else by two.
_TOKEN = re.compile(r" ?[A-Za-z]{1,8}|\d{1,3}|\n+| ?[^\sA-Za-z\d]{1,2}|\s")


def split_tokens(text: str) -> list[str]:
    """`text` cut into token-like pieces, a few characters each; joined they are `text`."""
    return _TOKEN.findall(text)


def encode_event(payload: Fields, name: str = "", eol: str = "\n") -> bytes:
    """One event on the wire: compact JSON in raw UTF-8, as these servers send it."""
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {name}{eol}" if name else ""
    return f"{head}data: {data}{eol}{eol}".encode()


def obfuscation(rng: SeededRandom) -> Fields:
    """What OpenAI pads each event with, so that its size doesn't betray the token's."""
    return {"obfuscation": rng.identifier(1 + rng.below(12))}
