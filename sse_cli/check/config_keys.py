"""The keys of a stream in a check file: the kind of each value, and the part of a check it sets.

The request keys derive from the table of request options. `json_schema.py` turns all keys into
the JSON Schema for editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from sse_cli.check.config_value_types import Kind
from sse_cli.request.options import OPTIONS, RequestOption

Part = Literal["target", "request", "reading", "resuming", "limits", "expectation"]
FileUse = Literal["none", "path", "@"]


class Key(NamedTuple):
    """One key of a stream.

    `description` is for the JSON Schema. `file` says whether the value is the path of a file, or
    names one after "@". `example` replaces the example of the kind in error messages.
    """

    kind: Kind
    part: Part
    description: str
    option: str = ""  # the long name of its option, if the key has another name
    file: FileUse = "none"
    example: str = ""


def _request_key(name: str, option: RequestOption) -> Key:
    file: FileUse = "path" if option.value == "path" else "@" if option.at_file else "none"
    return Key(
        "text" if option.value == "path" else option.value,
        "request",
        option.description or option.help,
        option="" if option.name == name else option.name,
        file=file,
    )


KEYS: Final[Mapping[str, Key]] = {
    "url": Key("text", "target", "URL of the stream."),
    "file": Key(
        "text",
        "target",
        "Recording or .sse file to read instead of a URL, relative to this file.",
        file="path",
    ),
    **{name: _request_key(name, option) for option in OPTIONS if (name := option.check_key)},
    "any-type": Key(
        "flag", "reading", "Read the reply as an event stream whatever its Content-Type."
    ),
    "ndjson": Key("flag", "reading", "Read each line as a JSON message."),
    "max-size": Key(
        "text", "reading", "Size limit of a line and of an event: bytes, or 512K, 16M."
    ),
    "idle-timeout": Key("duration", "resuming", "Longest time without data."),
    "reconnect": Key("flag", "resuming", "Reconnect when the stream ends, and resume it."),
    "max-reconnects": Key("number", "resuming", "Maximum number of reconnects."),
    "last-event-id": Key("text", "resuming", "Resume after the event with this ID."),
    "retry-delay": Key("duration", "resuming", "Reconnection time until the server sets one."),
    "retry-on": Key("text", "resuming", "Reconnect on these statuses too: 429,503 or 5xx."),
    "format": Key("text", "limits", "Wire format, or FILE.toml; detected by default."),
    "max-events": Key("number", "limits", "Judge only this many events from the start."),
    "until": Key(
        "text", "limits", "Stop at the first event for which this JMESPath expression is true."
    ),
    "status": Key("number", "expectation", "HTTP status of the reply.", example="200"),
    "ending": Key(
        "texts", "expectation", "How the stream ends; by default complete and without an error."
    ),
    "min-events": Key("number", "expectation", "Minimum number of events."),
    "first-event-within": Key("duration", "expectation", "Time limit for the first event."),
    "first-content-within": Key("duration", "expectation", "Time limit for the first text."),
    "max-gap": Key("duration", "expectation", "Longest time between two events."),
    "total-within": Key("duration", "expectation", "Time limit for the whole stream."),
    "text": Key(
        "texts", "expectation", "Regular expression that matches somewhere in the answer's text."
    ),
    "complete": Key("flag", "expectation", "The answer is whole, and not cut short by a limit."),
    "finish-reason": Key(
        "texts",
        "expectation",
        "Why the answer finishes, or any; by default not for a failure.",
        example='"stop"',
    ),
    "tool-calls": Key(
        "text", "expectation", "valid (the default), or any: arguments need not be JSON."
    ),
    "valid-json": Key("flag", "expectation", "The data of every event is JSON, or [DONE]."),
    "no-ignored": Key("flag", "expectation", "The stream has nothing that a browser would drop."),
    "expect-event": Key(
        "counts", "expectation", "Event types that must come; with a count, exactly that many."
    ),
    "any": Key("texts", "expectation", "JMESPath that is true of at least one event's data."),
    "all-match": Key("texts", "expectation", "JMESPath that is true of every event's data."),
    "expect": Key(
        "texts",
        "expectation",
        "JMESPath that is true of the answer: the object of sse tail -o json, with headers.",
    ),
}
