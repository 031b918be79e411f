"""The ending of a stream as a whole, and its exit code.

The transport knows how the connection ended, but the content of the stream may contradict it: an
error event under HTTP 200, a sentinel before a cut, an unfinished event before a clean end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sse_cli.analysis import error_events
from sse_cli.analysis.error_events import EventError, error_in, event_error
from sse_cli.analysis.error_lines import ErrorLines
from sse_cli.analysis.error_text import error_text
from sse_cli.analysis.lost_connections import LostConnections
from sse_cli.analysis.unfinished import SENTINEL, is_comment, is_sentinel, missing_blank_line
from sse_cli.model.causes import Cause
from sse_cli.model.events import (
    Closed,
    Comment,
    Ending,
    Ignored,
    Opened,
    Reconnecting,
    Resume,
    Retry,
)
from sse_cli.model.observer import Observer
from sse_cli.model.row import UNPARSED, Note, Row
from sse_cli.text import json_values, units
from sse_cli.text.json_values import is_false

_CLEAN: Final = frozenset({Ending.EOF, Ending.EOF_UNVERIFIED})
_FINAL: Final = frozenset({Ending.REFUSED, Ending.UNREACHABLE, Ending.INTERRUPTED})
_AFTER_DONE: Final = _CLEAN | {Ending.TRUNCATED, Ending.MALFORMED}
_WHOLE: Final = _CLEAN | {Ending.DONE, Ending.LIMIT}
_MAX_HARMLESS: Final = 1000  # types that are remembered
_NAMES: Final = {Comment: "comment", Retry: "retry line", Ignored: "ignored line"}
# The endings by which a run ends while it waits for the next connection.
_GIVEN_UP: Final = frozenset({Ending.DEADLINE, Ending.LIMIT, Ending.INTERRUPTED})
# The cause for an ending if the `Closed` signal has no cause.
_CAUSES: Final = {
    Ending.EMPTY: Cause.NO_EVENTS,
    Ending.ERROR_EVENT: Cause.ERROR_EVENT,
    Ending.TRUNCATED: Cause.TRUNCATED,
    Ending.MALFORMED: Cause.MALFORMED,
    Ending.TOO_LARGE: Cause.TOO_LARGE,
    Ending.DEADLINE: Cause.MAX_TIME,
}


Unread: TypeAlias = tuple[Ending, str, str]
"""The ending, the evidence and the cause for an event that can't be read."""


class ReportedError(NamedTuple):
    """An event that reports an error.

    `n` is its number; if `is_event` is False, the error is in ignored lines after event `n`. `at`
    is the stamp (seconds).
    """

    n: int
    at: float
    type: str
    data: str
    is_event: bool = True


class Verdict(Observer):
    """An observer that corrects the ending of a connection by the content of the stream.

    `missing` returns why an answer is incomplete, "" if it is complete; it is called at a clean
    end. `resume.over` is set once the stream has reached its own end.

    `format_error` returns the error of an event by the rules of its wire format, null if there is
    none. It is called for events that mention a failure, by commands that read no answer.

    The messages of a read are judged after all observers got them, because a view may have parsed
    them by then: testing a parsed payload is cheaper than searching its text for words.
    """

    def __init__(
        self,
        resume: Resume | None = None,
        missing: Callable[[], str] = lambda: "",
        format_error: Callable[[Row], Any] | None = None,
    ) -> None:
        self.error = ""
        self.error_value: Any = None
        self.reported: ReportedError | None = None
        self._error_here = ""  # the first error of this connection, as `error` is of the run
        self._lost = LostConnections()
        self._resume = resume or Resume()
        self._missing = missing
        self._format_error = format_error
        self.is_done = False  # the sentinel was seen
        # What is wrong with the first of them, of the run and of this connection.
        self._unread: Unread | None = None
        self._unread_here: Unread | None = None
        self._incomplete: Ignored | None = None
        self._error_lines = ErrorLines()
        self._wordless: tuple[str, Any, ReportedError] | None = None  # an error without data
        self._messages = 0
        self._others: Counter[str] = Counter()  # events other than messages, by name
        self._is_stream = False  # a body was read as a stream
        self._unjudged: list[Sequence[Row]] = []
        self._harmless: set[str] = set()  # types that report no error

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Keep the messages until the end of the read."""
        self._unjudged.append(rows)
        self._messages = rows[-1].message.n
        return rows

    def flush(self) -> None:
        """Look for the sentinel and for the first event that reports an error.

        Most events pass one test of a dozen: for speed, it is written in line.
        """
        harmless, has_no_error = self._harmless, error_events.KEYS.isdisjoint
        is_by_text = self._format_error is not None
        for rows in self._unjudged:
            for row in rows:
                payload, kind = row.parsed, row.message.type
                if payload.__class__ is dict:
                    is_suspect = is_by_text and error_events.mentions_error(row.message.data)
                    if not is_suspect and has_no_error(payload) and kind in harmless:
                        name = payload.get("type") or payload.get("object") or payload.get("event")
                        if name.__class__ is not str or name in harmless:
                            continue
                elif (data := row.message.data) == SENTINEL:
                    self.is_done = True
                    continue
                elif (
                    kind in harmless
                    and payload.__class__ is not list
                    and (payload is not UNPARSED or not error_events.mentions_error(data))
                ):
                    continue
                self._judge(row)
        self._unjudged.clear()
        if self.is_done:
            self._resume.over = True

    def note(self, note: Note, /) -> None:
        """Look for errors in ignored lines, and start anew with a new connection."""
        if name := _NAMES.get(type(note)):
            self._others[name] += 1
        if isinstance(note, Ignored):
            self.flush()
            self.ignored(note)
        elif isinstance(note, Opened):
            self._is_stream = self._is_stream or note.media != "other"
            self._lost.opened(note)
        elif isinstance(note, Reconnecting):
            self._lost.lost(note)
            self.reconnecting()

    def _judge(self, row: Row) -> None:
        """Look for an error in an event that may report one."""
        message = row.message
        if error := event_error(row) or self._error_of_format(row):
            report = ReportedError(message.n, message.at, message.type, message.data)
            words = f"event {message.n} reports an error: {error.text}"
            self._report(words, error.value, report)
        elif len(self._harmless) < _MAX_HARMLESS:
            self._harmless.update(error_events.harmless_names(message.type, row.payload))

    def _error_of_format(self, row: Row) -> EventError | None:
        kind, data = row.message.type, row.message.data
        mentions = error_events.mentions_error
        if not self._format_error or not (mentions(data) or mentions(kind)):
            return None
        found = self._format_error(row)
        return None if found is None else EventError(found, error_text(found))

    def ignored(self, event: Ignored) -> None:
        """Look for an unfinished event, one that could not be read, and an error."""
        if is_sentinel(event):
            self.is_done = self._resume.over = True
        elif event.reason == "incomplete" and not is_comment(event):
            self._incomplete = event
        if event.reason in ("unknown-field", "incomplete"):
            if error := self._error_lines.feed(event):
                words = f"line {error.line} reports an error: {error.text}"
                place = self._messages, event.at, event.type or "", error.source
                self._report(words, error.value, ReportedError(*place, is_event=False))
        elif event.reason == "no-data" and error_events.names_failure(event.type or ""):
            place = self._messages, event.at, event.type or "", event.text
            words = f"line {event.line} reports an error: {error_text(None)}"
            report = ReportedError(*place, is_event=False)
            self._wordless = self._wordless or (words, event.type, report)
        elif event.reason == "too-large":
            self._take_unread(Ending.TOO_LARGE, self._too_large(event), Cause.TOO_LARGE)
        elif event.reason == "malformed":
            words = f"message {event.line:,}, at byte {event.offset:,}: {event.text}"
            self._take_unread(Ending.MALFORMED, words, Cause.MESSAGE_CORRUPT)

    def lost(self, end: Reconnecting) -> Reconnecting:
        """Return `end` with the ending and the evidence for the connection that ended."""
        self.flush()
        wire = Closed(end.at, end.ending, end.detail)
        closed = self._judged(wire, self._error_here, self._unread_here)
        return end._replace(ending=closed.ending, detail=closed.detail)

    def reconnecting(self) -> None:
        """Forget the unfinished event of the connection that ended: it will be sent again."""
        self._incomplete = self._unread_here = None
        self._error_here = ""
        self._error_lines = ErrorLines()

    def finish(self, closed: Closed) -> Closed:
        """Return `closed` with the ending, the evidence and the cause for the whole stream."""
        self.flush()
        if self._wordless and not self.error:  # an event after it may have the words
            self._report(*self._wordless)
        closed = self._judged(closed, self.error, self._unread)
        if self._lost.is_waiting and closed.ending in _GIVEN_UP:
            detail = f"{closed.detail}; the last connection: {self._lost.words()}"
            closed = closed._replace(detail=detail)
        return closed if closed.cause else closed._replace(cause=_CAUSES.get(closed.ending, ""))

    def _judged(self, closed: Closed, error: str, unread: Unread | None) -> Closed:
        """Judge the end of the run or of one connection; `error` is the first error in it."""
        if closed.ending in _FINAL:
            return closed
        if error:
            is_event = self.reported and self.reported.is_event
            cause = Cause.ERROR_EVENT if is_event else Cause.ERROR_LINE
            return closed._replace(ending=Ending.ERROR_EVENT, detail=error, cause=cause)
        if self.is_done and closed.ending in _AFTER_DONE and not self._missing():
            closed = closed._replace(ending=Ending.DONE, detail=f"{SENTINEL} seen", cause="")
        if unread and closed.ending in _WHOLE:
            ending, words, cause = unread
            return closed._replace(ending=ending, detail=words, cause=cause)
        if self._incomplete and closed.ending in _CLEAN | {Ending.TRUNCATED}:
            return self._cut(closed, self._incomplete)
        return self._judged_clean(closed) if closed.ending in _CLEAN else closed

    def _judged_clean(self, closed: Closed) -> Closed:
        """Judge a stream that ended well, by whether anything came of it."""
        if self._is_stream and not self._messages:
            return closed._replace(ending=Ending.EMPTY, detail=self._nothing(closed), cause="")
        if reason := self._missing():
            return closed._replace(ending=Ending.TRUNCATED, detail=reason, cause="")
        return closed

    def format_error(self, error: Any, report: ReportedError) -> None:
        """Take an error that a wire format found, unless an earlier error is known.

        It may come late, because a format is detected only after several events.
        """
        where = f"event {report.n}"
        if not report.is_event:
            where = f"a block without data, after {where}," if report.n else "a block without data"
        text = error_text(error)
        if report.is_event and (found := error_in(report.type, json_values.parse(report.data))):
            text = text if is_false(found.value) else found.text  # with a message beside the error
        self._report(f"{where} reports an error: {text}", error, report)

    def _report(self, words: str, value: Any, report: ReportedError) -> None:
        """Take an error unless an earlier one is known."""
        self._error_here = self._error_here or words
        known = self.reported
        if known and (known.n, not known.is_event) <= (report.n, not report.is_event):
            return
        self.error, self.error_value, self.reported = words, value, report

    def _take_unread(self, *unread: *Unread) -> None:
        """Take an event that can't be read, unless an earlier one is known."""
        self._unread = self._unread or unread
        self._unread_here = self._unread_here or unread

    def _nothing(self, closed: Closed) -> str:
        """Return the evidence that not a single message came."""
        others = [units.count(number, name) for name, number in self._others.items()]
        only = f", only {' and '.join(others)}" if others else ""
        return f"no event came{only}: {closed.detail}"

    def _too_large(self, event: Ignored) -> str:
        """Return what is too large, a line or an event, with its number, its size and the limit."""
        what = f"{event.part} {event.line:,}, {units.count(event.size, 'byte')},"
        if event.part == "event":
            reached = f"{units.count(event.size, 'byte')} by line {event.line:,},"
            what = f"event {self._messages + 1:,}, {reached}"
        return f"{what} is over the size limit of {units.size(event.limit)}"

    def _cut(self, closed: Closed, cut: Ignored) -> Closed:
        if closed.ending in _CLEAN and (found := missing_blank_line(cut, self._messages)):
            words, cause = found
            return closed._replace(ending=Ending.TRUNCATED, detail=words, cause=cause)
        evidence = f"cut inside event {self._messages + 1}, {units.count(cut.size, 'byte')} of it"
        if closed.ending is Ending.TRUNCATED:
            return closed._replace(detail=f"{closed.detail}; {evidence}")
        return closed._replace(ending=Ending.TRUNCATED, detail=evidence, cause=Cause.EVENT_CUT)
