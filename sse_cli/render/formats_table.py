"""Wire formats as people read them: the list, and what one makes of each event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from sse_cli import payload, safe
from sse_cli.formats import WireFormat

EXCERPT = 200  # characters of a value that are shown


def listing(formats: Sequence[WireFormat], width: int) -> Iterable[Text]:
    """A line a format, in the order of detection: its name, what it is, who speaks it."""
    names = max(cell_len(wire.name) for wire in formats)
    kinds = max(cell_len(wire.description) for wire in formats)
    for wire in formats:
        line = Text.assemble((safe.compact(wire.name).ljust(names + 2), "bold magenta"))
        about = safe.compact(wire.description)
        covers = safe.compact(wire.covers)
        if names + kinds + 4 + cell_len(covers) <= width:
            line.append(about.ljust(kinds + 2))
        else:
            line.append(f"{about}  ")
        line.append(covers, "sse.label")
        line.truncate(width, overflow="ellipsis")
        yield line


def heading(wire: WireFormat) -> Iterable[Text]:
    """What is tried."""
    yield Text.assemble(
        (safe.compact(wire.name), "bold magenta"), f"  {safe.compact(wire.description)}"
    )


def checked(name: str, raw: str, found: Iterable[tuple[str, Any]]) -> Iterable[Text]:
    """One event: its number and type, its data's start, then each key that gives something."""
    yield Text.assemble(
        (safe.compact(name), "sse.heading"), (f"  {safe.compact(raw[:EXCERPT])}", "sse.label")
    )
    none = True
    for key, value in found:
        none = False
        shown = payload.show(value)
        if len(shown) > EXCERPT:
            shown = shown[:EXCERPT] + "…"
        yield Text.assemble(("    " + key, "sse.gap"), " = ", safe.compact(shown))
    if none:
        yield Text("    nothing", style="sse.label")
