"""How a stream ended, all told, and the exit code that says so.

The transport knows how the connection ended; the stream itself may say otherwise: an error
event under HTTP 200, a sentinel before a cut, half an event before a clean end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sse_cli.model.causes import Cause
from sse_cli.model.errors import ExitCode
from sse_cli.model.events import Closed, Ending, Ignored, Reconnecting, Resume
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

EXIT_CODES: Final = {
    Ending.DONE: ExitCode.OK,
    Ending.EOF: ExitCode.OK,
    Ending.EOF_UNVERIFIED: ExitCode.OK,
    Ending.LIMIT: ExitCode.OK,
    Ending.ERROR_EVENT: ExitCode.BROKEN,
    Ending.TRUNCATED: ExitCode.BROKEN,
    Ending.MALFORMED: ExitCode.BROKEN,
    Ending.TOO_LARGE: ExitCode.BROKEN,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.UNREACHABLE: ExitCode.UNREACHABLE,
    Ending.STALLED: ExitCode.TIMEOUT,
    Ending.DEADLINE: ExitCode.TIMEOUT,
    Ending.INTERRUPTED: 128 + 2,
}
# The sentinel that OpenAI's API ends a stream with, and most others after it.
SENTINEL: Final = "[DONE]"

_CLEAN: Final = frozenset({Ending.EOF, Ending.EOF_UNVERIFIED})
_KEPT: Final = frozenset({Ending.REFUSED, Ending.UNREACHABLE, Ending.INTERRUPTED})
_AFTER_DONE: Final = _CLEAN | {Ending.TRUNCATED, Ending.MALFORMED}
_WHOLE: Final = _CLEAN | {Ending.DONE, Ending.LIMIT}
_MOST_LINES: Final = 1000  # of an error that is printed over several: each of at most 1,000 letters
# The cause where a `Closed` signal names none that is more exact.
_CAUSES: Final = {
    Ending.ERROR_EVENT: Cause.ERROR_EVENT,
    Ending.TRUNCATED: Cause.TRUNCATED,
    Ending.MALFORMED: Cause.MALFORMED,
    Ending.TOO_LARGE: Cause.TOO_LARGE,
    Ending.DEADLINE: Cause.MAX_TIME,
}


class ReportedError(NamedTuple):
    """What reports an error: event `n` with its data, or lines after it that are no event. `at` is
    their stamp (seconds)."""

    n: int
    at: float
    type: str
    data: str
    is_event: bool = True


class Verdict(Observer):
    """Watches every message and ignored line; `finish` judges the connection's end by them."""

    def __init__(
        self, resume: Resume | None = None, missing: Callable[[], str] = lambda: ""
    ) -> None:
        self.error = ""
        self.error_value: Any = None
        self.reported: ReportedError | None = None
        self._resume = resume or Resume()
        # Asked at a clean end: why the answer is not whole, "" when it is. Formats know.
        self._missing = missing
        self.is_done = False  # the sentinel was seen: the stream came to its own end
        self._too_large = ""
        self._incomplete: Ignored | None = None
        self._document = _Document()
        self._messages = 0

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Note a sentinel, after which nothing is opened again, and the first event by which the
        stream reports an error."""
        for row in rows:
            message = row.message
            data = message.data
            if data == SENTINEL:
                self.is_done = True
            # error_of asks the same, once more: this runs at every event, and few can be one.
            elif '"error"' in data or message.type == "error":
                self._error(row)
        self._messages = rows[-1].message.n
        if self.is_done:
            self._resume.over = True
        return rows

    def note(self, note: Note, /) -> None:
        """Take note of what was ignored, and of a new connection."""
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
        """Note what was cut off, and what a limit of ours passed over."""
        if event.reason == "incomplete":
            self._incomplete = event
        if event.reason in ("unknown-field", "incomplete") and not self.error:
            self._error_outside_events(event)
        elif event.reason == "too-large" and not self._too_large:
            self._too_large = f"line {event.line}, {event.size:,} bytes, is over the size limit"

    def _error_outside_events(self, event: Ignored) -> None:
        """Some servers report an error in a line of their own, or as a bare JSON body."""
        line, source = event.line, event.text
        if event.last_line:  # it has no end, and was not reported before
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
        """Forget what the connection that is over left unfinished: it will be sent again."""
        self._incomplete = None
        self._document = _Document()

    def finish(self, closed: Closed) -> Closed:
        """Return `closed` with the ending, the evidence and the cause for the whole stream."""
        closed = self._judged(closed)
        return closed if closed.cause else closed._replace(cause=_CAUSES.get(closed.ending, ""))

    def _judged(self, closed: Closed) -> Closed:
        if closed.ending in _KEPT:
            return closed
        if self.error:
            is_event = self.reported and self.reported.is_event
            cause = Cause.ERROR_EVENT if is_event else Cause.ERROR_LINE
            return closed._replace(ending=Ending.ERROR_EVENT, detail=self.error, cause=cause)
        if self.is_done and closed.ending in _AFTER_DONE and not self._missing():
            closed = closed._replace(ending=Ending.DONE, detail=f"{SENTINEL} seen", cause="")
        if self._too_large and closed.ending in _WHOLE:
            return closed._replace(ending=Ending.TOO_LARGE, detail=self._too_large, cause="")
        if self._incomplete and closed.ending in _CLEAN | {Ending.TRUNCATED}:
            return self._cut(closed, self._incomplete)
        if closed.ending in _CLEAN and (reason := self._missing()):
            return closed._replace(ending=Ending.TRUNCATED, detail=reason, cause="")
        return closed

    def format_error(self, error: Any, report: ReportedError) -> None:
        """Note the error that a wire format found, unless an earlier one is known: a format may be
        known only when more has come."""
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
    """A JSON value that is printed over several lines of an event stream, as a body that should
    not be one; each line of it is ignored. Memory is bounded."""

    def __init__(self) -> None:
        self.line = 0  # the number of its first
        self.text = ""  # all of it, once it is whole
        self._lines: list[str] = []
        self._closes = ""

    def feed(self, line: int, text: str) -> Any:
        """The value, once its last line is there; None before, and where there is none."""
        if line != self.line + len(self._lines) or len(self._lines) == _MOST_LINES:
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


def error_of(row: Row) -> str:
    """What an error event says: `event: error`, or a top-level `error` that says something (in an
    array by itself, too)."""
    message = row.message
    if message.type == "error":
        return _error_text(error_value(row))
    if '"error"' not in message.data:  # spares most messages the parsing of their payload
        return ""
    found = _reported(row.payload)
    return "" if is_false(found) else _error_text(found)


def error_value(row: Row) -> Any:
    """The error of an event as JSON has it."""
    found = _reported(row.payload)
    return row.payload if is_false(found) else found


def _reported(body: Any) -> Any:
    """The `error` of an object; also of an array that holds `{"error": …}` and nothing else, as
    Gemini answers. Any other array is data."""
    if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict):
        [body] = body
        return body.get("error") if len(body) == 1 else None
    return body.get("error") if isinstance(body, dict) else None


def _error_text(error: Any) -> str:
    """The readable part of an error, wherever the API at hand puts it."""
    if isinstance(error, dict):
        for key in ("error", "message", "detail", "type", "code"):
            if error.get(key) not in (None, "", {}):
                return _error_text(error[key])
    return "no details" if error in (None, "", {}) else str(error)[:500]
