"""The content of a scenario's TOML file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sse_cli.mockserver.scenarios.scenario import Step
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom

# The gap before an event. first: the time to the first one. piece: the usual gap. think: a longer
# one, as before a tool call. now: none, it comes with the event before.
Gap: TypeAlias = Literal["first", "piece", "think", "now"]
TimedEvents: TypeAlias = Iterator[tuple[Gap, bytes]]


@dataclass(frozen=True, slots=True)
class TokenPace:
    """The pace of events in seconds: time to the first one, shortest and longest gap, a pause.

    About one gap in `rarity` becomes a pause, as on a busy server.
    """

    first: float
    shortest: float
    longest: float
    pause: float
    rarity: int = 30

    def waits(self, rng: SeededRandom) -> Callable[[Gap], float]:
        """Return a function from each gap in turn to its wait in seconds (whole milliseconds)."""

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
    """The content of a scenario's file.

    For an API, `reasoning`, `answer` and `tool` are the model's output. For `api = "wire"`, `wire`
    is the stream itself, with one write for each block.
    """

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
        """Return the content of a parsed TOML file. Raises TypeError for unknown keys."""
        nested: dict[str, Any] = {"pace": TokenPace(**table["pace"])}
        if "tool" in table:
            nested["tool"] = Tool(**table["tool"])
        return cls(**{**table, **nested})

    def steps(self, events: TimedEvents) -> tuple[Step, ...]:
        """Return events as writes at this pace."""
        wait_of = self.pace.waits(SeededRandom(self.seed))
        return tuple(Step(wait_of(gap), data) for gap, data in events)

    def required_tool(self) -> Tool:
        """Return the tool call. Raises TypeError if the file has none."""
        if self.tool is None:
            raise TypeError(f"a scenario of {self.api} needs a [tool]")
        return self.tool
