"""The output of `formats` for people: the list, and the values a format finds in each event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sse_cli.llm.wire_format import WireFormat
from sse_cli.text import escaping, json_values

EXCERPT = 200  # characters of a value that are shown


def listing(formats: Sequence[WireFormat]) -> Table:
    """Return a table with a row per format, in the order given."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="sse.heading")
    table.add_column("format", style="bold magenta", no_wrap=True)
    table.add_column("what it reads")
    table.add_column("used by", style="sse.label")
    for wire in formats:
        table.add_row(*(Text(cell) for cell in cells(wire)))
    return table


def cells(wire: WireFormat) -> tuple[str, str, str]:
    """Return a format's name, its description, and the services that use it."""
    return (
        escaping.compact(wire.name),
        escaping.compact(wire.description),
        escaping.compact(wire.covers),
    )


def heading(wire: WireFormat) -> Iterable[Text]:
    """Yield the name and description of the format that is tried."""
    yield Text.assemble(
        (escaping.compact(wire.name), "bold magenta"), f"  {escaping.compact(wire.description)}"
    )


def checked(name: str, raw: str, found: Iterable[tuple[str, Any]]) -> Iterable[Text]:
    """Yield an event's name and the start of its data, then each key that found a value."""
    yield Text.assemble(
        (escaping.compact(name), "sse.heading"),
        (f"  {escaping.compact(raw[:EXCERPT])}", "sse.label"),
    )
    is_empty = True
    for key, value in found:
        is_empty = False
        shown = json_values.show(value)
        if len(shown) > EXCERPT:
            shown = shown[:EXCERPT] + "…"
        yield Text.assemble(("    " + key, "sse.gap"), " = ", escaping.compact(shown))
    if is_empty:
        yield Text("    nothing", style="sse.label")
