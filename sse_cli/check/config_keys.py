"""The keys of a stream in a check file: what each holds and which part of a check it belongs to.

The keys of the request derive from the table of request options. `json_schema.py` turns all of
them into the JSON Schema for editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from sse_cli.check.config_kinds import Kind
from sse_cli.request.options import OPTIONS, RequestOption

Part = Literal["target", "request", "reading", "resuming", "limits", "expectation"]
FileUse = Literal["none", "path", "@"]


class Key(NamedTuple):
    """One key of a stream.

    `description` is for the JSON Schema. `file` tells whether the value is the path of a file, or
    names one after "@". `example` stands in for that of the kind in an error.
    """

    kind: Kind
    part: Part
    description: str
    option: str = ""  # the long name of its option, where the key has another name
    file: FileUse = "none"
    example: str = ""


def _of_request(name: str, one: RequestOption) -> Key:
    file: FileUse = "path" if one.value == "path" else "@" if one.at_file else "none"
    return Key(
        "text" if one.value == "path" else one.value,
        "request",
        one.description or one.help,
        option="" if one.name == name else one.name,
        file=file,
    )


KEYS: Final[Mapping[str, Key]] = {
    "url": Key("text", "target", "Where the stream is."),
    "file": Key(
        "text",
        "target",
        "A recording or an .sse file instead, relative to this file.",
        file="path",
    ),
    **{name: _of_request(name, one) for one in OPTIONS if (name := one.check_key)},
    "any-type": Key("flag", "reading", "Read it whatever its Content-Type."),
    "ndjson": Key("flag", "reading", "Each line is a JSON message."),
    "max-size": Key("text", "reading", "Largest line and event, in bytes, K or M."),
    "idle-timeout": Key("duration", "resuming", "Longest silence."),
    "reconnect": Key("flag", "resuming", "Open it again when it ends, and resume."),
    "max-reconnects": Key("number", "resuming", "At most so many times."),
    "last-event-id": Key("text", "resuming", "Begin after this event."),
    "retry-delay": Key("duration", "resuming", "Reconnection time until the server sets one."),
    "retry-on": Key("text", "resuming", "Reconnect on these statuses, too: 429,503 or 5xx."),
    "format": Key("text", "limits", "Wire format, or FILE.toml; else detected."),
    "max-events": Key("number", "limits", "Judge the first so many events only."),
    "until": Key("text", "limits", "Judge up to where this JMESPath expression is true."),
    "status": Key("number", "expectation", "The reply's HTTP status.", example="200"),
    "ending": Key("texts", "expectation", "How it ends; by default whole and without an error."),
    "min-events": Key("number", "expectation", "At least so many events."),
    "first-event-within": Key("duration", "expectation", "Time to the first event."),
    "first-content-within": Key("duration", "expectation", "Time to the first text."),
    "max-gap": Key("duration", "expectation", "Longest time between two events."),
    "total-within": Key("duration", "expectation", "Time for it all."),
    "text": Key("texts", "expectation", "Regular expression, found in the answer's text."),
    "valid-json": Key("flag", "expectation", "The data of every event is JSON, or [DONE]."),
    "no-ignored": Key("flag", "expectation", "Nothing that a browser would drop."),
    "expect-event": Key(
        "counts", "expectation", "Types of events that come; with a count, just so often."
    ),
    "any": Key("texts", "expectation", "JMESPath, true of any event's data."),
    "all-match": Key("texts", "expectation", "JMESPath, true of every event's data."),
    "expect": Key(
        "texts",
        "expectation",
        "JMESPath, true of the answer as sse tail -o json has it, with status and headers.",
    ),
}
