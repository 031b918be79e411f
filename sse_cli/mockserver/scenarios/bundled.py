"""The scenarios that ship with the package: `NAME.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from sse_cli.mockserver.scenarios.builders import BUILDERS
from sse_cli.mockserver.scenarios.scenario import Scenario, Step
from sse_cli.mockserver.scenarios.script import Dice, Script
from sse_cli.model.errors import UsageError

FOLDER = Path(__file__).parent


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


def suggestion(name: str, known: Sequence[str]) -> str:
    """The hint for a name that is none of `known`: the closest, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - 3 ms that only a typo should cost

    close = get_close_matches(name, known)
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
