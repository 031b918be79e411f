"""`-o raw`: the bytes of the stream as they came, content coding undone."""

from __future__ import annotations

from collections.abc import Iterable

from sse_cli.events import Chunk, Opened
from sse_cli.render.items import Item


class RawRenderer:
    """The body of a stream; a reply that is none is shown elsewhere."""

    def __init__(self) -> None:
        self._is_stream = True

    def feed(self, item: Item) -> Iterable[bytes]:
        """A chunk's bytes."""
        if isinstance(item, Opened):
            self._is_stream = item.media != "other"
        return (item.data,) if isinstance(item, Chunk) and self._is_stream else ()
