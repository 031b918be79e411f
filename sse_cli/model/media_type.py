"""What a reply is, by its status and content type, and what to say when it is no event stream.

Status and MIME type are judged as HTML 9.2.2 and Fetch ("extract a MIME type") ask: status 200,
the essence compared without case, parameters and charset ignored.
"""

from __future__ import annotations

import re
from typing import Final

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

_STATUS_HINTS: Final = {
    204: "the server says that there is nothing to stream; an EventSource would stop for good",
    400: "the reply above says what the server did not like in the request",
    401: "send credentials: --bearer env:NAME, -u USER:PASSWORD or -H 'Name: value'",
    403: "the credentials were read but not accepted for this; check the key and its rights",
    404: "check the path of the URL",
    405: "the endpoint wants another method: -d DATA or --json DATA sends a POST, -X sets any",
    406: "the server can't send text/event-stream here; -H 'Accept: …' asks for another type",
    415: "the server wants another Content-Type: --json DATA sends application/json",
    422: "the reply above says which field of the body the server did not accept",
    429: "slow down: the server limits the rate of requests",
}
_TYPE_HINTS: Final = {
    "application/json": 'one JSON document: does the request ask to stream ("stream": true)?',
    "text/html": "a web page: is this the API's URL, and not a login page's or a proxy's?",
    "application/vnd.amazon.eventstream": "a binary AWS event stream, which is not SSE; "
    "an AWS SDK decodes it",
}
ANY_TYPE: Final = "if it is an event stream all the same, --any-type reads it as one"


# For a file that `sse watch -o jsonl` wrote: its lines say less than the stream did.
OWN_LINES: Final = "--record FILE keeps a stream so that sse can show it again; jq reads -o jsonl"

# The values of a list; a comma in quotes does not separate (Fetch, "get, decode, and split").
_VALUE: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# A bracket alone on its line starts an array over several lines; "[12:00:00]" starts a log line.
_OBJECTS: Final = rb"\[?\s*\{|\[\s*\Z"
_OWN: Final = rb'\{"kind":"(?:message","n":\d+,|opened",)"t":'
_ESSENCE: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+/[!#$%&'*+\-.^_`|~0-9a-z]+")


def essence(content_type: str | None) -> str:
    """Return the MIME type without parameters, in lower case; of a list, the last valid one."""
    for value in reversed(_VALUE.findall(content_type or "")):
        found = str(value).partition(";")[0].strip(" \t\r\n").lower()
        if _ESSENCE.fullmatch(found) and found != "*/*":
            return found
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
    """Whether a body begins as what `sse watch -o jsonl` writes does."""
    return re.match(_OWN, start) is not None


def refusal(opened: Opened) -> tuple[str, str]:
    """Why a reply of media "other" is refused, and what to do next."""
    status = opened.status or 0
    if status != 200:
        hint = _STATUS_HINTS.get(status) or _class_hint(status)
        if status in (429, 503) and (wait := opened.header("retry-after")):
            hint += f"; it asks to wait: Retry-After {wait}"
        return f"{status} {opened.reason}".strip(), hint
    kind = essence(opened.header("content-type"))
    if not kind:
        return "the reply has no valid Content-Type, so no client takes it for a stream", ANY_TYPE
    if kind in _TYPE_HINTS:
        return f"the reply is {kind}, not {EVENT_STREAM}", _TYPE_HINTS[kind]
    return f"the reply is {kind}, not {EVENT_STREAM}", ANY_TYPE


def _class_hint(status: int) -> str:
    if 500 <= status < 600:
        return "the server failed; its own log says more, by the request id if -v shows one"
    if 300 <= status < 400:
        return "a redirect that leads nowhere sse can follow: -v shows its Location"
    return "an event stream has status 200"
