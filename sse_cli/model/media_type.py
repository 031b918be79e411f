"""Media of a reply or a body: how it is read, and why a reply is refused.

Status and MIME type are judged by HTML 9.2.2 and Fetch ("extract a MIME type"): the status must be
200, the essence is compared without case, and parameters such as charset are ignored.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Final

from sse_cli.model.causes import Cause
from sse_cli.model.events import Media, Opened
from sse_cli.text import redaction

EVENT_STREAM: Final = "text/event-stream"
AWS_EVENT_STREAM: Final = "application/vnd.amazon.eventstream"
# By this header the AI SDK 4 tells its data stream from other text/plain.
DATA_STREAM_HEADER: Final = "x-vercel-ai-data-stream"
PRELUDE_SIZE: Final = 12  # bytes; parser/aws_event_stream.py says what they hold
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
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_LOCATION: Final = 200  # characters
_CLASS_CAUSES: Final[Mapping[int, str]] = {3: Cause.STATUS_3XX, 5: Cause.STATUS_5XX}
_TYPE_CAUSES: Final[Mapping[str, str]] = {
    "application/json": Cause.TYPE_JSON,
    "text/html": Cause.TYPE_HTML,
}
_LONGEST_WAIT: Final = 60  # characters of a Retry-After header that are shown

# The values of a list; a comma in quotes does not separate (Fetch, "get, decode, and split").
_VALUE: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# A bracket alone on its line starts an array over several lines; "[12:00:00]" starts a log line.
_OBJECTS: Final = re.compile(rb"\[?\s*\{|\[\s*\Z")
_BRACKET: Final = re.compile(rb"\[[ \t\r]*\Z")
# Parts of the AI SDK's data stream are a string, an array or an object, never a bare number.
_PART: Final = re.compile(rb"[0-9a-z]:[\"\[{]")
_PART_START: Final = re.compile(rb"[0-9a-z]:?\Z")
_FIELDS: Final = (b":", b"data:", b"event:", b"id:", b"retry:")
LONGEST_BLANK: Final = 1024  # bytes of blanks before a body without a type is taken as it is
LONGEST_PART: Final = 256 * 1024  # bytes of a first line that may be a part of a data stream
BOM: Final = b"\xef\xbb\xbf"
_OWN: Final = rb'\{"kind":"(?:message","n":\d+,|opened",)"t":'
# The content type of a body that is read as a stream.
CONTENT_TYPES: Final[Mapping[Media, str]] = {
    "ndjson": "application/x-ndjson",
    "aws-event-stream": AWS_EVENT_STREAM,
    "data-stream": "text/plain; charset=utf-8",
    "text": "text/plain; charset=utf-8",
}
_ESSENCE: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+/[!#$%&'*+\-.^_`|~0-9a-z]+")


def essence(content_type: str | None) -> str:
    """Return the MIME type without parameters, in lower case; of a list, the last valid one."""
    for value in reversed(_VALUE.findall(content_type or "")):
        mime_type = str(value).partition(";")[0].strip(" \t\r\n").lower()
        if _ESSENCE.fullmatch(mime_type) and mime_type != "*/*":
            return mime_type
    return ""


def media(
    status: int,
    content_type: str | None,
    *,
    any_type: bool = False,
    ndjson: bool = False,
    data_stream: bool = False,
) -> Media:
    """Return how the body of a reply is read; "other" means that it is only shown.

    `data_stream` says that the reply has the header of a data stream.
    """
    if status != 200:
        return "other"
    kind = essence(content_type)
    if ndjson or kind in NDJSON_TYPES:
        return "ndjson"
    if kind == EVENT_STREAM:
        return "any" if data_stream else "event-stream"  # the two contradict each other
    if kind == AWS_EVENT_STREAM:
        return "aws-event-stream"
    if data_stream:
        return "data-stream"
    return "any" if any_type else "other"


def of_reply(opened: Opened, *, any_type: bool = False, ndjson: bool = False) -> Media:
    """Return how the body of a reply is read, by its head."""
    return media(
        opened.status or 0,
        opened.header("content-type"),
        any_type=any_type,
        ndjson=ndjson,
        data_stream=opened.header(DATA_STREAM_HEADER) is not None,
    )


def sniff(
    start: bytes, *, complete: bool = True, any_type: bool = False, is_text: bool = False
) -> Media | None:
    """Return how a body is read, by its first bytes; None if more are needed.

    With `complete`, no more will come, and the result is not None. A valid prelude means an AWS
    event stream, a JSON object or an array of objects NDJSON, and a line `CODE:JSON` a data stream.
    A tag means a web page or XML ("other"), anything else an event stream. With `any_type`, only
    the name of a field means an event stream, and anything else is text; with `is_text` so is JSON.
    """
    if start[:1] in (b"\0", b"\1"):
        if _is_prelude(start[:PRELUDE_SIZE]):
            return "aws-event-stream"
        if len(start) < PRELUDE_SIZE and not complete:
            return None
    text = start.removeprefix(BOM).lstrip()
    if not complete and _is_short(start, text, any_type=any_type, is_text=is_text):
        return None
    return _of_text(text, any_type=any_type and len(start) > 0, is_text=is_text)


def _of_text(text: bytes, *, any_type: bool, is_text: bool) -> Media:
    """Return how a body is read whose first bytes, without blanks before them, are `text`."""
    if _PART.match(text) and _is_json(text.partition(b"\n")[0][2:]):
        return "data-stream"
    if not is_text and _OBJECTS.match(text):
        return "ndjson"
    if any_type:
        return "event-stream" if text.startswith(_FIELDS) else "text"
    return "other" if text.startswith(b"<") else "event-stream"


def _is_short(start: bytes, text: bytes, *, any_type: bool, is_text: bool) -> bool:
    """Return whether more bytes may change what a body is taken for."""
    if not text or BOM.startswith(start):
        return len(start) < LONGEST_BLANK
    if _PART.match(text):
        return b"\n" not in text and len(text) < LONGEST_PART
    if _PART_START.match(text):
        return True
    if any_type and any(field.startswith(text) and field != text for field in _FIELDS):
        return True
    return not is_text and len(text) < LONGEST_BLANK and _BRACKET.match(text) is not None


def _is_prelude(start: bytes) -> bool:
    crc = int.from_bytes(start[8:], "big")
    return len(start) == PRELUDE_SIZE and zlib.crc32(start[:8]) == crc


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


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
        if status in _REDIRECTS:
            location = redaction.url(opened.header("location") or "")[:_LONGEST_LOCATION]
            detail += (
                f": its Location, '{location}', leads nowhere"
                if location
                else " without a Location"
            )
        return detail, cause
    kind = essence(opened.header("content-type"))
    if not kind:
        detail = (
            "the reply has no valid Content-Type: a browser's EventSource refuses it, while curl "
            "and most SDKs read it anyway"
        )
        return detail, Cause.TYPE_OTHER
    return f"the reply is {kind}, not {EVENT_STREAM}", _TYPE_CAUSES.get(kind, Cause.TYPE_OTHER)
