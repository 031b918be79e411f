"""Observers that end a run early or assemble an answer, for commands to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sse_cli.model.events import Closed, Ending
from sse_cli.model.observer import BATCH, Observer, Stop
from sse_cli.model.row import Row
from sse_cli.query.selection import Expression
from sse_cli.text.json_values import is_false

if TYPE_CHECKING:  # it loads JMESPath (20 ms), which `watch` in a pipe does not need
    from sse_cli.llm.accumulator import Accumulator


_END_SEEN: Final = "the answer's own end was seen"


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
