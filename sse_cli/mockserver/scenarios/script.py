"""What a scenario's file says, and the even hand that cuts and paces it.

`Script` is the file. `Dice` is where variety comes from: ids, obfuscation, jitter.
`pieces` cuts a text as a tokenizer would, roughly, so that a reader sees it typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

# first: the time to the first event. piece: the usual gap. think: a longer one, as before
# a tool call. now: the same moment as the event before.
Beat: TypeAlias = Literal["first", "piece", "think", "now"]

Fields: TypeAlias = dict[str, Any]

HEX = "0123456789abcdef"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# A word with the space before it, digits by threes, runs of line ends, anything else by two.
_PIECE = re.compile(r" ?[A-Za-z]{1,8}|\d{1,3}|\n+| ?[^\sA-Za-z\d]{1,2}|\s")


class Dice:
    """A seeded source of variety, the same in every Python version (`random` promises that
    for `random()` alone, and costs 4 ms to import). Not for secrets."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """The next number from 0 up to, not including, `limit` (at most 32768)."""
        # The linear congruential generator of C's rand(): its high bits are the good ones.
        self._state = (self._state * 1103515245 + 12345) % 2**31
        return (self._state >> 16) * limit >> 15

    def between(self, low: float, high: float) -> float:
        """The next number from `low` to `high`."""
        return low + (high - low) * self.below(1000) / 999

    def opaque(self, length: int, alphabet: str = ALPHABET) -> str:
        """The next `length` characters, as servers make up ids."""
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(length))


@dataclass(frozen=True, slots=True)
class TokenPace:
    """Seconds: to the first event; the shortest and longest gap; a pause.

    About one gap in `rarity` becomes a pause, as it does on a busy server.
    """

    first: float
    shortest: float
    longest: float
    pause: float
    rarity: int = 30

    def clock(self, dice: Dice) -> Callable[[Beat], float]:
        """A function that gives the wait for each beat in turn, in whole milliseconds."""

        def gap() -> float:
            return self.pause if dice.below(self.rarity) == 0 else self._jitter(dice)

        waits: dict[Beat, Callable[[], float]] = {
            "first": lambda: self.first,
            "piece": gap,
            "think": lambda: self.pause,
            "now": lambda: 0.0,
        }
        return lambda beat: round(waits[beat](), 3)

    def _jitter(self, dice: Dice) -> float:
        return dice.between(self.shortest, self.longest)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool call: `arguments` is the JSON text that the model writes."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Script:
    """A scenario's file: for an API what the model thinks, answers and calls; else `wire`,
    the stream itself, one write a block."""

    description: str
    api: str
    seed: int
    pace: TokenPace
    model: str = ""
    created: int = 0  # Unix time, seconds
    input_tokens: int = 0
    reasoning: str = ""
    answer: str = ""
    tool: Tool | None = None
    wire: str = ""

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Script:
        """The script that a parsed TOML file describes. Raises TypeError on unknown keys."""
        nested: dict[str, Any] = {"pace": TokenPace(**table["pace"])}
        if "tool" in table:
            nested["tool"] = Tool(**table["tool"])
        return cls(**{**table, **nested})

    def called(self) -> Tool:
        """The tool call. Raises TypeError if the file has none and its API needs one."""
        if self.tool is None:
            raise TypeError(f"a script for {self.api} needs a [tool]")
        return self.tool


def pieces(text: str) -> list[str]:
    """`text` cut into token-like pieces, a few characters each; joined they are `text`."""
    return _PIECE.findall(text)


def event(payload: Fields, name: str = "", eol: str = "\n") -> bytes:
    """One event on the wire: compact JSON in raw UTF-8, as these servers send it."""
    data = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    head = f"event: {name}{eol}" if name else ""
    return f"{head}data: {data}{eol}{eol}".encode()


def obfuscation(dice: Dice) -> Fields:
    """What OpenAI pads each event with, so that its size doesn't betray the token's."""
    return {"obfuscation": dice.opaque(1 + dice.below(12))}
