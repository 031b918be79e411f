"""The ending of a stream as a whole, and its exit code.

The transport knows how the connection ended, but the content of the stream may contradict it: an
error event under HTTP 200, a sentinel before a cut, an unfinished event before a clean end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending, Ignored, Reconnecting, Resume
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

# The data of the last message of OpenAI's API, which most other APIs have adopted.
SENTINEL: Final = "[DONE]"

_CLEAN: Final = frozenset({Ending.EOF, Ending.EOF_UNVERIFIED})
_FINAL: Final = frozenset({Ending.REFUSED, Ending.UNREACHABLE, Ending.INTERRUPTED})
_AFTER_DONE: Final = _CLEAN | {Ending.TRUNCATED, Ending.MALFORMED}
_WHOLE: Final = _CLEAN | {Ending.DONE, Ending.LIMIT}
_MAX_LINES: Final = 1000  # of an error document over several lines, each of up to 1,000 characters
# The cause for an ending if the `Closed` signal has no cause.
_CAUSES: Final = {
    Ending.ERROR_EVENT: Cause.ERROR_EVENT,
    Ending.TRUNCATED: Cause.TRUNCATED,
    Ending.MALFORMED: Cause.MALFORMED,
    Ending.TOO_LARGE: Cause.TOO_LARGE,
    Ending.DEADLINE: Cause.MAX_TIME,
}


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
    """

    def __init__(
        self, resume: Resume | None = None, missing: Callable[[], str] = lambda: ""
    ) -> None:
        self.error = ""
        self.error_value: Any = None
        self.reported: ReportedError | None = None
        self._resume = resume or Resume()
        self._missing = missing
        self.is_done = False  # the sentinel was seen
        self._unread: tuple[Ending, str, str] | None = None  # what is wrong with the first of them
        self._incomplete: Ignored | None = None
        self._document = _Document()
        self._messages = 0

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Look for the sentinel and for the first event that reports an error."""
        for row in rows:
            message = row.message
            data = message.data
            if data == SENTINEL:
                self.is_done = True
            # `error_of` repeats this test; here it saves a call for nearly every event.
            elif '"error"' in data or _is_error_type(message.type):
                self._error(row)
        self._messages = rows[-1].message.n
        if self.is_done:
            self._resume.over = True
        return rows

    def note(self, note: Note, /) -> None:
        """Look for errors in ignored lines, and start anew with a new connection."""
        if isinstance(note, Ignored):
            self.ignored(note)
        elif isinstance(note, Reconnecting):
            self.reconnecting()

    def _error(self, row: Row) -> None:
        if not self.error and (error := error_of(row)):
            message = row.message
            report = ReportedError(message.n, message.at, message.type, message.data)
            self._report(f"event {message.n} reports an error: {error}", error_value(row), report)

    def ignored(self, event: Ignored) -> None:
        """Look for an unfinished event, one that could not be read, and an error."""
        if event.reason == "incomplete":
            self._incomplete = event
        if event.reason in ("unknown-field", "incomplete") and not self.error:
            self._error_outside_events(event)
        elif event.reason == "too-large" and not self._unread:
            words = f"line {event.line}, {event.size:,} bytes, is over the size limit"
            self._unread = Ending.TOO_LARGE, words, Cause.TOO_LARGE
        elif event.reason == "malformed" and not self._unread:
            words = f"message {event.line:,}, at byte {event.offset:,}: {event.text}"
            self._unread = Ending.MALFORMED, words, Cause.MESSAGE_CORRUPT

    def _error_outside_events(self, event: Ignored) -> None:
        """Look for an error in an ignored line.

        Some servers write an `error: …` line outside of any event, or a bare JSON body.
        """
        line, source = event.line, event.text
        if event.last_line:  # the unfinished line, which was not reported before
            line, source = event.last_line, event.last_text
        name, _, value = source.partition(":")
        found: Any = value.strip() if name.strip() == "error" else None
        if source.lstrip()[:1] in ("{", "["):
            found = _reported(json_values.parse(source))
        elif isinstance(found, str):
            found = json_values.parse(found)
        if is_false(found):
            found = _reported(self._document.feed(line, source))
            line, source = self._document.line, self._document.text
        if not is_false(found):
            report = ReportedError(
                self._messages, event.at, event.type or "", source, is_event=False
            )
            self._report(f"line {line} reports an error: {_error_text(found)}", found, report)

    def reconnecting(self) -> None:
        """Forget the unfinished event of the connection that ended: it will be sent again."""
        self._incomplete = None
        self._document = _Document()

    def finish(self, closed: Closed) -> Closed:
        """Return `closed` with the ending, the evidence and the cause for the whole stream."""
        closed = self._judged(closed)
        return closed if closed.cause else closed._replace(cause=_CAUSES.get(closed.ending, ""))

    def _judged(self, closed: Closed) -> Closed:
        if closed.ending in _FINAL:
            return closed
        if self.error:
            is_event = self.reported and self.reported.is_event
            cause = Cause.ERROR_EVENT if is_event else Cause.ERROR_LINE
            return closed._replace(ending=Ending.ERROR_EVENT, detail=self.error, cause=cause)
        if self.is_done and closed.ending in _AFTER_DONE and not self._missing():
            closed = closed._replace(ending=Ending.DONE, detail=f"{SENTINEL} seen", cause="")
        if self._unread and closed.ending in _WHOLE:
            ending, words, cause = self._unread
            return closed._replace(ending=ending, detail=words, cause=cause)
        if self._incomplete and closed.ending in _CLEAN | {Ending.TRUNCATED}:
            return self._cut(closed, self._incomplete)
        if closed.ending in _CLEAN and (reason := self._missing()):
            return closed._replace(ending=Ending.TRUNCATED, detail=reason, cause="")
        return closed

    def format_error(self, error: Any, report: ReportedError) -> None:
        """Take an error that a wire format found, unless an earlier error is known.

        It may come late, because a format is detected only after several events.
        """
        known = self.reported
        if known and (known.n, not known.is_event) <= (report.n, not report.is_event):
            return
        where = f"event {report.n}"
        if not report.is_event:
            where = f"a block without data, after {where}," if report.n else "a block without data"
        self._report(f"{where} reports an error: {_error_text(error)}", error, report)

    def _report(self, words: str, value: Any, report: ReportedError) -> None:
        self.error, self.error_value, self.reported = words, value, report

    def _cut(self, closed: Closed, cut: Ignored) -> Closed:
        evidence = f"cut inside event {self._messages + 1}, {cut.size:,} bytes of it"
        if closed.ending is Ending.TRUNCATED:
            return closed._replace(detail=f"{closed.detail}; {evidence}")
        return closed._replace(ending=Ending.TRUNCATED, detail=evidence, cause=Cause.EVENT_CUT)


class _Document:
    """A JSON document over several ignored lines, sent instead of an event stream.

    Memory is bounded.
    """

    def __init__(self) -> None:
        self.line = 0  # the number of its first line
        self.text = ""  # all of its text, once it is complete
        self._lines: list[str] = []
        self._closes = ""

    def feed(self, line: int, text: str) -> Any:
        """Add an ignored line; return the value once its last line is there, else None."""
        if line != self.line + len(self._lines) or len(self._lines) == _MAX_LINES:
            self._lines = []
        words = text.strip()
        if not self._lines:
            if words[:1] not in ("{", "[") or not isinstance(json_values.parse(text), str):
                return None
            self.line = line
            self._closes = "}" if words[0] == "{" else "]"
        self._lines.append(text)
        is_last = words[:1] in ("}", "]") and words.endswith(self._closes)
        if not is_last or _indent(text) != _indent(self._lines[0]):
            return None
        self.text = "\n".join(self._lines)
        self._lines = []
        return json_values.parse(self.text)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _is_error_type(event_type: str) -> bool:
    """Return whether events of this type are errors; AWS names them so: throttlingException."""
    return event_type == "error" or event_type.endswith("Exception")


def error_of(row: Row) -> str:
    """Return the text of an error event, "" for any other event.

    An error event has the type "error" or that of an exception, or a top-level `error` that is not
    empty, also if its object is the only item of an array.
    """
    message = row.message
    if _is_error_type(message.type):
        return _error_text(error_value(row))
    if '"error"' not in message.data:  # most payloads need not be parsed
        return ""
    found = _reported(row.payload)
    return "" if is_false(found) else _error_text(found)


def error_value(row: Row) -> Any:
    """Return the error of an event as a JSON value: its `error`, or its whole payload."""
    found = _reported(row.payload)
    return row.payload if is_false(found) else found


def _reported(body: Any) -> Any:
    """Return the `error` of an object.

    An array of nothing but `{"error": …}` counts as that object, because Gemini replies so. Any
    other array is data.
    """
    if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict):
        [body] = body
        return body.get("error") if len(body) == 1 else None
    return body.get("error") if isinstance(body, dict) else None


def _error_text(error: Any) -> str:
    """Return the readable part of an error, which each API puts in another place."""
    if isinstance(error, dict):
        for key in ("error", "message", "detail", "type", "code"):
            if error.get(key) not in (None, "", {}):
                return _error_text(error[key])
    return "no details" if error in (None, "", {}) else str(error)[:500]
