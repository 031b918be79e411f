"""What an answer is made of."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["text", "reasoning", "tool", "usage", "finish", "error"]


class Delta(NamedTuple):
    """What one message added to the answer.

    `value` is the text that is new (text, reasoning), a whole `ToolCall` (tool), the counts so far
    (usage), a string (finish) or any JSON (error). `replaces` says that the part's text before
    it is void. `n` and `at` are the number and the stamp (seconds) of its message.
    """

    kind: Kind
    value: Any
    choice: int
    n: int
    at: float
    replaces: bool = False
