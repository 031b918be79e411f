"""The first line of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a recording.

    `started` is a date and time (ISO 8601, UTC), `by` the program that wrote the file. `request`
    has `method`, `url`, `headers` and `body_bytes`; it is None for a file. `last_event_id` is the
    last event ID with which the run began.
    """

    started: str = ""
    by: str = ""
    request: Mapping[str, Any] | None = None
    last_event_id: str = ""
