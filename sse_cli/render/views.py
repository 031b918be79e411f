"""Views that write to standard output: text of a renderer, or the body's bytes."""

from __future__ import annotations

from collections.abc import Sequence

from sse_cli.model.events import Chunk, Closed, Opened, Signal
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row
from sse_cli.render.renderer import Renderer
from sse_cli.render.stdout import Output


class TextView(Observer):
    """A renderer with its output."""

    def __init__(self, renderer: Renderer) -> None:
        self._output = Output()
        self._write = self._output.write
        self._of_rows, self._of_note = renderer.rows, renderer.note

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Write messages."""
        self._write(self._of_rows(rows))
        return rows

    def note(self, note: Note, /) -> None:
        """Write any other event."""
        self._write(self._of_note(note))

    def finish(self, closed: Closed) -> Closed:
        """Write the end of the run."""
        self._write(self._of_note(closed))
        return closed

    def flush(self) -> None:
        """Hand what was written to the reader."""
        self._output.flush()


class RawView(Observer):
    """The bytes of an event stream as they came, content coding undone. The body of a refused
    reply is shown elsewhere."""

    def __init__(self) -> None:
        self._is_stream = True
        self._output = Output()

    def signal(self, signal: Signal) -> None:
        """Write the bytes of a chunk."""
        if isinstance(signal, Chunk):
            if self._is_stream:
                self._output.write_bytes(signal.data)
        elif isinstance(signal, Opened):
            self._is_stream = signal.media != "other"

    def flush(self) -> None:
        """Hand what was written to the reader."""
        self._output.flush()
