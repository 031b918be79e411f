"""Signals to and from a file: a stream that can be shown again, on another desk, years later.

JSON Lines, in the spirit of asciicast. Line 1 is an object: `{"sse-recording":1,"started":…,
"by":…,"request":{…}}`. Each line after it is an array, `[t, kind, value]`, with `t` in seconds
since the run began:

    [0.1821,"open",{"url":…,"status":200,…}]     the head of a reply, or a file
    [0.4120,"chunk","data: {…}\\n\\n"]             what one read returned; "chunk64" is base64,
                                                 where the bytes are no UTF-8
    [0.9,"reconnect",{"attempt":2,"delay":3.0,…}]
    [1.9,"close",{"ending":"eof","detail":…}]     always the last

Rule 1: bytes come back as they were. Rule 2: what a URL, a header or a body may keep secret is
not in the file (`redact.py`; of a request's body only the size). Rule 3: a line is one write,
so that whatever kills the writer leaves a file that can be read up to there. Rule 4: reading
takes nothing on trust: an unknown key or a wrong type is an error with its line and column.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sse_cli.recording.header import VERSION, Header
    from sse_cli.recording.reading import BREAKS_OFF, MARK, Recording, is_recording, open_file, read
    from sse_cli.recording.writing import Recorder, first_line, header_of, line_of

__all__ = [
    "BREAKS_OFF",
    "MARK",
    "VERSION",
    "Header",
    "Recorder",
    "Recording",
    "first_line",
    "header_of",
    "is_recording",
    "line_of",
    "open_file",
    "read",
]

_PLACES = {
    "header": ("VERSION", "Header"),
    "reading": ("BREAKS_OFF", "MARK", "Recording", "is_recording", "open_file", "read"),
    "writing": ("Recorder", "first_line", "header_of", "line_of"),
}


def __getattr__(name: str) -> Any:
    """Loaded when it is first asked for (PEP 562): a stream that is only watched needs none."""
    for place, names in _PLACES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"{__name__}.{place}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
