"""Detection of a stream's wire format from its events.

The first event that a format's `detect` fits decides, and of several formats the most specific
one (the smallest `priority`). A more specific format can still take over in the next events, since
some APIs extend another's.

A *tentative* format (plain text) fits nearly any event, so it needs more evidence: several events,
more of them than there are JSON objects, or the end of the stream. Any other format that fits an
event later takes over, and the events before are read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sse_cli.llm.extractor import Envelope, Extractor, holds
from sse_cli.llm.wire_format import WireFormat

MAX_EVENTS: Final = 200  # events that are kept, so that they can be read again
MAX_SIZE: Final = 16 * 1024 * 1024  # characters of data that are kept
SETTLING: Final = 4  # events after the one that a format fits, in which another may take over
ENOUGH: Final = 3  # events that a tentative format must fit …
ENOUGH_SECONDS: Final = 2.0  # … or two, this far apart, so that a slow stream is not held back


class KeptEvent(NamedTuple):
    """An event from before detection: its envelope, its number, and its time in seconds."""

    envelope: Envelope
    n: int
    at: float


class Detector:
    """Search for the wire format of a stream.

    A single format is taken at once. With `keep`, events are kept while another format can take
    over, and the search goes on to the end of the stream; without it, the search ends after
    `MAX_EVENTS` events.
    """

    def __init__(self, formats: Sequence[WireFormat], *, keep: bool = False) -> None:
        self.extractor: Extractor | None = Extractor(formats[0]) if len(formats) == 1 else None
        self.is_settled = self.extractor is not None
        self._formats = formats
        self._certain = [wire for wire in formats if not wire.tentative]
        self._tentative = _Tentative([wire for wire in formats if wire.tentative])
        self._keep = keep
        self._kept: list[KeptEvent] = []
        self._events = 0
        self._size = 0
        self._settled_at = 0  # the number of events after which no other format takes over

    def take(self, name: str) -> None:
        """Take the format of this name if it is one of several; the events need not show it."""
        found = [wire for wire in self._formats if wire.name == name]
        if found and self.extractor is None:
            self.extractor = Extractor(found[0])
            self.is_settled = True

    @property
    def format(self) -> WireFormat | None:
        """Return the format, None if it was not found."""
        return self.extractor.wire if self.extractor else None

    def feed(
        self, envelope: Envelope, n: int, at: float, repaired: Envelope | None = None
    ) -> Extractor | None:
        """Look at an event. Returns the extractor of the format that is known now.

        `repaired` is the event as its server may have meant it.
        """
        self._events += 1
        if self._keep:
            self._keep_event(KeptEvent(envelope, n, at))
        found = self._fitting(envelope)
        if not found and repaired:
            found = self._fitting(repaired)
        if found:
            self._take(found)
            self._settled_at = self._settled_at or self._events + SETTLING
        elif not self._is_certain:
            self._tentative.feed(envelope, at)
            if candidate := self._tentative.candidate(envelope):
                self._take(candidate)
        self.is_settled = self._must_settle()
        return self.extractor

    def finish(self) -> Extractor | None:
        """Return the extractor of the format at the end of the stream, None if none fits."""
        if self.extractor is None and (candidate := self._tentative.leader()):
            self._take(candidate)
        self.is_settled = True
        return self.extractor

    def kept(self) -> Sequence[KeptEvent]:
        """Return the events so far that can be read again."""
        return self._kept

    def drop_kept(self) -> None:
        """Keep the events so far no longer."""
        self._kept = []

    @property
    def _is_certain(self) -> bool:
        return self.extractor is not None and not self.extractor.wire.tentative

    def _fitting(self, envelope: Envelope) -> WireFormat | None:
        """Return the most specific format that fits an event, if it is more so than the known."""
        for wire in self._certain:
            if self._is_certain and wire is self.format:
                return None
            if wire.may_fit(envelope) and holds(wire.get("detect"), envelope):
                return wire
        return None

    def _take(self, wire: WireFormat) -> None:
        if self.extractor is None or self.extractor.wire is not wire:
            self.extractor = Extractor(wire)

    def _must_settle(self) -> bool:
        if self._is_certain:
            return self._events >= self._settled_at
        return self._is_full and (self.extractor is not None or not self._keep)

    @property
    def _is_full(self) -> bool:
        return self._events >= MAX_EVENTS or self._size > MAX_SIZE

    def _keep_event(self, event: KeptEvent) -> None:
        if self._is_full:
            self._kept = []
        self._kept.append(event)
        self._size += len(event.envelope["raw"])


class _Tentative:
    """The evidence for the tentative formats: the events that each fits, less those against it."""

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self._formats = formats
        self._scores = dict.fromkeys(range(len(formats)), 0)
        self._events = 0  # that fit any of the formats
        self._first_at = 0.0
        self._last_at = 0.0

    def feed(self, envelope: Envelope, at: float) -> None:
        """Weigh an event."""
        is_evidence = False
        for index, wire in enumerate(self._formats):
            if holds(wire.get("detect"), envelope):
                self._scores[index] += 1
                is_evidence = True
            elif holds(wire.get("against"), envelope):
                self._scores[index] -= 1
        if is_evidence:
            self._first_at = self._first_at if self._events else at
            self._last_at = at
            self._events += 1

    def leader(self) -> WireFormat | None:
        """Return the format with the highest score, None if more speaks against it than for it."""
        index = max(self._scores, key=self._scores.__getitem__, default=None)
        return None if index is None or self._scores[index] <= 0 else self._formats[index]

    def candidate(self, envelope: Envelope) -> WireFormat | None:
        """Return the leader if the evidence suffices, or if this event is the end."""
        wire = self.leader()
        if wire is None or holds(wire.get("done"), envelope):
            return wire
        is_slow = self._events > 1 and self._last_at - self._first_at >= ENOUGH_SECONDS
        return wire if self._events >= ENOUGH or is_slow else None
