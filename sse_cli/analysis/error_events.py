"""Recognition of events that report an error, whatever the API that sent them.

Rule 1: an event is judged by its structure, never by its prose: by its type, and by the top-level
keys of its payload. So a text about errors is not an error.
Rule 2: a type says that the whole stream failed if its last word is "error" or the like, and all
words before it name something as large as the stream: `error`, `RUN_ERROR`, `response.failed`. A
part may fail and the stream go on: `tool-output-error`, `step.failed`, `on_tool_error`.
Rule 3: one test per event is cheap (`KEYS`, `harmless_names`, `mentions_error`), and the rest is
for the few events that it lets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sse_cli.analysis.error_text import error_text, with_code
from sse_cli.model.row import Row
from sse_cli.text.json_values import is_false

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]{0,99}")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_FAILURES: Final = frozenset({"error", "failed"})
# What is as large as a stream: if it fails, nothing of use follows.
_WHOLES: Final = frozenset(
    {
        "agent", "api", "chat", "completion", "conversation", "execution", "fatal", "generation",
        "interaction", "internal", "message", "model", "on", "request", "response", "run",
        "runtime", "server", "session", "sse", "stream", "streaming", "team", "thread", "turn",
        "unhandled", "upstream", "workflow",
    }
)  # fmt: skip
_MAX_KEPT: Final = 200  # characters of a name that is remembered
# The keys of a payload that name what kind of message it is; the first that is set counts.
NAMES: Final = ("event_type", "type", "object", "event")
# An error code beside its message; a code of 0 says that all is well.
_CODES: Final = {
    "errorCode": ("errorMessage", "errorMsg"),
    "error_code": ("error_message", "error_msg"),
}
KEYS: Final = frozenset({"error", "result", "base_resp", "event_type", *_CODES})
"""The top-level keys of a payload that may report an error, `type`, `object` and `event` aside."""


class EventError(NamedTuple):
    """An error that an event reports: its JSON value, and its words for people."""

    value: Any
    text: str


def event_error(row: Row) -> EventError | None:
    """Return the error that an event reports, None for any other event."""
    return error_in(row.message.type, row.payload)


def error_in(kind: str, payload: Any) -> EventError | None:
    """Return the error of an event of the type `kind` with this payload, None without one."""
    body = sole_error(payload)
    if isinstance(body, dict) and (found := _of_keys(body)):
        return found
    if names_failure(kind) or _is_exception(kind):
        return EventError(payload, error_text(payload))
    if isinstance(body, dict) and _has_failed_name(body):
        return EventError(body, error_text(body))
    return None


def sole_error(payload: Any) -> Any:
    """Return the payload, or its only item if that is nothing but `{"error": …}`.

    Gemini replies so. Any other array is data.
    """
    if isinstance(payload, list) and len(payload) == 1 and isinstance(payload[0], dict):
        return payload[0] if [*payload[0]] == ["error"] else None
    return payload


def names_failure(name: str) -> bool:
    """Return whether a type says that the stream as a whole failed (rule 2)."""
    *scope, last = _words(name)
    return last in _FAILURES and _WHOLES.issuperset(scope)


def mentions_error(data: str) -> bool:
    """Return whether the text of a payload may report an error, without parsing it.

    True for every payload in which `error_in` finds one by its keys and names.
    """
    return (
        "rror" in data
        or "ailed" in data
        or "ejected" in data
        or "xception" in data
        or "base_resp" in data
        or "ERROR" in data
        or "FAILED" in data
        or "REJECTED" in data
    )


def harmless_names(kind: str, payload: Any) -> Iterator[str]:
    """Yield the names of the kind of an event without an error.

    No such name ends in a word for a failure, so `_has_failed_name` would look at no other.
    """
    body = payload if isinstance(payload, dict) else {}
    for name in (kind, *(body.get(key) for key in NAMES)):
        if not isinstance(name, str) or len(name) > _MAX_KEPT:
            continue
        if not _is_exception(name) and _words(name)[-1] not in _FAILURES:
            yield name


def _has_failed_name(body: Mapping[str, Any]) -> bool:
    for key in NAMES:
        name = body.get(key)
        if isinstance(name, str) and names_failure(name):
            return True
        if name and not (isinstance(name, str) and _words(name)[-1] in _FAILURES):
            return False
    return False


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case, [""] for a text of any other kind."""
    return [word.lower() for word in _WORD.findall(name)] if _NAME.fullmatch(name) else [""]


def _is_exception(kind: str) -> bool:
    """Return whether an event is an exception of AWS: throttlingException, and so on."""
    return kind.endswith("Exception") and _NAME.fullmatch(kind) is not None


def _of_keys(body: Mapping[str, Any]) -> EventError | None:
    """Return the error that the keys of an object report."""
    if not is_false(error := body.get("error")):
        # A bare word or `true` beside a message is only half of what the server said.
        is_half = not isinstance(error, dict | list) and isinstance(body.get("message"), str)
        return EventError(body if is_half else error, error_text(body))
    result, base = body.get("result"), body.get("base_resp")
    if isinstance(result, dict) and result.get("isError") is True:
        return EventError(text := error_text(result), text)
    if isinstance(base, dict) and _is_code(base.get("status_code")):
        message = base.get("status_msg")
        return EventError(message or base, with_code(base.get("status_code"), error_text(message)))
    for key, messages in _CODES.items():
        message = next((body[name] for name in messages if body.get(name)), None)
        if message is not None and _is_code(body.get(key)):
            return EventError(body, with_code(body[key], error_text(message)))
    return None


def _is_code(code: Any) -> bool:
    """Return whether a code is one of an error: none of 0, "0", "", null, true and false."""
    return isinstance(code, int | str) and not isinstance(code, bool) and str(code) not in ("", "0")
