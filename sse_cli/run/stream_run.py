"""Signals in, rows out: the one loop that every command runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Final, TypeAlias

from sse_cli.analysis.event_counts import EventCounts
from sse_cli.analysis.resume_audit import ResumeAudit
from sse_cli.analysis.timing import Timing
from sse_cli.analysis.verdict import Verdict
from sse_cli.model.causes import Cause
from sse_cli.model.errors import Terminated, TimeIsUp
from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Event,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Signal,
)
from sse_cli.parser.session import Session
from sse_cli.query.selection import Expression, Row, Selection
from sse_cli.run.observers import Note, View
from sse_cli.run.time_limit import TimeLimit
from sse_cli.sources.files import Clock
from sse_cli.text.json_values import is_false
from sse_cli.transport.watchdog import Patience, endless

if TYPE_CHECKING:  # JMESPath (20 ms) is not for all, a recorder for those who record
    from sse_cli.llm.accumulator import Accumulator
    from sse_cli.llm.highlights import Highlights
    from sse_cli.recording.writer import Recorder


Tap: TypeAlias = Callable[[Chunk], None]
Due: TypeAlias = tuple[float, str]  # seconds of the run, and the option that asks for it

MOST: Final = 128  # messages at once
GRACE: Final = 0.1  # seconds in which what came in time, by its stamp, is read and worked through


class _Over(BaseException):
    """A run is over, while its source is asked for a signal."""

    def __init__(self, closed: Closed) -> None:
        self.closed = closed


class _Raised(BaseException):
    """What working through a signal raised, while its source is asked for another."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Run:
    """One run over one stream, and all that is known of it at any moment."""

    def __init__(  # noqa: PLR0913 (what a person asked for)
        self,
        session: Session,
        clock: Clock,
        *,
        selection: Selection | None = None,
        until: Expression | None = None,
        max_events: int | None = None,
        duration: TimeLimit | None = None,
    ) -> None:
        self.session = session
        self.clock = clock
        self.selection = selection or Selection()
        self.until = until
        self.max_events = max_events
        self.duration = duration
        # What a command adds.
        self.highlights: Highlights | None = None
        self.answer: Accumulator | None = None
        self.recorder: Recorder | None = None
        self.is_done: Callable[[], bool] | None = None
        self.due: Callable[[], Due | None] | None = None  # when what is waited for comes too late
        # What is known.
        self.timing = Timing()
        self.verdict = Verdict()
        self.aside = EventCounts()
        self.resume_audit = ResumeAudit()
        self.opened: Opened | None = None
        self.shown = 0
        self.reconnects = 0
        self.limit = ""
        self.signal_number = 0
        self.gave_up = False
        self._view: View  # since `over` began
        self._tap: Tap | None
        self._may_end = False  # a message may be the last one that is wanted
        self._due = 0.0

    def over(self, signals: Iterator[Signal], view: View, tap: Tap | None = None) -> Closed:
        """Feed every signal through to the view, and its bytes to the tap; how it all ended.

        Ctrl-C and SIGTERM end the stream as any other end does; what came before is shown.
        """
        self._view, self._tap = view, tap
        self._may_end = self.may_end
        self.clock()  # starts it
        with self.recorder or nullcontext():
            try:
                with self.duration.alarm() if self.duration else nullcontext():
                    return self._read(signals)
            except TimeIsUp:
                assert self.duration is not None  # noqa: S101 (it is over)
                return self._end(self.duration.closed(self.opened))
            except _Over as over:
                return self._end(over.closed)
            except _Raised as raised:
                raise raised.error from None
            except (KeyboardInterrupt, Terminated) as error:
                self.signal_number = getattr(error, "signal_number", 2)
                what = "Ctrl-C" if self.signal_number == 2 else f"signal {self.signal_number}"
                # A recording is ahead of the clock where it is played at once.
                now = max(self.clock(), self.timing.last)
                return self._end(Closed(now, Ending.INTERRUPTED, f"stopped by {what}"))

    @property
    def may_end(self) -> bool:
        """Whether any message may be the last that is wanted. Then nothing may be pushed: what
        came with it would be recorded, counted and written, too."""
        return bool(self.max_events is not None or self.until or self.is_done)

    def push(self, chunk: Chunk) -> None:
        """Take bytes from a source that is about to wait, while it is asked for a signal."""
        if self.duration:
            self.duration.came(chunk)
        try:
            end = self._take(chunk)
        except Exception as error:  # none of the source's: it must not see it
            raise _Raised(error) from None
        if end:
            raise _Over(end)
        if self.duration:
            self.duration.wait()

    def _read(self, signals: Iterator[Signal]) -> Closed:
        take = self._take
        advance = self.duration.next if self.duration else next
        with closing(signals):  # type: ignore[type-var]  # all our sources are generators
            while True:
                if end := take(advance(signals)):
                    return self._end(end)

    def _take(self, signal: Signal) -> Closed | None:
        """Work through a signal; how it all ends, if it ends."""
        late = self._late(signal) if self.due else None
        if isinstance(signal, Closed):
            return late or signal
        if self.recorder:
            self.recorder.write(signal)
        self.timing.signal(signal)
        if self._tap and isinstance(signal, Chunk):
            self._tap(signal)
        self._pass(self.session.feed(signal))
        self._view.flush()
        if late or not self._may_end:  # what a late signal brought is the evidence
            return late
        if self.limit:
            return Closed(self.timing.last, Ending.LIMIT, self.limit)
        if self.is_done and self.is_done():
            return Closed(self.timing.last, Ending.DONE, "the answer's own end was seen")
        return None

    @property
    def patience(self) -> Patience:
        """The seconds that are left for what is `due`; None for ever. Any thread may ask."""
        return self._left if self.due else endless

    def _left(self) -> float | None:
        due = self._due_now()
        return None if due is None else due[0] + GRACE - self.clock()

    def _due_now(self) -> Due | None:
        """What is due; no event can be in a reply that is no stream, and is only shown."""
        if self.due is None or (self.opened and self.opened.media == "other"):
            return None
        return self.due()

    def _late(self, signal: Signal) -> Closed | None:
        """The end, if a signal is stamped after what was `due`, be it of a recording."""
        due = self._due_now()
        if due is None or signal.at <= due[0]:
            return None
        self.gave_up = True
        is_reply = self.opened is not None or isinstance(signal, Opened)
        phase = "the stream still ran" if is_reply else "no reply had come"
        detail = f"{phase} when {due[1]} was over"
        return Closed(signal.at, Ending.DEADLINE, detail, Cause.EXPECTED_TIME)

    def _end(self, signal: Closed) -> Closed:
        if self.recorder:
            self.recorder.write(signal)
        if signal.at < self._due:  # the connection that was announced never began
            self.reconnects -= 1
        *rest, closed = self.session.feed(signal)
        self._pass(rest)
        assert isinstance(closed, Closed)  # noqa: S101 (a session ends with it)
        closed = self.verdict.finish(closed)
        self._view.note(closed)
        self._view.flush()
        return closed

    def _pass(self, events: Iterable[Event]) -> None:
        """Work through the events of a read: messages in a row at once, which saves calls."""
        rows: list[Row] = []
        for event in events:
            if isinstance(event, Message):
                rows.append(Row(event))
                continue
            if rows:
                if self._rows(rows):
                    return
                rows = []
            self._note(event)
            if self.is_done and self.is_done():
                return
        if rows:
            self._rows(rows)

    def _rows(self, rows: Sequence[Row]) -> bool:
        """Work through messages, some at a time; whether the last that is wanted was among them."""
        begun = 0
        while begun < len(rows):
            some = rows[begun : begun + self._room()]
            if self.answer:
                some = self.answer.feed(some)
            self._messages(some)
            if self._may_end and self._is_over(some[-1]):
                return True
            begun += len(some)
        return False

    def _room(self) -> int:
        """How many messages may be worked through at once: none after the last that is wanted, and
        not so many that Ctrl-C loses much of what came."""
        if self.until:
            return 1
        return MOST if self.max_events is None else min(MOST, self.max_events - self.shown)

    def _note(self, note: Note) -> None:
        if isinstance(note, Ignored):
            self.verdict.ignored(note)
        elif isinstance(note, Opened):
            self.opened = note
            self.resume_audit.opened()
        elif isinstance(note, Reconnecting):
            self.reconnects += 1
            self._due = note.at + note.delay
            self.verdict.reconnecting()
        self.aside.feed(note)
        self._view.note(note)

    def _messages(self, rows: Sequence[Row]) -> None:
        """Judge messages of one read, and show those that are wanted."""
        rows[0].gap = self.timing.arrived(rows[0].message.at, len(rows))
        self.verdict.messages(rows)
        for row in rows:
            if row.message.id:
                self.resume_audit.message(row.message)
        if self.verdict.is_done:  # what is_done() knows of ends the run itself
            self.session.resume.over = True
        if self.highlights:
            for row in rows:
                row.parts = self.highlights.feed(row)
        if not self.selection.is_all and not (rows := self.selection.kept(rows)):
            return
        self.shown += len(rows)
        if self.timing.first_value is None and self.selection.queries:
            for row in rows:
                self.timing.values(row.values, row.message.at)
        self._view.rows(rows)

    def _is_over(self, row: Row) -> bool:
        """Whether a message was the last that is wanted."""
        if self.shown == self.max_events:
            self.limit = f"{self.shown:,} shown, as -n asked"
        elif self.until and not is_false(self.until.search(row.payload)):
            self.limit = f"event {row.message.n} is what --until asked for"
        return bool(self.limit or (self.is_done and self.is_done()))
