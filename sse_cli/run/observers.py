"""Observers that end a run early or assemble an answer, for commands to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sse_cli.analysis.timing import Timing
from sse_cli.model.events import Ending
from sse_cli.model.observer import BATCH, Observer, Stop
from sse_cli.model.row import Row
from sse_cli.query.selection import Expression
from sse_cli.text.json_values import is_false

if TYPE_CHECKING:  # it loads JMESPath (20 ms), which `watch` in a pipe does not need
    from sse_cli.llm.accumulator import Accumulator

PATIENT_EVENTS: Final = 12  # messages without a known format until a person is told
PATIENT_SECONDS: Final = 5.0  # or the time from the first message to the latest signal


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

    It comes first, so that the observers after it get no message beyond the answer's end. With
    `needs_format`, a run also ends when no wire format fits the events that came.
    """

    def __init__(self, accumulator: Accumulator, *, needs_format: bool = False) -> None:
        self.accumulator = accumulator
        self._needs_format = needs_format

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Attach its deltas to each message."""
        return self.accumulator.feed(rows)

    def stop(self) -> Stop | None:
        """Return the end, once the answer has ended or no format can fit."""
        accumulator = self.accumulator
        if accumulator.done or (self._needs_format and accumulator.is_over):
            return Stop(Ending.DONE, "the answer's own end was seen")
        return None


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
