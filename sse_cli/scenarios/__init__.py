"""Scenarios: what the mock server says, and when. They ship as `NAME.toml` beside this file.

Rule 1: a scenario is data. It is a tuple of steps, each one write of exactly these bytes
after exactly this wait. Rule 2: the same name gives the same bytes and the same waits on
every machine: no clock, no randomness but `Dice`. Rule 3: loading one imports nothing but
tomllib and json, because `sse demo` should start at once.
"""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sse_cli.errors import UsageError
from sse_cli.scenarios.builders import BUILDERS
from sse_cli.scenarios.script import Dice, Script

EVENT_STREAM = "text/event-stream; charset=utf-8"
FOLDER = Path(__file__).parent

Gate: TypeAlias = threading.Event | Callable[[], bool]


class Step(NamedTuple):
    """One write: wait for `delay`, then send `data` in a chunk of its own.

    `delay` is seconds, or a gate that some other thread opens: a `threading.Event`, or a
    function that returns at once and is asked again until it says true. `says` is what of
    the stream a client learns by it; None means `data`, as it does wherever nothing is wrong.
    """

    delay: float | Gate
    data: bytes
    says: bytes | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A reply of the mock server. `headers` come on top of those the server sets itself;
    a `Content-Length` among them replaces chunked coding. An empty `content_type` means
    no such header."""

    name: str
    description: str
    steps: tuple[Step, ...]
    status: int = 200
    content_type: str = EVENT_STREAM
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(  # noqa: PLR0913 - the fields of a reply; all but two are named options
        cls,
        name: str,
        steps: Iterable[tuple[float | Gate, bytes]],
        *,
        description: str = "",
        status: int = 200,
        content_type: str = EVENT_STREAM,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Scenario:
        """A scenario from raw (delay, bytes) pairs."""
        made = tuple(Step(delay, data) for delay, data in steps)
        return cls(name, description, made, status, content_type, tuple(headers))

    def at_speed(self, speed: float) -> Scenario:
        """This scenario `speed` times as fast; 0 means without waits. Gates stay shut."""
        factor = 1 / speed if speed else 0.0
        return replace(self, steps=tuple(_scaled(step, factor) for step in self.steps))

    def after(self, last_event_id: str) -> Scenario:
        """What is left for a client that saw the event with this id (HTML 9.2.4).

        Only numbers are places in a scenario, and only where one step holds the whole event;
        for all else it begins anew.
        """
        if not (last_event_id.isascii() and last_event_id.isdecimal()):
            return self
        line = re.compile(rb"^id: ?%s$" % last_event_id.encode(), re.MULTILINE)
        for number, step in enumerate(self.steps):
            found = line.search(step.data)
            if found and (end := step.data.find(b"\n\n", found.end())) >= 0:
                rest = step.data[end + 2 :]
                left = (step._replace(data=rest),) if rest else ()
                return replace(self, steps=left + self.steps[number + 1 :])
        return self


class Then(Enum):
    """How a raw reply ends, once all is written."""

    CLOSE = "close"  # say that nothing follows (FIN)
    RESET = "reset"  # take the connection down (RST)
    HOLD = "hold"  # keep it open without a word until the client leaves
    DEAF = "deaf"  # keep it open, and don't notice that the client left


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply that HTTP knows nothing of: each step is written as it stands, head and framing
    included. `steps` is asked for them once a request; they may never end."""

    steps: Callable[[], Iterable[Step]]
    then: Then = Then.CLOSE


Reply: TypeAlias = Scenario | RawReply


def names() -> list[str]:
    """The scenarios that ship with the package, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Scenario:
    """The shipped scenario `name`. Raises UsageError, naming the closest, if there is none."""
    if name not in names():
        raise UsageError(f"no scenario is called {name!r}", suggestion(name, names()))
    script = Script.from_table(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))
    beats = BUILDERS[script.api](script, Dice(script.seed))
    pace = script.pace.clock(Dice(script.seed))
    steps = tuple(Step(pace(beat), data) for beat, data in beats)
    return Scenario(name, script.description, steps)


def _scaled(step: Step, factor: float) -> Step:
    if isinstance(step.delay, (int, float)):
        return step._replace(delay=step.delay * factor)
    return step


def suggestion(name: str, known: Sequence[str]) -> str:
    """The hint for a name that is none of `known`: the closest, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - 3 ms that only a typo should cost

    close = get_close_matches(name, known)
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
