"""Timing of a run: time to headers, first byte and first event; gaps between messages.

All figures come from the stamps of signals and events (seconds since the run began), so a recording
gives the same ones. Memory is constant: gaps go into a histogram whose buckets grow by 5 %, and
into a fixed number of slices of the stream for the sparkline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, repeat
from typing import Final

from sse_cli.analysis.phases import Phases
from sse_cli.model.events import Chunk, Closed, Opened, Phase, Signal
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row

_GROWTH: Final = math.log(1.05)
_SHORTEST: Final = 1e-6  # seconds; shorter gaps count as this
_SLICES: Final = 32
_BATCH: Final = 64  # gaps counted together, because counting one delays the output of its message


class Gaps:
    """The gaps between messages (seconds). Percentiles are accurate to within 2.5 %."""

    def __init__(self) -> None:
        self.count = 0
        self.max = 0.0
        self._buckets: dict[int, int] = {}
        self._slices: list[float] = []
        self._per_slice = 1
        self._in_slice = 0

    def add(self, gap: float, times: int = 1) -> None:
        """Count a gap (seconds), or several of the same length."""
        self.count += times
        bucket = round(math.log(gap / _SHORTEST) / _GROWTH) if gap > _SHORTEST else 0
        self._buckets[bucket] = self._buckets.get(bucket, 0) + times
        if gap > self.max:  # noqa: PLR1730 (calling max takes longer)
            self.max = gap
        while times:
            if self._in_slice:
                taken = min(times, self._per_slice - self._in_slice)
                self._slices[-1] = max(self._slices[-1], gap)
            else:
                taken = 1
                self._begin_slice(gap)
            self._in_slice = (self._in_slice + taken) % self._per_slice
            times -= taken

    def percentile(self, share: float) -> float:
        """Return the gap (seconds) that `share` (0 to 1) of all gaps do not exceed, 0 if none."""
        rank = math.ceil(share * self.count)
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                return min(_SHORTEST * math.exp(bucket * _GROWTH), self.max)
        return 0.0

    def slices(self) -> Sequence[float]:
        """Return the longest gap in each of up to 32 equal slices of the messages, in order."""
        return self._slices

    def _begin_slice(self, gap: float) -> None:
        if len(self._slices) == _SLICES:
            self._slices = [max(pair) for pair in zip(*[iter(self._slices)] * 2, strict=True)]
            self._per_slice *= 2
        self._slices.append(gap)


class Timing(Observer):
    """The timing of one run: seconds, bytes and counts.

    `phases` are those of the first connection that brought a reply, else of the last one.
    """

    def __init__(self) -> None:
        self.phases = Phases()
        self.headers: float | None = None
        self.first_byte: float | None = None
        self.first_event: float | None = None
        self.last: float = 0.0
        self.last_byte: float = 0.0
        self.messages = 0
        self.bytes = 0
        self._gaps = Gaps()
        self._uncounted: list[float] = []
        self._last_message: float | None = None

    @property
    def gaps(self) -> Gaps:
        """The gaps between messages."""
        for gap, same in groupby(self._uncounted):  # within a read, most gaps are 0
            self._gaps.add(gap, len(list(same)))
        self._uncounted.clear()
        return self._gaps

    def signal(self, signal: Signal) -> None:
        """Count a signal, but not the end of the run: `last` is the stamp of the last arrival."""
        if self.headers is None:
            self.phases.feed(signal)
        if isinstance(signal, Closed | Phase):
            return
        self.last = signal.at
        if isinstance(signal, Chunk):
            self.bytes += len(signal.data)
            self.last_byte = signal.at
            if self.first_byte is None:
                self.first_byte = signal.at
        elif isinstance(signal, Opened) and self.headers is None:
            self.headers = signal.at

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Count the messages of one read, and give the first of them its gap."""
        rows[0].gap = self.arrived(rows[0].message.at, len(rows))
        return rows

    def arrived(self, at: float, count: int = 1) -> float:
        """Count messages that arrived together; return the gap before them (seconds).

        The gap starts at the message before, or at the headers for the first message.
        """
        self.messages += count
        before = self._last_message
        self._last_message = at
        if len(self._uncounted) > _BATCH:
            _ = self.gaps
        if before is None:
            self.first_event = at
            gap = at - (self.headers or 0.0)
        else:
            gap = at - before
            self._uncounted.append(gap)
        if count > 1:
            self._uncounted.extend(repeat(0.0, count - 1))
        return gap
