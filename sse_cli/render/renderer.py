"""The protocol of renderers, and the type of drawn lines.

Importing this module does not import Rich (40 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sse_cli.model.row import Note, Row

if TYPE_CHECKING:
    from rich.text import Text

Lines: TypeAlias = "Iterable[Text]"
"""Lines for a Rich console, each already escaped."""


class Renderer(Protocol):
    """A converter of events to text: messages as rows, other events as notes.

    The text includes its line ends; it is empty for an event that is not shown.
    """

    def rows(self, rows: Sequence[Row]) -> str:
        """Return the text of consecutive messages."""
        ...

    def note(self, note: Note) -> str:
        """Return the text of any other event."""
        ...
