"""The scenarios that ship with the package: `NAME.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from sse_cli.mockserver.scenarios.api_paths import PATHS
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.scenarios.scenario_file import ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom
from sse_cli.model.errors import UsageError

FOLDER = Path(__file__).parent

Builder: TypeAlias = Callable[[ScenarioFile, SeededRandom], TimedEvents]


def names() -> list[str]:
    """Return the names of the bundled scenarios, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Scenario:
    """Return a bundled scenario. Raises UsageError with the closest names if there is none."""
    if name not in names():
        raise UsageError(f"no scenario is called {name!r}", suggestion(name, names()))
    file = ScenarioFile.from_table(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))
    # Imported by name, because a demo of one API does not need the others.
    module = import_module(f"{__package__}.{file.api.replace('-', '_')}")
    build: Builder = module.events
    responder: Any = getattr(module, "Responder", None)
    return Scenario(
        name,
        file.description,
        file.steps(build(file, SeededRandom(file.seed))),
        api=file.api if file.api in PATHS else "",
        respond=responder and responder(file),
    )


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return the hint for an unknown name: the closest of the `known` names, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 (3 ms, for typos only)

    close = get_close_matches(name, known)
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known)}"
