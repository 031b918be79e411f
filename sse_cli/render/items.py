"""What renderers are fed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sse_cli.events import Closed, Comment, Ignored, Opened, Reconnecting, Retry
from sse_cli.query import Row

if TYPE_CHECKING:  # Rich costs 40 ms, which lines for a pipe need not pay
    from rich.text import Text

Lines: TypeAlias = "Iterable[Text]"
Item: TypeAlias = Row | Comment | Retry | Ignored | Opened | Reconnecting | Closed


class Renderer(Protocol):
    """A view that writes text."""

    def feed(self, item: Item) -> Iterable[str]:
        """What `item` adds to the output."""
        ...
