"""The words of an error, which each API puts in another place of its JSON.

People get the server's own message with its code: `4011 insufficient credits`. An error without a
message is shown as JSON, never in Python's notation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sse_cli.text import json_values

MAX_LENGTH: Final = 500  # characters
_MAX_ITEMS: Final = 5  # of a list of errors
_MAX_NESTING: Final = 20  # of messages in each other
_NOTHING: Final = "no details"
# In the order in which they are looked for.
_MESSAGES: Final = (
    "message", "errorMessage", "error_message", "errorText", "error_msg", "errmsg", "status_msg",
    "msg", "Message", "detail", "details", "error_description", "title", "description", "reason",
)  # fmt: skip
_CODES: Final = ("code", "errorCode", "error_code", "errcode", "status_code", "statusCode")
# Values that hold the error: {"type": "response.failed", "response": {"error": {…}}}.
_HOLDERS: Final = ("last_error", "response", "data", "result", "errors", "content", "text")


def error_text(error: Any) -> str:
    """Return the readable part of an error, at most `MAX_LENGTH` characters."""
    words = _words(error, 0)
    if words.lower() == "error":  # which says no more than that there is one
        return _NOTHING
    if not words and isinstance(error, dict | list) and error:
        words = json_values.show(error.get("error") or error if isinstance(error, dict) else error)
    return (words or _NOTHING)[:MAX_LENGTH]


def with_code(code: Any, message: str) -> str:
    """Return a message behind its code, unless it says the code itself.

    A number needs no colon: `429 slow down`, but `rate_limit: slow down`.
    """
    text = _code(code)
    is_said = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", message, re.IGNORECASE)
    if not text or not message or is_said:
        return message or text
    return f"{text}{' ' if text.lstrip('-').isdecimal() else ': '}{message}"


def _words(error: Any, nesting: int) -> str:
    """Return the words of a JSON value, "" if it has none that people can read."""
    if nesting > _MAX_NESTING:
        return ""
    if isinstance(error, dict):
        return _of_object(error, nesting)
    if isinstance(error, list):
        said = [words for item in error if (words := _words(item, nesting + 1))]
        more = [f"and {len(said) - _MAX_ITEMS:,} more"] if len(said) > _MAX_ITEMS else []
        return "; ".join([*said[:_MAX_ITEMS], *more])
    if isinstance(error, str):
        return _of_string(error, nesting)
    return "" if error is None or isinstance(error, bool) else json_values.show(error)


def _of_string(text: str, nesting: int) -> str:
    """Return a text, or the words of the JSON that it holds."""
    if text.lstrip()[:1] in ("{", "["):
        inner = json_values.parse(text)
        if not isinstance(inner, str) and (words := _words(inner, nesting + 1)):
            return words
    return text.strip()


def _of_object(error: dict[str, Any], nesting: int) -> str:
    """Return the words of the innermost `error` that has any."""
    levels = [error]
    while isinstance(inner := levels[-1].get("error"), dict):
        levels.append(inner)
    return next((words for level in reversed(levels) if (words := _of_level(level, nesting))), "")


def _of_level(error: dict[str, Any], nesting: int) -> str:
    """Return the message of an object with its code, else its code or its type, else ""."""
    message = _first(error, _MESSAGES, nesting)
    code = next((code for key in _CODES if (code := _code(error.get(key)))), "")
    if isinstance(status := error.get("status"), int):
        code = code or _code(status)
    inner = error.get("error")
    if not isinstance(inner, dict) and (words := _words(inner, nesting + 1)):
        return with_code(words, message) if message else with_code(code, words)
    message = message or _first(error, _HOLDERS, nesting)
    if message or code:
        return with_code(code, message)
    kind = error.get("type")
    return kind if isinstance(kind, str) else ""


def _first(error: dict[str, Any], keys: Iterable[str], nesting: int) -> str:
    return next((words for key in keys if (words := _words(error.get(key), nesting + 1))), "")


def _code(value: Any) -> str:
    """Return a code as text, "" if `value` is not one: 0 stands for none."""
    is_code = isinstance(value, int | str) and not isinstance(value, bool)
    return str(value) if is_code and value not in (0, "0") else ""
