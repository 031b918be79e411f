"""Reasoning and tool calls on standard error, dim, beside the answer on standard output."""

from __future__ import annotations

import contextlib

from rich.console import Console
from rich.text import Text

from sse_cli.llm.tool_calls import ToolCall
from sse_cli.render.console import is_unicode
from sse_cli.text import escaping

MAX_ARGUMENTS = 2000  # characters of a call's arguments that are shown


class ConsoleReasoning:
    """Types reasoning, and tells of tool calls, on a console of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._open = False
        self._said = False
        self._marks = ("✓", "✗") if is_unicode(console) else ("ok", "!")

    def reasoning(self, text: str) -> None:
        """Type a fragment, as it comes."""
        shown = escaping.escape(text, keep="\n\t")
        self._print(Text(shown, style="dim italic"), end="")
        self._open = not shown.endswith("\n")

    def tool(self, call: ToolCall) -> None:
        """One line: name, arguments, and a mark whether they are JSON."""
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
        """The answer goes on: a blank line between it and what was said here."""
        self._end_line()
        if self._said:
            self._print(Text(), end="\n")
            self._said = False

    def _end_line(self) -> None:
        if self._open:
            self._print(Text(), end="\n")
            self._open = False

    def _print(self, text: Text, end: str) -> None:
        with contextlib.suppress(OSError):  # talk that can't be written is lost, nothing else
            self._console.print(text, end=end, soft_wrap=True)
            self._console.file.flush()
        self._said = True
