"""Evidence in the event that the end of a body left unfinished.

A browser drops such an event. But a body that lacks only the blank line at its end was not cut: all
of its data is there, and the server forgot to end the event.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sse_cli.model.causes import Cause
from sse_cli.model.events import Ignored
from sse_cli.text import json_values
from sse_cli.text.units import count

# The data of the last message of OpenAI's API, which most other APIs have adopted.
SENTINEL: Final = "[DONE]"


class MissingEnd(NamedTuple):
    """The words for an unfinished event, and the cause for a hint."""

    words: str
    cause: str


def is_sentinel(event: Ignored) -> bool:
    """Return whether an unfinished event is the sentinel, which nothing can follow."""
    return event.reason == "incomplete" and event.data == SENTINEL


def is_comment(event: Ignored) -> bool:
    """Return whether nothing but a comment is unfinished: it belongs to no event."""
    has_fields = not event.data is event.type is event.id is None
    return (event.last_text or event.text).startswith(":") and not has_fields


def missing_blank_line(event: Ignored, messages: int) -> MissingEnd | None:
    """Return how an unfinished event lacks nothing but the end of its lines, None if it was cut.

    `messages` is the number of messages before it.
    """
    documents = _documents(event.data)
    if not documents and (event.data is None or event.last_line or _begins_as_json(event.data)):
        return None
    if documents > 1 and not messages:
        words = f"not a single blank line: {documents:,} events are separated by one newline"
        return MissingEnd(words, Cause.BLANK_LINES)
    size = count(event.size, "byte")
    if documents > 1:
        words = f"the last {documents:,} events lack their blank lines: a browser drops them"
        return MissingEnd(f"{words} ({size})", Cause.BLANK_LINES)
    lacks = "its line end and its blank line" if event.last_line else "its blank line"
    return MissingEnd(
        f"the last event lacks {lacks}: a browser drops it ({size})", Cause.BLANK_LINE
    )


def _documents(data: str | None) -> int:
    """Return of how many JSON objects or arrays some data consists, 0 if of anything else.

    It is one over any number of lines, or several with a line each, the sentinel among them.
    """
    if data is None or not _begins_as_json(data):
        return 0
    if not isinstance(json_values.parse(data), str):
        return 1
    lines = data.split("\n")
    are_whole = all(
        line == SENTINEL or (_begins_as_json(line) and json_values.parse(line) is not line)
        for line in lines
    )
    return len(lines) if are_whole else 0


def _begins_as_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")
