"""The strings of an event that a person wants to read: text, reasoning and tool calls.

`watch` shows every event and keeps none. The wire format is detected as for `tail`, but nothing is
accumulated, so memory stays the same however long a stream runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sse_cli.llm.detection import Detector
from sse_cli.llm.extractor import ItemValues, envelope_of, holds
from sse_cli.llm.response_timing import output_tokens
from sse_cli.llm.text_values import strings
from sse_cli.llm.tool_calls import ARGUMENT_KEYS
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.text.json_values import is_false

MAX_CHOICES: Final = 1000  # alternatives that are told apart

HighlightKind: TypeAlias = Literal["text", "reasoning", "tool"]


class Highlight(NamedTuple):
    """A string in an event's data that a person wants to read."""

    kind: HighlightKind
    text: str


class Highlights(Observer):
    """Search for highlights, message by message; only the time of each kind's first is kept."""

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self.first: dict[HighlightKind, float] = {}
        self.tokens: int | None = None
        # Plain text has no highlights: all of it is text.
        self._detector = Detector([wire for wire in formats if not wire.tentative])
        self._done = False
        self._finished: dict[int, bool] = {}  # whether each choice gave a reason to finish

    @property
    def format(self) -> WireFormat | None:
        """Return the format of the stream, None if it is not known."""
        return self._detector.format

    @property
    def is_whole(self) -> bool:
        """Return whether the stream showed the end that its format requires, if it requires one."""
        finished = self._finished.values()
        return self.format is None or self.format.is_whole(done=self._done, finished=finished)

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Set the highlights of each message."""
        for row in rows:
            row.highlights = self.feed(row)
        return rows

    def feed(self, row: Row) -> list[Highlight]:
        """Return the highlights of a message, in the order in which the format names them."""
        message, envelope = row.message, envelope_of(row)
        extractor = self._detector.extractor
        if not self._detector.is_settled:
            extractor = self._detector.feed(envelope, message.n, message.at)
        if extractor is None:
            return []
        extractor = extractor.for_event(envelope)
        if extractor.usage and not is_false(usage := extractor.usage(envelope)):
            self.tokens = output_tokens(usage) or self.tokens
        if extractor.begin and holds(extractor.begin, envelope):
            self._done = False
            self._finished.clear()
        self._done = self._done or holds(extractor.done, envelope)
        items = extractor.items(envelope)
        for number, *_, reason in items:
            self._note_finish(number, reason is not None)
        found = [highlight for item in items for highlight in _highlights(item)]
        for highlight in found:
            self.first.setdefault(highlight.kind, message.at)
        return found

    def _note_finish(self, choice: int, has_finished: bool) -> None:
        if choice in self._finished or len(self._finished) < MAX_CHOICES:
            self._finished[choice] = self._finished.get(choice, False) or has_finished


def _highlights(item: ItemValues) -> Iterator[Highlight]:
    _, _, reasoning, text, tool, _ = item
    if reasoning:
        yield from (Highlight("reasoning", string) for string in strings(reasoning) if string)
    if text:
        yield from (Highlight("text", string) for string in strings(text) if string)
    if tool:
        yield from (Highlight("tool", string) for string in _tool_strings(tool))


def _tool_strings(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        for record in found:
            yield from _tool_strings(record)
    elif isinstance(found, dict):
        for key in (*ARGUMENT_KEYS, "name"):
            if isinstance(found.get(key), str) and found[key]:
                yield found[key]
