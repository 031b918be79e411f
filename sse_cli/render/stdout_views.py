"""Views that write to standard output: a renderer's text, or the body's bytes."""

from __future__ import annotations

from collections.abc import Sequence

from sse_cli.model.events import Chunk, Closed, Opened, Signal
from sse_cli.model.observer import Observer
from sse_cli.model.row import Note, Row
from sse_cli.render.renderer import Renderer
from sse_cli.render.stdout import Output


class TextView(Observer):
    """A view that writes the text of a renderer."""

    def __init__(self, renderer: Renderer) -> None:
        self._output = Output()
        self._write = self._output.write
        self._rows_text, self._note_text = renderer.rows, renderer.note

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Write messages."""
        self._write(self._rows_text(rows))
        return rows

    def note(self, note: Note, /) -> None:
        """Write any other event."""
        self._write(self._note_text(note))

    def finish(self, closed: Closed) -> Closed:
        """Write the end of the run."""
        self._write(self._note_text(closed))
        return closed

    def flush(self) -> None:
        """Hand the text to the reader."""
        self._output.flush()


class RawView(Observer):
    """A view that writes an event stream's bytes as received, after content decoding.

    It leaves out the body of a refused reply, which is shown with the error.
    """

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
        """Hand the bytes to the reader."""
        self._output.flush()
