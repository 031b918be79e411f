"""A message on its way through a run, and the other events beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from sse_cli.model.delta import Delta
from sse_cli.model.events import Closed, Comment, Ignored, Message, Opened, Reconnecting, Retry
from sse_cli.text import json_values

Note: TypeAlias = Comment | Retry | Ignored | Opened | Reconnecting | Closed
"""Every event that is not a message."""

UNPARSED: Final[Any] = object()
"""The payload of a row whose data nobody has parsed yet."""


class Row:
    """A message with everything that the observers of a run add to it.

    `gap` is the seconds since the message before it. `values` holds the value of each query.
    `highlights` are the strings of the data that a wire format calls text, reasoning or a tool
    call, as (kind, string). `deltas` are what the message adds to an answer. `parsed` is the
    payload once it was asked for, `UNPARSED` before.
    """

    values: Sequence[Any] = ()
    gap = 0.0
    highlights: Sequence[tuple[str, str]] = ()
    deltas: Sequence[Delta] = ()
    parsed: Any = UNPARSED

    def __init__(self, message: Message) -> None:
        self.message = message

    @property
    def payload(self) -> Any:
        """Return the message's data parsed as JSON (once), or the string if it is not JSON."""
        if self.parsed is UNPARSED:
            self.parsed = json_values.parse(self.message.data)
        return self.parsed


Item: TypeAlias = Row | Note
"""Anything that a view shows."""
