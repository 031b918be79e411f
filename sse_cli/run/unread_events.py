"""Count of the events that no format can read, in a stream that is JSON otherwise.

Rule 1: events are counted from the start, and judged at the end: a first event that is not JSON
must not make the stream plain text, and plain text must not be called broken JSON.
Rule 2: the events of each type are judged on their own, because a protocol may send a URL in one
type and JSON in another.
Rule 3: an event that was repaired was read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from sse_cli.analysis.unfinished import SENTINEL
from sse_cli.model.row import Row
from sse_cli.text.json_problems import second_document

UnreadFault: TypeAlias = Literal["two documents", "broken", "not JSON"]

_MAX_TYPES: Final = 1000
_MAX_PLACES: Final = 1000  # faults whose place is remembered
_KEEP_ALIVES: Final = frozenset({"ping", "pong", "heartbeat", "keepalive", "keep-alive"})


class Unread(NamedTuple):
    """Events with one fault: how many there are, and the number of the first."""

    fault: UnreadFault
    number: int
    first: int


class UnreadEvents:
    """A counter of events by type: how many are JSON, and how many have which fault."""

    def __init__(self) -> None:
        self._objects: dict[str, int] = {}
        self._others: dict[str, int] = {}  # JSON values that are not objects
        self._faults: dict[str, dict[UnreadFault, tuple[int, int]]] = {}
        self._places: dict[int, tuple[str, UnreadFault]] = {}

    def rows(self, rows: Sequence[Row]) -> None:
        """Count messages."""
        for row in rows:
            message = row.message
            # `parsed` first: `payload` takes a call, and nearly all rows are parsed here.
            if row.parsed.__class__ is dict:
                counts = self._objects
            elif (payload := row.payload) is not message.data:
                counts = self._objects if payload.__class__ is dict else self._others
            else:
                if fault := _fault(row):
                    self._count(fault, message.type, message.n)
                continue
            kind = message.type
            known = counts.get(kind)
            if known is not None or len(counts) < _MAX_TYPES:
                counts[kind] = (known or 0) + 1

    def found(self, repaired: Collection[int] = (), *, is_known: bool = False) -> list[Unread]:
        """Return the faults of those types whose events are JSON for the most part.

        The events numbered in `repaired` are left out. With `is_known`, the stream has a format:
        one event that is an object tells that the others of its type should be objects, too.
        """
        total: dict[UnreadFault, tuple[int, int]] = {}
        for kind, faults in self._faults.items():
            objects = self._objects.get(kind, 0)
            is_json = objects + self._others.get(kind, 0) > faults.get("not JSON", (0, 0))[0]
            if not is_json and not (is_known and objects):
                continue
            for fault in faults:
                count, first = self._left(kind, fault, repaired)
                known, earliest = total.get(fault, (0, first))
                if count:
                    total[fault] = known + count, min(earliest, first)
        found = [Unread(fault, *numbers) for fault, numbers in total.items()]
        return sorted(found, key=lambda one: one.first)

    def _left(self, kind: str, fault: UnreadFault, repaired: Collection[int]) -> tuple[int, int]:
        """Return how many events of a type have a fault and were not repaired, and the first."""
        count, first = self._faults[kind][fault]
        places = [n for n, place in self._places.items() if place == (kind, fault)]
        left = [n for n in places if n not in repaired]
        return count - len(places) + len(left), left[0] if left else first

    def _count(self, fault: UnreadFault, kind: str, n: int) -> None:
        if kind not in self._faults and len(self._faults) >= _MAX_TYPES:
            return
        faults = self._faults.setdefault(kind, {})
        count, first = faults.get(fault, (0, n))
        faults[fault] = count + 1, first
        if len(self._places) < _MAX_PLACES:
            self._places[n] = kind, fault


def _fault(row: Row) -> UnreadFault | None:
    """Return why data that is not JSON can't be read, None if it says nothing."""
    data, kind = row.message.data, row.message.type
    if not data.strip() or data == SENTINEL:
        return None
    if kind.lower() in _KEEP_ALIVES or data.strip().lower() in _KEEP_ALIVES:
        return None
    if data[:1] not in ("{", "["):
        return "not JSON"
    return "two documents" if second_document(data) >= 0 else "broken"
