"""The table over every recorded stream, at every width: text for people is bright."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from sse_cli.llm import wire_format
from sse_cli.llm.highlights import Highlights
from sse_cli.model.events import Message
from sse_cli.model.row import Row
from sse_cli.parser.event_stream import EventStreamParser
from sse_cli.parser.ndjson import NDJSONParser
from sse_cli.render.console import THEME
from sse_cli.render.table import EventTable
from tests.support.paths import FORMATS

STREAMS = sorted(FORMATS.glob("*.[sn]*"))
STREAMS = [path for path in STREAMS if path.suffix in (".sse", ".ndjson")]


def rows(path: Path) -> list[Row]:
    """Return the messages of a stream, with the highlights of its format."""
    parser = NDJSONParser() if path.suffix == ".ndjson" else EventStreamParser()
    messages = [event for event in parser.feed(path.read_bytes()) if isinstance(event, Message)]
    highlights = Highlights(wire_format.known())
    found = [Row(message) for message in messages]
    for row in found:
        row.highlights = highlights.feed(row)
    return found


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name)
def test_every_row_is_drawn_within_the_width(path: Path) -> None:
    found = rows(path)
    for width in (20, 40, 60, 80, 100, 120, 200):
        screen = max(width, 40)
        table = EventTable(partial(int, width))
        console = Console(file=io.StringIO(), width=screen, theme=THEME, force_terminal=True)
        for row in found:
            for line in table.feed(row):
                assert line.cell_len <= screen
                console.print(line, no_wrap=True, overflow=line.overflow)


def test_a_highlight_is_bright_and_the_json_around_it_dim() -> None:
    table = EventTable(lambda: 80)
    (path,) = [path for path in STREAMS if path.name == "openai-chat.sse"]
    lines = [line for row in rows(path) for line in table.feed(row)]
    (line,) = [line for line in lines if "你好" in line.plain]
    bright = [span for span in line.spans if span.style == "sse.value"]
    assert [line.plain[span.start : span.end] for span in bright] == ["你好"]
    assert any(span.style == "sse.around" for span in line.spans)
