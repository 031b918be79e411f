"""A stream that stands in its scenario's file as it is sent: `api = "wire"`."""

from __future__ import annotations

from sse_cli.mockserver.scenarios.scenario_file import ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import SeededRandom


def events(file: ScenarioFile, _rng: SeededRandom) -> TimedEvents:
    """Yield each block of the file, up to its blank line, as one write."""
    blocks = [f"{block}\n\n".encode() for block in file.wire.strip("\n").split("\n\n")]
    yield "first", blocks[0]
    for block in blocks[1:]:
        yield "piece", block
