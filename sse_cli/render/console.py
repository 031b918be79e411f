"""Rich consoles with our styles, and without markup, highlighting or emoji codes."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from typing import Final, Literal, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from sse_cli.render.stdout import failing_output

Color = Literal["auto", "always", "never"]

THEME: Final = Theme(
    {
        "sse.number": "dim",
        "sse.time": "dim",
        "sse.gap": "cyan",
        "sse.gap.slow": "yellow",
        "sse.gap.stall": "bold red",
        "sse.type": "magenta",
        "sse.type.default": "dim",
        "sse.id": "blue",
        "sse.data": "none",
        "sse.value": "not dim bold",
        "sse.none": "dim",
        "sse.around": "dim",
        "sse.reasoning": "not dim italic cyan",
        "sse.tool": "not dim magenta",
        "sse.comment": "dim italic",
        "sse.retry": "cyan",
        "sse.ignored": "yellow",
        "sse.error": "bold red",
        "sse.heading": "bold",
        "sse.rule": "dim",
        "sse.good": "bold green",
        "sse.bad": "bold red",
        "sse.stopped": "bold yellow",
        "sse.label": "dim",
        "sse.figure": "bold",
    }
)


class _Console(Console):
    @property  # type: ignore[misc]  # Rich's property has a setter, which ours does not need
    def size(self) -> ConsoleDimensions:
        """The terminal's size; Rich assumes 80 by 25 for every dumb terminal."""
        if not self.is_dumb_terminal:
            return super().size
        return ConsoleDimensions(*shutil.get_terminal_size((80, 25)))

    def on_broken_pipe(self) -> None:
        """Raise the error again: Rich would exit with 1, and our exit code is 141."""
        raise  # noqa: PLE0704 (called from Rich's own handler)


def make(color: Color = "auto", *, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console on standard output or error; `color`, NO_COLOR and TERM set its colors."""
    stream = sys.stderr if stderr else sys.stdout
    if stream is not None:
        _set_encoding(stream)
    return _Console(
        stderr=stderr,
        width=width,
        theme=THEME,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        force_terminal=True if color == "always" else None,
        no_color=True if color == "never" else (False if color == "always" else None),
        color_system="standard" if color == "always" and _is_dumb() else "auto",
        safe_box=True,
    )


def is_unicode(console: Console) -> bool:
    """Return whether the console can show box drawing and block characters."""
    return console.encoding.lower().startswith("utf")


def _set_encoding(stream: TextIO) -> None:
    """Set UTF-8 for a pipe. A terminal keeps its encoding, with escapes for other characters."""
    if hasattr(stream, "reconfigure"):
        encoding = None if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _is_dumb() -> bool:
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print lines. The terminal itself wraps long ones, but for `prose`, wrapped between words.

    An error while writing to standard error is ignored: the exit code still reports the outcome.
    Raises OutputError or ReaderGone for standard output.
    """
    with contextlib.suppress(OSError) if console.stderr else failing_output():
        with console:
            for line in lines:
                for part in _wrapped(console, line):
                    console.print(part, soft_wrap=True)
        console.file.flush()


def prose(label: str, style: str, text: str) -> Text:
    """Return a labelled line to be wrapped between words on a terminal, aligned after the label.

    The width of the label travels in `tab_size`, which Rich ignores in text without tabs.
    """
    return Text.assemble((label, style), text, no_wrap=False, tab_size=len(label))


def _wrapped(console: Console, line: Text) -> Iterable[Text]:
    """Return `line` in parts if it is prose too long for the terminal.

    A line with a word that does not fit by itself (a URL, to be copied) stays whole.
    """
    width = console.width - (line.tab_size or 0)
    is_long = line.no_wrap is False and console.is_terminal and line.cell_len > console.width
    if not is_long or max(map(cell_len, line.plain.split())) > width:
        return [line]
    if line.tab_size is None:
        return _by_figures(console, line)
    label, text = line.divide([line.tab_size])
    first, *others = text.wrap(console, width)
    indent = Text(" " * line.tab_size)
    return [label + first, *(indent + part for part in others)]


def _by_figures(console: Console, line: Text) -> Iterable[Text]:
    """Return `line` in parts that fit, cut at double spaces if possible: a figure stays beside
    its label."""
    parts: list[Text] = []
    for figure in line.split("  "):
        if parts and parts[-1].cell_len + 2 + figure.cell_len <= console.width:
            parts[-1] = Text("  ").join([parts[-1], figure])
        else:
            parts.append(figure)
    return [wrapped for part in parts for wrapped in part.wrap(console, console.width)]


def print_table(console: Console, table: Table) -> None:
    """Print a table that fits the terminal."""
    with failing_output():
        console.print(table)
        console.file.flush()
