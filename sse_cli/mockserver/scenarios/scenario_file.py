"""The content of a scenario's TOML file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sse_cli.mockserver.scenarios.seeded_random import SeededRandom

# first: the time to the first event. piece: the usual gap. think: a longer one, as before
# a tool call. now: the same moment as the event before.
Gap: TypeAlias = Literal["first", "piece", "think", "now"]
TimedEvents: TypeAlias = Iterator[tuple[Gap, bytes]]


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

    def waits(self, rng: SeededRandom) -> Callable[[Gap], float]:
        """A function that gives the wait for each gap in turn, in whole milliseconds."""

        def gap() -> float:
            return self.pause if rng.below(self.rarity) == 0 else self._jitter(rng)

        waits: dict[Gap, Callable[[], float]] = {
            "first": lambda: self.first,
            "piece": gap,
            "think": lambda: self.pause,
            "now": lambda: 0.0,
        }
        return lambda gap: round(waits[gap](), 3)

    def _jitter(self, rng: SeededRandom) -> float:
        return rng.between(self.shortest, self.longest)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool call: `arguments` is the JSON text that the model writes."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ScenarioFile:
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
    def from_table(cls, table: dict[str, Any]) -> ScenarioFile:
        """The file that a parsed TOML file describes. Raises TypeError on unknown keys."""
        nested: dict[str, Any] = {"pace": TokenPace(**table["pace"])}
        if "tool" in table:
            nested["tool"] = Tool(**table["tool"])
        return cls(**{**table, **nested})

    def required_tool(self) -> Tool:
        """The tool call. Raises TypeError if the file has none and its API needs one."""
        if self.tool is None:
            raise TypeError(f"a scenario of {self.api} needs a [tool]")
        return self.tool
