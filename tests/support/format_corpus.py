"""The recorded streams of the wire formats, and random mutations of them."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any, Final

from sse_cli.llm import wire_format
from tests.support.paths import FORMATS as CORPUS

STREAMS: Final = sorted(path for path in CORPUS.iterdir() if path.suffix != ".json")
FORMATS: Final = wire_format.known()
BY_NAME: Final = {wire.name: wire for wire in FORMATS}


def expected_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPUS / f"{path.stem}.expected.json").read_bytes())
    return found


def mutated(dice: random.Random, value: Any) -> Any:
    """Return `value` with a part of it exchanged for something that no API would send."""
    odd: Any = dice.choice(
        (None, 0, -1, 1.5, True, "", "x", "\ud83d", [], {}, [[]], {"full": 7}, [None, {"a": []}],
         10**30, ["a", ["b"]], {"text": {"x": 1}}, [{"jsonPath": 1}])
    )  # fmt: skip
    if not isinstance(value, dict | list) or not value or dice.random() < 0.15:
        return copy.deepcopy(odd)
    changed: Any = copy.copy(value)
    place = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
    changed[place] = mutated(dice, value[place])
    return changed
