"""The parts of an answer."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["text", "reasoning", "tool", "usage", "finish", "error"]


class Delta(NamedTuple):
    """A part of an answer that one message added.

    `value` is the new text (text, reasoning), a whole `ToolCall` (tool), the counts so far (usage),
    a string (finish) or any JSON (error). With `replaces`, the text replaces the earlier text of
    its part. `n` and `at` are the number and the stamp (seconds) of the message.
    """

    kind: Kind
    value: Any
    choice: int
    n: int
    at: float
    replaces: bool = False
