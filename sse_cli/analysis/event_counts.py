"""What the summary counts while a stream runs. Apart from it, for drawing needs Rich (40 ms)."""

from __future__ import annotations

from collections import Counter
from typing import Final

from sse_cli.model.events import Comment, Ignored, Retry
from sse_cli.run.observers import Item

_NAMES: Final = {Comment: "comment", Retry: "retry line", Ignored: "ignored line"}


class EventCounts:
    """Counts what came beside the messages."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def feed(self, item: Item) -> None:
        """Count an item, if it is none of the messages."""
        if name := _NAMES.get(type(item)):
            self.counts[name] += 1
