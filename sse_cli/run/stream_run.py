"""The engine: signals in, rows and notes out to the observers, in one blocking loop.

A signal goes to each observer's `signal` and then through the session; the resulting events go to
each observer's `rows` and `note`, in the order of the list. `rows` is a chain: an observer returns
the rows for the next ones, so the end of an answer, a filter and a limit are ordinary observers.

The messages of one read are handed out in batches, which saves calls. A batch never extends beyond
the last message that is needed: `Observer.room` limits its size, and `Observer.stop` is called
after each batch.

`push` is the second back edge of the data flow (`Resume` is the first). One socket read may hold
several HTTP chunks: the source pushes them just before it waits for the next read. That saves 10 µs
per chunk, and no event is ever held back. `push` returns False when the run is over. An exception
of an observer must not pass through the source, which would treat it as its own, so it is stored
and raised at the source's next signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import NamedTuple

from sse_cli.model.errors import Terminated
from sse_cli.model.events import Chunk, Closed, Ending, Event, Message, Opened, Reconnecting, Signal
from sse_cli.model.observer import BATCH, Due, Observer, Stop, overrides
from sse_cli.model.row import Note, Row
from sse_cli.parser.session import Session
from sse_cli.process import signals as process_signals
from sse_cli.sources.clock import Clock
from sse_cli.transport.watchdog import Patience, endless


class _Late(NamedTuple):
    """The end of a run by a signal that came too late, and whether to drop that signal."""

    closed: Closed
    is_dropped: bool


class StreamRun:
    """One run over one stream. `observers` are called in the order of the list."""

    def __init__(self, session: Session, clock: Clock, observers: Sequence[Observer]) -> None:
        self.session = session
        self.clock = clock
        self.signal_number = 0
        """The signal that stopped the run, 0 for none."""
        self._observers = observers
        # Only overridden methods are called: an empty call costs 0.1 µs per event, and most
        # observers override two or three methods.
        self._signal = [observer.signal for observer in self._overriding("signal")]
        self._rows = [observer.rows for observer in self._overriding("rows")]
        self._note = [observer.note for observer in self._overriding("note")]
        self._lost = [observer.lost for observer in self._overriding("lost")]
        self._flush = [observer.flush for observer in self._overriding("flush")]
        self._room = [observer.room for observer in self._overriding("room")]
        self._stop = [observer.stop for observer in self._overriding("stop")]
        self._waiting = self._overriding("due")
        self._has_reply = False
        self._last = 0.0  # the stamp of the last signal
        self._pushed_end: Closed | None = None
        self._pushed_error: Exception | None = None

    def read(self, signals: Iterator[Signal]) -> Closed:
        """Read a stream to its end; return its end as the observers judged it.

        Ctrl-C, SIGTERM and their like end the stream like any other ending: everything before them
        is shown. A signal that comes later changes nothing. Raises any exception of an observer,
        and UsageError for an invalid recording.
        """
        with ExitStack() as stack:
            for observer in self._observers:
                stack.callback(observer.close)
                observer.start()
            self.clock()  # starts it
            try:
                closed = self._read(signals)
                process_signals.hold()
            except (KeyboardInterrupt, Terminated) as error:
                if self._pushed_error:
                    raise self._pushed_error from None
                closed = self._interrupted(getattr(error, "signal_number", 2))
            return self._end(closed)

    @property
    def may_stop(self) -> bool:
        """True if any message may end the run: if so, the source must not push."""
        return bool(self._stop)

    def push(self, chunk: Chunk) -> bool:
        """Process bytes of a source that is about to wait; return whether it should read on."""
        try:
            self._pushed_end = self._take(chunk)
        except Exception as error:  # it must not pass through the source (see above)
            self._pushed_error = error
        return self._pushed_end is None and self._pushed_error is None

    @property
    def patience(self) -> Patience:
        """A function that returns the seconds until the first `due` time, None if there is none.

        Any thread may call it.
        """
        return self._left if self._waiting else endless

    def _overriding(self, method: str) -> list[Observer]:
        return [observer for observer in self._observers if overrides(observer, method)]

    def _read(self, signals: Iterator[Signal]) -> Closed:
        take = self._take
        with closing(signals):  # type: ignore[type-var]  # all our sources are generators
            while True:
                signal = next(signals)
                if self._pushed_error:
                    raise self._pushed_error
                if end := self._pushed_end or take(signal):
                    return end

    def _take(self, signal: Signal) -> Closed | None:
        """Process a signal; return the end of the run, or None to continue."""
        late = self._late(signal) if self._waiting else None
        if isinstance(signal, Closed):
            return late.closed if late else signal
        if late and late.is_dropped:
            return late.closed
        if isinstance(signal, Opened):
            self._has_reply = True
        self._last = signal.at
        for handle in self._signal:
            handle(signal)
        self._hand_out(self.session.feed(signal))
        for flush in self._flush:
            flush()
        if late:
            return late.closed
        if not self._stop:
            return None
        stop = self._stopped()
        return Closed(self._last, stop.ending, stop.detail) if stop else None

    def _interrupted(self, number: int) -> Closed:
        self.signal_number = number
        # When a recording is played without waits, its stamps are ahead of the clock.
        now = max(self.clock(), self._last)
        return Closed(now, Ending.INTERRUPTED, f"stopped by {process_signals.name_of(number)}")

    def _end(self, closed: Closed) -> Closed:
        for handle in self._signal:
            handle(closed)
        *rest, closed = self.session.feed(closed)  # type: ignore[assignment]  # its last event
        self._hand_out(rest)
        for observer in self._observers:
            closed = observer.finish(closed)
        for flush in self._flush:
            flush()
        return closed

    def _hand_out(self, events: Iterable[Event]) -> None:
        """Hand out the events of a read: consecutive messages together, other events singly."""
        rows: list[Row] = []
        for event in events:
            if isinstance(event, Message):
                rows.append(Row(event))
                continue
            if rows:
                if self._hand_out_rows(rows):
                    return
                rows = []
            self._hand_out_note(self._judged(event) if isinstance(event, Reconnecting) else event)
            if self._stop and self._stopped():
                return
        if rows:
            self._hand_out_rows(rows)

    def _hand_out_rows(self, rows: Sequence[Row]) -> bool:
        """Hand out messages in batches; return whether the run stops after one of them."""
        begin = 0
        while begin < len(rows):
            batch = rows[begin : begin + self._batch_size()]
            begin += len(batch)
            for handle in self._rows:
                batch = handle(batch)
                if not batch:
                    break
            if self._stop and self._stopped():
                return True
        return False

    def _hand_out_note(self, note: Note) -> None:
        for handle in self._note:
            handle(note)

    def _judged(self, end: Reconnecting) -> Reconnecting:
        for judge in self._lost:
            end = judge(end)
        return end

    def _batch_size(self) -> int:
        return min(room() for room in self._room) if self._room else BATCH

    def _stopped(self) -> Stop | None:
        return next((end for stop in self._stop if (end := stop())), None)

    def _left(self) -> float | None:
        dues = [due.at + due.grace for due, _ in self._dues()]
        return min(dues) - self.clock() if dues else None

    def _dues(self) -> list[tuple[Due, Observer]]:
        return [(due, observer) for observer in self._waiting if (due := observer.due())]

    def _late(self, signal: Signal) -> _Late | None:
        """Return the end if a signal, live or recorded, comes after a `due` time."""
        is_end = isinstance(signal, Closed)
        for due, observer in sorted(self._dues(), key=lambda pair: pair[0].at):
            is_after = signal.at > due.at or (is_end and signal.at == due.at)
            if is_after or (due.cuts_off and not is_end and self.clock() >= due.at):
                has_reply = self._has_reply or isinstance(signal, Opened)
                closed = observer.overdue(signal.at, has_reply=has_reply)
                return _Late(closed, is_dropped=is_after and due.cuts_off)
        return None
