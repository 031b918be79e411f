"""Repair of payloads that a server or gateway broke on the way.

Clients fail on such events, so what was repaired is counted and told:

- `parts`: one JSON document in several events,
- `encoded`: JSON in a JSON string, encoded twice,
- `framed`: the fields of an event stream in the data of an event, framed twice.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sse_cli.llm.extractor import Envelope
from sse_cli.text import json_values
from sse_cli.text.json_problems import is_beginning

Fault: TypeAlias = Literal["parts", "encoded", "framed"]

_MAX_PARTS: Final = 100  # of a document
_MAX_SIZE: Final = 1024 * 1024  # characters of the parts that are kept
_MAX_EVENTS: Final = 1000  # events whose numbers are remembered


class Repaired(NamedTuple):
    """An envelope as the server meant it, and the fault in the `events` that it sent."""

    envelope: Envelope
    fault: Fault
    events: tuple[int, ...] = ()


class Repairs:
    """The repair of a stream's events, in order.

    `counts` has the number of events by fault, `events` the numbers of those events.
    """

    def __init__(self) -> None:
        self.counts: dict[Fault, int] = {}
        self.events: set[int] = set()
        self._parts: list[str] = []  # the data of events that begin a JSON document
        self._numbers: list[int] = []  # the numbers of those events

    def repair(self, envelope: Envelope, n: int) -> Repaired | None:
        """Return the repaired event `n` if its data is not an object, but becomes one."""
        data = envelope["data"]
        if data.__class__ is dict:
            self._parts = []
            return None
        raw: str = envelope["raw"]
        if self._parts and (joined := self._joined(envelope, n)):
            return joined
        if not self._parts and raw.startswith("{"):
            self._parts, self._numbers = [raw], [n]
        if self._parts or data.__class__ is not str:
            return None
        found = None
        if data != raw and data.startswith("{"):
            found = _repaired(envelope, json_values.parse(data), data, "encoded")
        elif raw.startswith("data:"):
            inner = raw.removeprefix("data:").strip()
            found = _repaired(envelope, json_values.parse(inner), inner, "framed")
        return found and found._replace(events=(n,))

    def count(self, repaired: Repaired) -> None:
        """Count the events of a repaired one that was read."""
        fault, events = repaired.fault, repaired.events
        self.counts[fault] = self.counts.get(fault, 0) + len(events)
        if len(self.events) < _MAX_EVENTS:
            self.events.update(events)

    def _joined(self, envelope: Envelope, n: int) -> Repaired | None:
        """Return the event that this one completes; otherwise keep it as another part.

        Only the end of an object can complete it, so most parts are not parsed. A part that looks
        like a beginning may be one, if the document before was never completed.
        """
        raw: str = envelope["raw"]
        if n != self._numbers[-1] + 1 or len(self._parts) >= _MAX_PARTS:
            self._parts = []
            return None
        self._parts.append(raw)
        self._numbers.append(n)
        if not raw.rstrip().endswith("}"):
            if sum(map(len, self._parts)) > _MAX_SIZE:
                self._parts = []
            return None
        found = self._complete(envelope)
        if not found and not is_beginning("".join(self._parts)):
            latest = max(at for at, part in enumerate(self._parts) if part.startswith("{"))
            self._parts, self._numbers = self._parts[latest:], self._numbers[latest:]
            found = self._complete(envelope) if latest else None
        return found

    def _complete(self, envelope: Envelope) -> Repaired | None:
        """Return the event that the parts make, None if they are not a document."""
        whole = "".join(self._parts)
        found = _repaired(envelope, json_values.parse(whole), whole, "parts")
        if not found:
            return None
        self._parts = []
        return found._replace(events=tuple(self._numbers))


def _repaired(envelope: Envelope, data: Any, raw: str, fault: Fault) -> Repaired | None:
    """Return the envelope with other data, None if that is neither an object nor a sentinel."""
    if not isinstance(data, dict) and not (fault == "framed" and raw):
        return None
    return Repaired({**envelope, "data": data, "raw": raw}, fault)
