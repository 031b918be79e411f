"""What renderers are fed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sse_cli.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.query import Row

if TYPE_CHECKING:  # Rich costs 40 ms, which lines for a pipe need not pay
    from rich.text import Text

Lines: TypeAlias = "Iterable[Text]"
Note: TypeAlias = Comment | Retry | Ignored | Opened | Reconnecting | Closed
Item: TypeAlias = Row | Note


class Renderer(Protocol):
    """A view that writes text."""

    def rows(self, rows: Sequence[Row]) -> str:
        """What messages in a row add to the output."""
        ...

    def note(self, note: Note) -> str:
        """What anything else adds."""
        ...
