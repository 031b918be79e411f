"""Lines `CODE:JSON` to events, the data stream protocol of the AI SDK 4.

The code, a digit or a letter, is the type of the message: `0` text, `g` reasoning, `9` a tool call,
`d` the end. Only the code `3` becomes `error`, the type by which errors are known everywhere else.
The JSON is the data. Any other line is reported as `Ignored`.
"""

from __future__ import annotations

import re
from typing import Final

from sse_cli.model.events import Event, Ignored
from sse_cli.parser.fields import EXCERPT
from sse_cli.parser.lines import LineBuffer, LineParser

_TYPES: Final = {"3": "error"}
_PART: Final = re.compile(r"([0-9a-z]):(.*)", re.DOTALL)


class DataStreamParser(LineParser):
    """An incremental parser of one body."""

    def _event(self, data: str, buffer: LineBuffer, size: int, at: float) -> Event:
        part = _PART.fullmatch(data)
        if part is None:
            place = at, buffer.offset, size
            return Ignored("unknown-field", buffer.line, data[:EXCERPT], *place)
        code, data = part.groups()
        return self._message(_TYPES.get(code, code), data, buffer, size, at)
