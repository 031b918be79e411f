"""Errors that only a wire format knows, found in single events of a stream of unknown format.

`watch` reads no answer, so it detects no format in a pipe. An event that mentions a failure is rare
enough to be compared with all formats.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sse_cli.llm import wire_format
from sse_cli.llm.extractor import envelope_of, holds
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.row import Row
from sse_cli.text.json_values import is_false


def error_of_format(row: Row) -> Any:
    """Return the error that an event reports by the rules of the first format that fits it.

    None means that no format fits the event, or that it reports no error.
    """
    envelope = envelope_of(row)
    for wire in _formats():
        if holds(wire.get("detect"), envelope):
            error = wire.get("error")
            found = error(envelope) if error else None
            return None if is_false(found) else found
    return None


@cache
def _formats() -> list[WireFormat]:
    known = wire_format.known(skip_broken=True)
    return [wire for wire in known if not wire.tentative]
