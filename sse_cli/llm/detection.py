"""Detection of a stream's wire format from its first events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sse_cli.llm.extractor import Envelope, Extractor, holds
from sse_cli.llm.wire_format import WireFormat

MAX_EVENTS: Final = 200  # events that are looked at
MAX_SECONDS: Final = 10.0  # from the first event to the last, while someone waits for text
MAX_SIZE: Final = 16 * 1024 * 1024  # characters of data that are kept


class KeptEvent(NamedTuple):
    """An event from before detection: its envelope, its number, and its time in seconds."""

    envelope: Envelope
    n: int
    at: float


class Detector:
    """Search for the wire format of a stream.

    The first format whose `detect` is true of an event is taken; a format with `from_start` only
    if that is the first event. A single format is taken at once. The search ends after
    `MAX_EVENTS` events. With `keep`, events are kept until a format is found, so that they can be
    read then; the search ends after `MAX_SECONDS` or `MAX_SIZE`, too.
    """

    def __init__(self, formats: Sequence[WireFormat], *, keep: bool = False) -> None:
        self.extractor: Extractor | None = Extractor(formats[0]) if len(formats) == 1 else None
        self.gave_up = False
        self._formats = formats
        self._keep = keep
        self._kept: list[KeptEvent] = []
        self._events = 0
        self._size = 0
        self._first_at = 0.0

    def take(self, name: str) -> None:
        """Take the format of this name if it is one of several; the events need not show it."""
        found = [wire for wire in self._formats if wire.name == name]
        if found and self.extractor is None:
            self.extractor = Extractor(found[0])

    @property
    def format(self) -> WireFormat | None:
        """Return the format, None if it was not found."""
        return self.extractor.wire if self.extractor else None

    def feed(self, envelope: Envelope, n: int, at: float) -> Extractor | None:
        """Look at an event. Returns the extractor of the format if this event shows it."""
        if self.gave_up:
            return None
        if self._keep:
            self._kept.append(KeptEvent(envelope, n, at))
        found = self._matching(envelope)
        if self._events == 0:
            self._first_at = at
        self._events += 1
        self._size += len(envelope["raw"])
        if found:
            self.extractor = Extractor(found)
        elif self._is_hopeless(at):
            self.gave_up = True
            self._kept.clear()
        return self.extractor

    def take_kept(self) -> list[KeptEvent]:
        """Return the events up to the one that showed the format, and keep them no longer."""
        kept, self._kept = self._kept, []
        return kept

    def _matching(self, envelope: Envelope) -> WireFormat | None:
        for wire in self._formats:
            is_too_late = wire.from_start and self._events > 0
            if not is_too_late and holds(wire.get("detect"), envelope):
                return wire
        return None

    def _is_hopeless(self, at: float) -> bool:
        if self._events >= MAX_EVENTS:
            return True
        return self._keep and (at - self._first_at >= MAX_SECONDS or self._size > MAX_SIZE)
