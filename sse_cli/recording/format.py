"""The first line of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself. `started` is the wall clock's time (ISO 8601, UTC);
    `request` has `method`, `url`, `headers` and `body_bytes`, None for a file; `last_event_id`
    is the one that the run began with."""

    started: str = ""
    by: str = ""
    request: Mapping[str, Any] | None = None
    last_event_id: str = ""
