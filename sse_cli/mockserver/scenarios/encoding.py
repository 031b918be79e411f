"""The encoding of a text as tokens, and of a payload as an event."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from sse_cli.mockserver.scenarios.seeded_random import SeededRandom

Fields: TypeAlias = dict[str, Any]

# A word with the space before it, three digits, line ends in a row, or two other characters.
_TOKEN = re.compile(r" ?[A-Za-z]{1,8}|\d{1,3}|\n+| ?[^\sA-Za-z\d]{1,2}|\s")


def split_tokens(text: str) -> list[str]:
    """Split `text` into token-like pieces of a few characters; joined, they are `text`."""
    return _TOKEN.findall(text)


def encode_event(payload: Fields, name: str = "", eol: str = "\n") -> bytes:
    """Return an event with a payload: compact JSON in raw UTF-8, as these servers send it."""
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {name}{eol}" if name else ""
    return f"{head}data: {data}{eol}{eol}".encode()


def obfuscation(rng: SeededRandom) -> Fields:
    """Return the padding that hides the size of the token in an event of OpenAI."""
    return {"obfuscation": rng.identifier(1 + rng.below(12))}
