"""Rich consoles as we use them: no markup, no highlighting, no emoji codes, our styles."""

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
    @property  # type: ignore[misc]  # Rich's can be set; nobody sets ours
    def size(self) -> ConsoleDimensions:
        """The terminal's size. Rich takes every dumb one for 80 by 25."""
        if not self.is_dumb_terminal:
            return super().size
        return ConsoleDimensions(*shutil.get_terminal_size((80, 25)))

    def on_broken_pipe(self) -> None:
        """Leave the error to the one place that knows: Rich would exit with 1."""
        raise  # noqa: PLE0704 (called from Rich's own handler)


def make(color: Color = "auto", *, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console on standard output (or error); `color`, NO_COLOR and TERM decide on it."""
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
    """Whether box drawing and block characters can be shown."""
    return console.encoding.lower().startswith("utf")


def _set_encoding(stream: TextIO) -> None:
    """UTF-8 for a pipe; a terminal keeps its own, and gets escapes for what that lacks."""
    if hasattr(stream, "reconfigure"):
        encoding = None if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _is_dumb() -> bool:
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def print_lines(console: Console, lines: Iterable[Text]) -> None:
    """Print lines whole: where one is too long for the terminal, the terminal wraps it. Only
    `prose` is wrapped between words.

    Talk that can't be written is lost and nothing else: the exit code still tells.
    """
    with contextlib.suppress(OSError) if console.stderr else failing_output():
        with console:
            for line in lines:
                for part in _wrapped(console, line):
                    console.print(part, soft_wrap=True)
        console.file.flush()


def prose(label: str, style: str, text: str) -> Text:
    """A labelled line of words, which a terminal gets wrapped between them, below each other."""
    return Text.assemble((label, style), text, no_wrap=False, tab_size=len(label))


def _wrapped(console: Console, line: Text) -> Iterable[Text]:
    """`line`, in parts where it is prose too long for the terminal; a word that is too long by
    itself (a URL, to be copied) leaves it whole."""
    room = console.width - (line.tab_size or 0)
    is_long = line.no_wrap is False and console.is_terminal and line.cell_len > console.width
    if not is_long or max(map(cell_len, line.plain.split())) > room:
        return [line]
    if line.tab_size is None:
        return _by_figures(console, line)
    label, text = line.divide([line.tab_size])
    first, *others = text.wrap(console, room)
    indent = Text(" " * line.tab_size)
    return [label + first, *(indent + part for part in others)]


def _by_figures(console: Console, line: Text) -> Iterable[Text]:
    """`line` in parts that fit, cut at two spaces where it can be: figures stay beside their
    labels."""
    parts: list[Text] = []
    for piece in line.split("  "):
        if parts and parts[-1].cell_len + 2 + piece.cell_len <= console.width:
            parts[-1] = Text("  ").join([parts[-1], piece])
        else:
            parts.append(piece)
    return [wrapped for part in parts for wrapped in part.wrap(console, console.width)]


def print_table(console: Console, table: Table) -> None:
    """Print a table that fits the terminal."""
    with failing_output():
        console.print(table)
        console.file.flush()
