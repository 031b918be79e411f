"""The error in the body of a reply that is not an event stream."""

from __future__ import annotations

from typing import Any, Final

from sse_cli.analysis.error_events import error_in
from sse_cli.model import media_type
from sse_cli.model.events import Closed, Ending, Opened
from sse_cli.text import json_values

MAX_LENGTH: Final = 2000  # characters of a text
_MARKUP: Final = frozenset({"text/html", "application/xhtml+xml"})


def error_of_reply(opened: Opened | None, closed: Closed) -> Any:
    """Return the error that a refused reply holds, as a JSON value; None without one.

    That is the `error` of its JSON, or all of the JSON if its status says that it is an error, or
    its text. A web page says nothing to a program.
    """
    if closed.ending is not Ending.REFUSED or opened is None or not closed.body.strip():
        return None
    text = closed.body.decode("utf-8", "replace").strip()
    body = json_values.parse(text)
    if not isinstance(body, str) and (error := error_in("", body)):
        return error.value
    if (opened.status or 0) < 400:
        return None
    if body is text:
        is_page = media_type.essence(opened.header("content-type")) in _MARKUP or text[:1] == "<"
        return None if is_page else text[:MAX_LENGTH]
    return body
