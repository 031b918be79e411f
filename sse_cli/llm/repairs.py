"""Repair of payloads that a server or gateway broke on the way.

Clients fail on such events, so what was repaired is counted and told:

- `halves`: one JSON document in two events,
- `encoded`: JSON in a JSON string, encoded twice,
- `framed`: the fields of an event stream in the data of an event, framed twice.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from sse_cli.llm.extractor import Envelope
from sse_cli.text import json_values

Fault: TypeAlias = Literal["halves", "encoded", "framed"]


class Repaired(NamedTuple):
    """An envelope as the server meant it, and the fault in the one that it sent."""

    envelope: Envelope
    fault: Fault


class Repairs:
    """The repair of a stream's events, in order."""

    def __init__(self) -> None:
        self.counts: dict[Fault, int] = {}
        self._half = ""  # an event's data that begins a JSON document, and does not end it

    def repair(self, envelope: Envelope) -> Repaired | None:
        """Return the repaired event if its data is a string that becomes an object."""
        data, half = envelope["data"], self._half
        self._half = ""
        if data.__class__ is not str:
            return None
        raw: str = envelope["raw"]
        if half and isinstance(joined := json_values.parse(half + raw), dict):
            return _repaired(envelope, joined, half + raw, "halves")
        if raw.startswith("{"):
            self._half = raw
        elif data != raw and data.startswith("{"):
            return _repaired(envelope, json_values.parse(data), data, "encoded")
        elif raw.startswith("data:"):
            inner = raw.removeprefix("data:").strip()
            return _repaired(envelope, json_values.parse(inner), inner, "framed")
        return None

    def count(self, fault: Fault) -> None:
        """Count a repaired event that was read."""
        self.counts[fault] = self.counts.get(fault, 0) + 1


def _repaired(envelope: Envelope, data: Any, raw: str, fault: Fault) -> Repaired | None:
    """Return the envelope with other data, None if that is neither an object nor a sentinel."""
    if not isinstance(data, dict) and not (fault == "framed" and raw):
        return None
    return Repaired({**envelope, "data": data, "raw": raw}, fault)
