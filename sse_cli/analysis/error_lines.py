"""Recognition of errors in lines outside of any event.

Some servers write an `error: …` line there, or a JSON document instead of an event stream.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sse_cli.analysis.error_events import error_in
from sse_cli.analysis.error_text import error_text
from sse_cli.analysis.unfinished import missing_blank_line
from sse_cli.model.events import Ignored
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

_MAX_LINES: Final = 1000  # of an error document over several lines, each of up to 1,000 characters


class LineError(NamedTuple):
    """An error in ignored lines: the number of the first, their text, its value and its words."""

    line: int
    source: str
    value: Any
    text: str


class ErrorLines:
    """A search for an error in the ignored lines of one connection. Memory is bounded."""

    def __init__(self) -> None:
        self._document = _Document()

    def feed(self, event: Ignored) -> LineError | None:
        """Return the error that an ignored line reports or completes, None without one."""
        line, source = event.line, event.text
        if event.last_line:  # the unfinished line, which was not reported before
            line, source = event.last_line, event.last_text
        name, _, value = source.partition(":")
        found: Any = None
        if source.lstrip()[:1] in ("{", "["):
            found = json_values.parse(source)
        elif name.strip() == "error":
            found = json_values.parse(value.strip())
            if not is_false(found):
                return LineError(line, source, found, error_text(found))
        elif event.data is not None and missing_blank_line(event, 0):
            found = json_values.parse(event.data)  # an event in all but its blank line
        if error := error_in("" if found is None else event.type or "", found):
            return LineError(line, source, *error)
        if error := error_in("", self._document.feed(line, source)):
            return LineError(self._document.line, self._document.text, *error)
        return None


class _Document:
    """A JSON document over several ignored lines."""

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
