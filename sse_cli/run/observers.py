"""Observers that end a run early or assemble an answer, for commands to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sse_cli.analysis.timing import Timing
from sse_cli.model.events import Closed, Ending, Media, Opened
from sse_cli.model.observer import BATCH, Observer, Stop
from sse_cli.model.row import Note, Row
from sse_cli.query.selection import Expression
from sse_cli.text.json_values import is_false

if TYPE_CHECKING:  # it loads JMESPath (20 ms), which `watch` in a pipe does not need
    from sse_cli.llm.accumulator import Accumulator

PATIENT_EVENTS: Final = 12  # messages without a known format until a person is told
PATIENT_SECONDS: Final = 5.0  # or the time from the first message to the latest signal


_END_SEEN: Final = "the answer's own end was seen"
# The formats of framings that carry no other. Pieces of text may look like events of any format.
_FORMATS: Final[Mapping[Media, str]] = {"text": "plain", "data-stream": "ai-sdk-data-stream"}


class Until(Observer):
    """An observer that ends a run with the first message for which an expression is true.

    It comes before all filters, because the message need not be shown.
    """

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self._stop: Stop | None = None

    def room(self) -> int:
        """Return 1, because any message may be the last."""
        return 1

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Evaluate the expression."""
        for row in rows:
            if not is_false(self.expression.search(row.payload)):
                self._stop = Stop(Ending.LIMIT, f"event {row.message.n} is the last one asked for")
        return rows

    def stop(self) -> Stop | None:
        """Return the end, once the expression was true."""
        return self._stop


class ShownCount(Observer):
    """An observer that counts the messages that passed all filters."""

    def __init__(self) -> None:
        self.shown = 0

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Count messages."""
        self.shown += len(rows)
        return rows


class ShownLimit(ShownCount):
    """An observer that ends a run once `limit` messages have passed all filters."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def room(self) -> int:
        """Return how many more are needed; no fewer, because filters may drop some of them."""
        return min(BATCH, self.limit - self.shown)

    def stop(self) -> Stop | None:
        """Return the end, once the limit is reached."""
        if self.shown < self.limit:
            return None
        return Stop(Ending.LIMIT, f"{self.shown:,} shown, as asked")


class Assembly(Observer):
    """An observer that assembles the answer, and ends the run at the answer's end.

    It comes first, so that the observers after it get no message beyond the answer's end.
    """

    def __init__(self, accumulator: Accumulator) -> None:
        self.accumulator = accumulator

    def note(self, note: Note, /) -> None:
        """Choose the format that the framing of a body tells."""
        if isinstance(note, Opened) and note.media in _FORMATS:
            self.accumulator.read_as(_FORMATS[note.media])

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Attach its deltas to each message."""
        return self.accumulator.feed(rows)

    def stop(self) -> Stop | None:
        """Return the end, once the answer has ended."""
        if self.accumulator.done and self.accumulator.is_over:
            return Stop(Ending.DONE, _END_SEEN)
        return None

    def finish(self, closed: Closed) -> Closed:
        """Return the end as the answer's own, if that was seen and the stream was read on."""
        if self.accumulator.done and closed.ending in (Ending.EOF, Ending.EOF_UNVERIFIED):
            return closed._replace(ending=Ending.DONE, detail=_END_SEEN)
        return closed


class UnknownFormatNotice(Observer):
    """An observer that reports once, while a stream goes on, that no wire format fits it yet.

    `report` gets the number of messages so far. `told` keeps it, 0 if nothing was reported.
    """

    def __init__(
        self, accumulator: Accumulator, timing: Timing, report: Callable[[int], object]
    ) -> None:
        self.told = 0
        self._accumulator = accumulator
        self._timing = timing
        self._report = report

    def flush(self) -> None:
        """Report it once enough messages, or enough time, have passed."""
        if self.told or self._accumulator.format is not None:
            return
        timing = self._timing
        if not timing.last:  # a raw stream in a file has no times: nobody waits for it
            return
        if timing.messages >= PATIENT_EVENTS or self._waited() >= PATIENT_SECONDS:
            self.told = timing.messages
            self._report(self.told)

    def _waited(self) -> float:
        first = self._timing.first_event
        return 0.0 if first is None else self._timing.last - first
