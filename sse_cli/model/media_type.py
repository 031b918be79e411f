"""The media type of a reply by its status and content type, and why one is refused.

Status and MIME type are judged by HTML 9.2.2 and Fetch ("extract a MIME type"): the status must be
200, the essence is compared without case, and parameters such as charset are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sse_cli.model.causes import Cause
from sse_cli.model.events import Media, Opened

EVENT_STREAM: Final = "text/event-stream"
NDJSON_TYPES: Final = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonl",
        "application/json-lines",
        "application/jsonlines",
        "application/stream+json",
    }
)

_STATUS_CAUSES: Final[Mapping[int, str]] = {
    204: Cause.STATUS_204,
    400: Cause.STATUS_400,
    401: Cause.STATUS_401,
    403: Cause.STATUS_403,
    404: Cause.STATUS_404,
    405: Cause.STATUS_405,
    406: Cause.STATUS_406,
    415: Cause.STATUS_415,
    422: Cause.STATUS_422,
    429: Cause.STATUS_429,
}
_CLASS_CAUSES: Final[Mapping[int, str]] = {3: Cause.STATUS_3XX, 5: Cause.STATUS_5XX}
_TYPE_CAUSES: Final[Mapping[str, str]] = {
    "application/json": Cause.TYPE_JSON,
    "text/html": Cause.TYPE_HTML,
    "application/vnd.amazon.eventstream": Cause.TYPE_AWS,
}
_LONGEST_WAIT: Final = 60  # characters of a Retry-After header that are shown

# The values of a list; a comma in quotes does not separate (Fetch, "get, decode, and split").
_VALUE: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# A bracket alone on its line starts an array over several lines; "[12:00:00]" starts a log line.
_OBJECTS: Final = rb"\[?\s*\{|\[\s*\Z"
_OWN: Final = rb'\{"kind":"(?:message","n":\d+,|opened",)"t":'
_ESSENCE: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+/[!#$%&'*+\-.^_`|~0-9a-z]+")


def essence(content_type: str | None) -> str:
    """Return the MIME type without parameters, in lower case; of a list, the last valid one."""
    for value in reversed(_VALUE.findall(content_type or "")):
        mime_type = str(value).partition(";")[0].strip(" \t\r\n").lower()
        if _ESSENCE.fullmatch(mime_type) and mime_type != "*/*":
            return mime_type
    return ""


def media(
    status: int, content_type: str | None, *, any_type: bool = False, ndjson: bool = False
) -> Media:
    """Return how the body of a reply is read; "other" means that it is only shown."""
    if status != 200:
        return "other"
    kind = essence(content_type)
    if ndjson or kind in NDJSON_TYPES:
        return "ndjson"
    return "event-stream" if any_type or kind == EVENT_STREAM else "other"


def sniff(start: bytes) -> Media:
    """Return how a body without a content type is read, by its first bytes.

    A JSON object, or an array of objects, means NDJSON; a tag means a web page or XML ("other");
    anything else means an event stream.
    """
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(_OBJECTS, text):
        return "ndjson"
    return "other" if text.startswith(b"<") else "event-stream"


def is_own(start: bytes) -> bool:
    """Return whether a body begins as our own JSON Lines output does."""
    return re.match(_OWN, start) is not None


def refusal(opened: Opened) -> tuple[str, str]:
    """Return why a reply of media "other" is refused: the evidence and the cause."""
    status = opened.status or 0
    if status != 200:
        cause = _STATUS_CAUSES.get(status) or _CLASS_CAUSES.get(status // 100, Cause.STATUS_OTHER)
        detail = f"{status} {opened.reason}".strip()
        if status in (429, 503) and (wait := opened.header("retry-after")):
            detail += f" (Retry-After: {wait[:_LONGEST_WAIT]})"
        return detail, cause
    kind = essence(opened.header("content-type"))
    if not kind:
        detail = (
            "the reply has no valid Content-Type: a browser's EventSource refuses it, while curl "
            "and most SDKs read it anyway"
        )
        return detail, Cause.TYPE_OTHER
    return f"the reply is {kind}, not {EVENT_STREAM}", _TYPE_CAUSES.get(kind, Cause.TYPE_OTHER)
