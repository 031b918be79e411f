"""What an event says, at a glance: which strings of its data are text, reasoning or a tool call.

For `watch`, which shows every event as it is and keeps none: the format is found as `tail` finds
it, but nothing is put together, so that memory stays the same however long a stream runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from sse_cli.llm.accumulator import DETECTION_LIMIT
from sse_cli.llm.extractor import Extractor, envelope_of, holds, strings
from sse_cli.llm.response import output_tokens
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.text.json_values import is_false

MOST_CHOICES: Final = 1000  # alternatives that are told apart

Kind = Literal["text", "reasoning", "tool"]


class Part(NamedTuple):
    """A string of an event's data that a person would want to read."""

    kind: Kind
    text: str


class Highlights(Observer):
    """Looks at messages in order, and remembers only when the first of each kind came."""

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self.format: WireFormat | None = None
        self.first: dict[Kind, float] = {}
        self.tokens: int | None = None
        # Of plain text all is text: there is nothing around it to tell it from.
        self._formats = [wire for wire in formats if not wire.from_start]
        self._extractor: Extractor | None = None
        self._tried = 0
        self._done = False
        self._finished: dict[int, bool] = {}  # whether an alternative said why it finished

    @property
    def is_whole(self) -> bool:
        """Whether the end that the format requires was seen, as `Accumulator.is_whole` asks."""
        if self.format is None or not self.format.required:
            return True
        return self._done or (bool(self._finished) and all(self._finished.values()))

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Give each message its highlights."""
        for row in rows:
            row.highlights = self.feed(row)
        return rows

    def feed(self, row: Row) -> list[Part]:
        """The parts of a message, in the order in which the format names them."""
        if self._extractor is None and not self._detect(row):
            return []
        assert self._extractor is not None  # noqa: S101 (_detect found it)
        envelope = envelope_of(row)
        if self._extractor.usage and not is_false(usage := self._extractor.usage(envelope)):
            self.tokens = output_tokens(usage) or self.tokens
        self._done = self._done or holds(self._extractor.done, envelope)
        items = self._extractor.items(envelope)
        if not items and holds(self._extractor.finish_root, envelope):
            self._finished[0] = True
        parts = [part for item in items for part in self._item(self._extractor, item)]
        for part in parts:
            self.first.setdefault(part.kind, row.message.at)
        return parts

    def _item(self, extractor: Extractor, item: Any) -> list[Part]:
        number = extractor.choice(item) if extractor.choice else 0
        number = number if number.__class__ is int else 0
        if len(self._finished) < MOST_CHOICES or number in self._finished:
            has_finished = holds(extractor.finish, item)
            self._finished[number] = self._finished.get(number, False) or has_finished
        return [*_parts(extractor, item)]

    def _detect(self, row: Row) -> bool:
        if self._tried >= DETECTION_LIMIT:
            return False
        envelope = envelope_of(row)
        self._tried += 1
        known = (wire for wire in self._formats if holds(wire.get("detect"), envelope))
        self.format = next(known, None)
        if self.format is None:
            return False
        self._extractor = Extractor(self.format)
        return True


def _parts(extractor: Extractor, item: Any) -> Iterator[Part]:
    if extractor.reasoning and not is_false(found := extractor.reasoning(item)):
        yield from (Part("reasoning", text) for text in strings(_whole(found)))
    if extractor.text and not is_false(found := extractor.text(item)):
        yield from (Part("text", text) for text in strings(_whole(found)))
    if extractor.tool and not is_false(found := extractor.tool(item)):
        yield from (Part("tool", text) for text in _tool_strings(found))


def _whole(found: Any) -> Any:
    return found.get("full") if isinstance(found, dict) else found


def _tool_strings(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        for record in found:
            yield from _tool_strings(record)
    elif isinstance(found, dict):
        for key in ("args", "full", "name"):
            if isinstance(found.get(key), str) and found[key]:
                yield found[key]
