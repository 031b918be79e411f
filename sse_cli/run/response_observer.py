"""The observer of a run's answer: it writes the deltas as they arrive, and notes errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from sse_cli.analysis.unfinished import SENTINEL, is_sentinel
from sse_cli.analysis.verdict import ReportedError, Verdict
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.extractor import is_message
from sse_cli.llm.finish_reasons import gravest
from sse_cli.llm.response_timing import ResponseTiming
from sse_cli.model.delta import Delta
from sse_cli.model.events import Closed, Ignored, Message
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row
from sse_cli.run.unread_events import Unread, UnreadEvents


class DeltaWriter(Protocol):
    """A writer of the deltas of an answer, in order."""

    def write(self, deltas: Iterable[Delta]) -> None:
        """Write deltas."""

    def flush(self) -> None:
        """Write out the deltas of a read."""

    def close(self) -> None:
        """Finish the output, so that something else can be written; more deltas may follow."""


class NoWriter:
    """A writer that writes nothing, for commands that need the answer only as a whole."""

    def write(self, deltas: Iterable[Delta]) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class ResponseObserver(Observer):
    """An observer that writes and times an accumulator's deltas, and reports errors to the verdict.

    `events` counts the events that no format can read as they came.
    """

    def __init__(self, accumulator: Accumulator, writer: DeltaWriter, verdict: Verdict) -> None:
        self.accumulator = accumulator
        self.writer = writer
        self.verdict = verdict
        self.timing = ResponseTiming()
        self.events = UnreadEvents()
        self._n = 0

    @property
    def is_unknown(self) -> bool:
        """True if no format was found."""
        return self.accumulator.format is None

    @property
    def is_bare_end(self) -> bool:
        """True if the only message was the sentinel, which is in no format's way."""
        return self.is_unknown and self._n == 1 and self.verdict.is_done

    @property
    def unread(self) -> list[Unread]:
        """Return the faults of the events that were not read, those repaired left out."""
        wire = self.accumulator.format
        is_known = wire is not None and not wire.tentative
        return self.events.found(self.accumulator.repairs.events, is_known=is_known)

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Write the deltas of messages."""
        self._write([delta for row in rows for delta in row.deltas])
        self.events.rows(rows)
        self._n = rows[-1].message.n
        return rows

    def note(self, note: Note, /) -> None:
        """Write the deltas of a block without data, or of a sentinel without its line ends."""
        if not isinstance(note, Ignored):
            return
        if is_sentinel(note):
            place = note.at, note.offset, note.size, self._n + 1
            row = Row(Message(note.type or "message", SENTINEL, "", None, *place))
            self.accumulator.feed([row])
            self._write(row.deltas)
        else:
            self._write(self.accumulator.feed_ignored(note, self._n))

    def finish(self, closed: Closed) -> Closed:
        """Write the rest of the deltas, and any error that only the verdict has found."""
        self._write(self.accumulator.finish(closed.at))
        self._add_error(closed.at)
        return closed

    def flush(self) -> None:
        """Write out the deltas of a read."""
        self.writer.flush()

    def close(self) -> None:
        """Finish the output."""
        self.writer.close()

    def failure(self) -> str:
        """Return the reason to finish by which the answer failed, "" if it did not."""
        choices = self.accumulator.choices.values()
        kind, reason = gravest(choice.finish for choice in choices)
        return reason if kind == "failure" else ""

    def nothing(self, choice: int) -> str:
        """Return why nothing was written, "" if something was."""
        wire, choices = self.accumulator.format, self.accumulator.choices
        if self.is_bare_end:
            return f"nothing came but {SENTINEL}"
        if wire is None or not self._n:
            return ""
        if not any(kind in self.timing.first for kind in ("text", "reasoning", "tool")):
            return f"{wire.name} found no text, reasoning or tool call in any event"
        if choice not in choices:
            others = ", ".join(map(str, sorted(choices)))
            return f"choice {choice} never came, only {others}"
        return ""

    def _write(self, deltas: Sequence[Delta]) -> None:
        self.timing.feed(deltas)
        self.writer.write(deltas)
        if self.accumulator.error is not None:
            for delta in deltas:
                if delta.kind == "error":
                    self._fail(delta)

    def _fail(self, delta: Delta) -> None:
        if failed := self.accumulator.failed:
            event, data = failed["event"], failed["raw"]
            report = ReportedError(delta.n, delta.at, event, data, is_event=is_message(failed))
            self.verdict.format_error(delta.value, report)

    def _add_error(self, at: float) -> None:
        """Add an error to the answer that the verdict recognised without a format."""
        error, report = self.verdict.error_value, self.verdict.reported
        if self.accumulator.error is None and error is not None and report:
            self.accumulator.error = error
            self.writer.write([Delta("error", error, 0, report.n, at)])


def missing_end(accumulator: Accumulator) -> str:
    """Return why the answer is incomplete, "" if it is complete or its format has no end marker."""
    wire = accumulator.format
    if wire is None or accumulator.is_whole:
        return ""
    return f"the stream ended before the answer did: the end that {wire.name} requires is missing"
