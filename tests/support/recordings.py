"""Recordings, written without a run."""

from __future__ import annotations

from sse_cli.model.events import Signal
from sse_cli.recording import writer
from sse_cli.recording.writer import header_of


def written(signals: list[Signal]) -> bytes:
    """Return the file that a run with these signals writes."""
    lines = [writer.first_line(header_of()), *map(writer.line_of, signals)]
    return b"".join(lines)
