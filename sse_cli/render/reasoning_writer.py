"""Reasoning and tool calls on a console, dim, while the answer goes to standard output."""

from __future__ import annotations

import contextlib

from rich.console import Console
from rich.text import Text

from sse_cli.llm.tool_calls import ToolCall
from sse_cli.render.console import is_unicode
from sse_cli.text import escaping

MAX_ARGUMENTS = 2000  # characters of a call's arguments that are shown


class ConsoleReasoning:
    """A `ReasoningWriter` on a console of its own (standard error).

    `shares_lines` says that the answer appears on the same terminal. An error while writing is
    ignored: this output is only for people.
    """

    def __init__(self, console: Console, *, shares_lines: bool) -> None:
        self.shares_lines = shares_lines
        self._console = console
        self._open = False  # the last line has no line end yet
        self._has_text = False  # since the last gap
        self._marks = ("✓", "✗") if is_unicode(console) else ("ok", "!")

    def reasoning(self, text: str) -> None:
        """Print a fragment."""
        shown = escaping.escape(text, keep="\n\t")
        self._print(Text(shown, style="dim italic"), end="")
        self._open = not shown.endswith("\n")

    def tool(self, call: ToolCall) -> None:
        """Print a line: name, arguments, and a mark for whether they are JSON."""
        self._end_line()
        arguments = call.arguments
        shown = escaping.compact(arguments[:MAX_ARGUMENTS])
        if len(arguments) > MAX_ARGUMENTS:
            shown += f"… ({len(arguments):,} characters)"
        valid = call.is_valid
        mark, style = (self._marks[0], "green") if valid else (self._marks[1], "bold red")
        line = Text.assemble(
            ("tool ", "sse.label"),
            (escaping.compact(call.name or "unnamed"), "bold magenta"),
            (f" {shown} ", "dim"),
            (mark if valid else f"{mark} not JSON", style),
        )
        self._print(line, end="\n")

    def gap(self) -> None:
        """Print a blank line before the answer continues, if anything was printed here."""
        self._end_line()
        if self._has_text:
            self._print(Text(), end="\n")
            self._has_text = False

    def _end_line(self) -> None:
        if self._open:
            self._print(Text(), end="\n")
            self._open = False

    def _print(self, text: Text, end: str) -> None:
        with contextlib.suppress(OSError):
            self._console.print(text, end=end, soft_wrap=True)
            self._console.file.flush()
        self._has_text = True
