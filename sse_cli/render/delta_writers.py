"""The outputs of `tail` as it reads: an answer's text, or its deltas as JSON Lines.

Standard output is buffered until the end of a read, standard error is not. So a writer flushes
before anything else is written, or else a terminal would show both out of order. `close` does it
for the messages of others; more deltas may follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sse_cli.llm.tool_calls import ToolCall
from sse_cli.model.delta import Delta
from sse_cli.render.stdout import Output
from sse_cli.text import escaping, json_values


class ReasoningWriter(Protocol):
    """An output for reasoning and tool calls, separate from the answer's text.

    With `shares_lines` it appears among the text: on the same terminal, or in the same file.
    """

    @property
    def shares_lines(self) -> bool:
        """Whether an open line of the answer has to be ended first."""

    def reasoning(self, text: str) -> None:
        """Write a fragment of reasoning."""

    def tool(self, call: ToolCall) -> None:
        """Write a complete tool call."""

    def gap(self) -> None:
        """End an open line, because the answer continues."""


class TextWriter:
    """A writer of one choice's text to standard output: exact in a pipe, escaped on a terminal.

    Reasoning and tool calls go to `reasoning`; None drops them.
    """

    def __init__(
        self,
        output: Output,
        reasoning: ReasoningWriter | None,
        *,
        choice: int = 0,
        terminal: bool = False,
    ) -> None:
        self._output = output
        self._reasoning = reasoning
        self._choice = choice
        self._terminal = terminal
        self._last = "\n"  # the last text written

    def write(self, deltas: Iterable[Delta]) -> None:
        """Write text; text that replaces an earlier part starts on a new line."""
        for delta in deltas:
            if delta.choice != self._choice:
                continue
            if delta.kind == "text":
                if self._reasoning:
                    self._reasoning.gap()
                if delta.replaces:
                    self._output.write("\n")
                text = escaping.escape(delta.value, keep="\n\t") if self._terminal else delta.value
                self._output.write(text)
                self._last = text
            elif self._reasoning and delta.kind == "reasoning":
                self._make_way(self._reasoning.shares_lines)
                self._reasoning.reasoning(delta.value)
            elif self._reasoning and delta.kind == "tool":
                self._make_way(self._reasoning.shares_lines)
                self._reasoning.tool(delta.value)

    def flush(self) -> None:
        """Hand the text to the reader."""
        self._output.flush()

    def close(self) -> None:
        """End the open line of a terminal, and flush."""
        if self._reasoning:
            self._reasoning.gap()
        self._make_way(self._terminal)

    def _make_way(self, shares_lines: bool) -> None:
        """Hand on the text, so that something else can follow; end its line if that is shared.

        A pipe gets no newline that is not part of the answer.
        """
        if shares_lines and not self._last.endswith("\n"):
            self._output.write("\n")
            self._last = "\n"
        self._output.flush()


class PlainReasoning:
    """A `ReasoningWriter` on standard output, among the answer's text."""

    shares_lines = True

    def __init__(self, output: Output, *, terminal: bool) -> None:
        self._output = output
        self._terminal = terminal
        self._open = False

    def reasoning(self, text: str) -> None:
        """Write a fragment like the answer's text."""
        self._output.write(escaping.escape(text, keep="\n\t") if self._terminal else text)
        self._open = not text.endswith("\n")

    def tool(self, call: ToolCall) -> None:
        """Write a line: name, arguments, and a note if they are not JSON."""
        self.gap()
        mark = "" if call.is_valid else "  (not JSON)"
        line = f"{call.name or 'unnamed'} {call.arguments}{mark}"
        self._output.write((escaping.escape(line) if self._terminal else line) + "\n")

    def gap(self) -> None:
        """End an open line."""
        if self._open:
            self._output.write("\n")
            self._open = False


class JSONLinesWriter:
    """A writer of JSON Lines, one object per delta. The keys are a contract (README)."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, deltas: Iterable[Delta]) -> None:
        """Write a line for each delta."""
        for delta in deltas:
            self._output.write(json_values.dump(_object(delta)) + "\n")

    def flush(self) -> None:
        """Hand the lines to the reader."""
        self._output.flush()

    def close(self) -> None:
        """Hand on the lines: there is nothing else to finish."""
        self.flush()


_KEYS = {"reasoning": "text", "finish": "finish_reason"}


def tool_object(call: ToolCall) -> dict[str, Any]:
    """Return a tool call as JSON output shows it; `arguments` is the exact string."""
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
