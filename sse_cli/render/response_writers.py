"""What `tail` writes: the text of an answer as it arrives, or its deltas as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from sse_cli.llm.tool_calls import ToolCall
from sse_cli.model.delta import Delta
from sse_cli.render.stdout import Output
from sse_cli.text import escaping, json_values

Aside = Literal["stderr", "stdout", "hide"]


class ReasoningWriter(Protocol):
    """Where reasoning and tool calls are said, beside the answer."""

    def reasoning(self, text: str) -> None:
        """A fragment of reasoning."""

    def tool(self, call: ToolCall) -> None:
        """A whole tool call."""

    def gap(self) -> None:
        """The answer goes on: leave the line that was begun."""


class TextWriter:
    """The text of one choice to standard output: exact in a pipe, escaped on a terminal.

    Reasoning and tool calls go to `aside`, or nowhere.
    """

    def __init__(
        self,
        output: Output,
        aside: ReasoningWriter | None,
        *,
        choice: int = 0,
        terminal: bool = False,
    ) -> None:
        self._output = output
        self._aside = aside
        self._choice = choice
        self._terminal = terminal
        self._last = "\n"  # that was typed

    def write(self, deltas: Iterable[Delta]) -> None:
        """Type out text; a part that was replaced starts on a line of its own."""
        for delta in deltas:
            if delta.choice != self._choice:
                continue
            if delta.kind == "text":
                if self._aside:
                    self._aside.gap()
                if delta.replaces:
                    self._output.write("\n")
                text = escaping.escape(delta.value, keep="\n\t") if self._terminal else delta.value
                self._output.write(text)
                self._last = text
            elif self._aside and delta.kind == "reasoning":
                self._leave_line()
                self._aside.reasoning(delta.value)
            elif self._aside and delta.kind == "tool":
                self._leave_line()
                self._aside.tool(delta.value)

    def flush(self) -> None:
        """Hand what was typed to the reader."""
        self._output.flush()

    def close(self) -> None:
        """Leave a terminal's cursor at the start of a line."""
        if self._aside:
            self._aside.gap()
        if self._terminal:
            self._leave_line()
        self._output.flush()

    def _leave_line(self) -> None:
        """On a terminal what is said aside stands on lines of its own; a pipe gets no newline."""
        shared = isinstance(self._aside, PlainReasoning)  # they were asked for among the text
        if (self._terminal or shared) and not self._last.endswith("\n"):
            self._output.write("\n")
            self._output.flush()
            self._last = "\n"


class PlainReasoning:
    """Reasoning and tool calls among the text, for `--reasoning stdout`."""

    def __init__(self, output: Output, *, terminal: bool) -> None:
        self._output = output
        self._terminal = terminal
        self._open = False

    def reasoning(self, text: str) -> None:
        """Type it out like the answer."""
        self._output.write(escaping.escape(text, keep="\n\t") if self._terminal else text)
        self._open = not text.endswith("\n")

    def tool(self, call: ToolCall) -> None:
        """One line a call: its name, arguments, and whether they are JSON."""
        self.gap()
        mark = "" if call.is_valid else "  (not JSON)"
        line = f"{call.name or 'unnamed'} {call.arguments}{mark}"
        self._output.write((escaping.escape(line) if self._terminal else line) + "\n")

    def gap(self) -> None:
        """End the line that was begun."""
        if self._open:
            self._output.write("\n")
            self._open = False


class JSONLinesWriter:
    """`-o jsonl`: one object a delta. Its keys are a contract; the README lists them."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, deltas: Iterable[Delta]) -> None:
        """A line each."""
        for delta in deltas:
            self._output.write(json_values.dump(_object(delta)) + "\n")

    def flush(self) -> None:
        """Hand the lines to the reader."""
        self._output.flush()

    def close(self) -> None:
        """Every line is out already."""


_KEYS = {"reasoning": "text", "finish": "finish_reason"}


def tool_object(call: ToolCall) -> dict[str, Any]:
    """A tool call as JSON output shows it; `arguments` is the exact string."""
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def _object(delta: Delta) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": delta.kind,
        "n": delta.n,
        "t": round(delta.at, 6),
        "choice": delta.choice,
    }
    if isinstance(delta.value, ToolCall):
        line |= tool_object(delta.value)
    else:
        line[_KEYS.get(delta.kind, delta.kind)] = delta.value
    if delta.replaces:
        line["replaces"] = True
    return line
