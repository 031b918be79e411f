"""Messages to what a person would read: text, reasoning, tool calls, usage, by a wire format.

One small engine; what differs from API to API is data (`formats/`). Text comes out piece by
piece, as it may be printed; the whole is there at any time, and memory is the answer's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sse_cli.llm.extractor import (
    Envelope,
    Reader,
    envelope_of,
    envelope_of_ignored,
    holds,
    strings,
    value_of,
)
from sse_cli.llm.tool_calls import ToolCalls
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Kind, Piece
from sse_cli.model.events import Ignored, new
from sse_cli.query.selection import Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false
from sse_cli.text.utf16 import Text

DETECTION_SECONDS: Final = 10.0  # and no longer than this, for a person waits for text
DETECTION_SIZE: Final = 16 * 1024 * 1024  # characters that are kept until then
DETECTION_LIMIT: Final = 200  # events of no known format before waiting longer is no use


@dataclass
class Choice:
    """One of the alternatives that a request asked for; most streams have one."""

    text: Text = field(default_factory=Text)
    reasoning: Text = field(default_factory=Text)
    tools: ToolCalls = field(default_factory=ToolCalls)
    finish: str | None = None


class Reassembler:
    """Takes messages in order, and gives the pieces that follow from them.

    With one format it is used from the first event on. With several, the first whose
    `detect` is true of an event is taken, and the events before are read again.
    """

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self.format: WireFormat | None = None
        self.choices: dict[int, Choice] = {}
        self.usage: Any = None
        self.error: Any = None
        self.failed: Envelope | None = None  # of the message, or block, that reports it
        self.done = False
        self._candidates = formats
        self._waiting: list[tuple[Envelope, int, float]] = []
        self._held = 0  # characters of the events that wait
        self._reader: Reader | None = None
        self._n = 0
        self._at = 0.0
        if len(formats) == 1:
            self._choose(formats[0])

    @property
    def gave_up(self) -> bool:
        """Whether no format knew any of the first events, or those of the first seconds."""
        if self.format is not None or not self._waiting:
            return False
        (_, _, first), (_, _, last) = self._waiting[0], self._waiting[-1]
        late = last - first >= DETECTION_SECONDS
        return late or len(self._waiting) >= DETECTION_LIMIT or self._held > DETECTION_SIZE

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """Which expressions of a person's own failed: how often, and why at first."""
        return self.format.own_failures if self.format else {}

    @property
    def is_whole(self) -> bool:
        """Whether the end that the format requires was seen: `done`, or a reason to finish."""
        if self.format is None or not self.format.required:
            return True
        finished = [bool(choice.finish) for choice in self.choices.values()]
        return self.done or (bool(finished) and all(finished))

    @property
    def is_over(self) -> bool:
        """Whether nothing that follows adds to the answer."""
        return self.done or (self._reader is None and self.gave_up)

    def feed(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Give each message its `pieces`. Returns those up to the one with which the answer is
        over, or all of them."""
        if self.is_over:
            return rows
        for number, row in enumerate(rows, 1):
            message = row.message
            row.pieces = self._take(envelope_of(row), message.n, message.at)
            if self.done or (self._reader is None and self.gave_up):  # `is_over`, without a call
                return rows[:number]
        return rows

    def feed_ignored(self, event: Ignored, n: int) -> Sequence[Piece]:
        """The pieces of a block without data, by which some servers signal their end."""
        envelope = envelope_of_ignored(event)
        return () if self.is_over or not envelope else self._take(envelope, n, event.at)

    def finish(self, at: float) -> list[Piece]:
        """What was held back: half pairs, and tool calls that nothing showed to be complete."""
        self._at = at
        return [piece for number in self.choices for piece in self._rest_of(number)]

    def choice(self, number: int = 0) -> Choice:
        """The alternative `number`; an empty one if nothing came for it."""
        return self.choices.get(number) or Choice()

    def _rest_of(self, number: int) -> Iterator[Piece]:
        choice = self.choices[number]
        if half := choice.reasoning.finish():
            yield self._piece("reasoning", half, number)
        if half := choice.text.finish():
            yield self._piece("text", half, number)
        yield from (self._piece("tool", call, number) for call in choice.tools.finish())

    def _choose(self, wire: WireFormat) -> None:
        self.format = wire
        self._reader = Reader(wire)

    def _take(self, envelope: Envelope, n: int, at: float) -> Sequence[Piece]:
        if self._reader is not None:
            self._n, self._at = n, at
            return self._read(self._reader, envelope)
        known = (one for one in self._candidates if not (one.from_start and self._waiting))
        found = next((one for one in known if holds(one.get("detect"), envelope)), None)
        self._waiting.append((envelope, n, at))
        self._held += len(envelope["raw"])
        if found is None:
            return ()
        self._choose(found)
        waiting, self._waiting = self._waiting, []
        pieces: list[Piece] = []
        for event in waiting:
            if not self.done:
                pieces += self._take(*event)
        return pieces

    def _read(self, reader: Reader, envelope: Envelope) -> Sequence[Piece]:
        """The pieces of a message. What is asked of each is nothing for most: null or false."""
        pieces: list[Piece] = []
        if reader.each is None:
            self._item(reader, envelope, pieces)
        else:
            items = reader.items(envelope)
            for item in items:
                self._item(reader, item, pieces)
            if not items and holds(reader.finish_root, envelope):
                self._finish(0, value_of(reader.finish_root, envelope), pieces)
        usage = reader.usage and reader.usage(envelope)
        if usage is not None and usage is not False and not is_false(usage):
            self.usage = _merged(self.usage, usage)
            pieces.append(self._piece("usage", self.usage))
        error = reader.error(envelope) if reader.error and self.error is None else None
        if error is not None and error is not False and not is_false(error):
            self.error = error
            self.failed = envelope
            pieces.append(self._piece("error", error))
        done = reader.done and reader.done(envelope)
        if done is not None and done is not False and not is_false(done):
            self.done = True
            pieces += self.finish(self._at)
        return pieces

    def _item(self, reader: Reader, item: Any, pieces: list[Piece]) -> None:
        number = reader.choice(item) if reader.choice else 0
        if number.__class__ is not int:
            number = 0
        choice = self.choices.get(number)
        if choice is None:
            choice = self.choices[number] = Choice()
        part = reader.part(item) if reader.part else None
        if isinstance(part, dict | list):
            part = json_values.dump(part)
        if reader.reasoning and (found := reader.reasoning(item)):
            self._text("reasoning", choice.reasoning, (number, part), found, pieces)
        if reader.text and (found := reader.text(item)):
            self._text("text", choice.text, (number, part), found, pieces)
        if reader.tool and (found := reader.tool(item)) and _says(found):
            complete = choice.tools.feed(found, part)
            pieces += (self._piece("tool", call, number) for call in complete)
        found = reader.finish and reader.finish(item)
        if found is not None and found is not False and not is_false(found):
            self._finish(number, found, pieces)

    def _text(
        self, kind: Kind, text: Text, place: tuple[int, Any], found: Any, pieces: list[Piece]
    ) -> None:
        number, part = place
        if found.__class__ is dict:
            if "full" in found and (whole := "".join(strings(found["full"]))):
                more, voided = text.replace(part, whole)
                if more:
                    pieces.append(self._piece(kind, more, number, replaces=voided))
            return
        for fragment in (found,) if found.__class__ is str else strings(found):
            if more := text.add(part, fragment):
                pieces.append(new(Piece, (kind, more, number, self._n, self._at, False)))

    def _finish(self, number: int, found: Any, pieces: list[Piece]) -> None:
        choice = self.choices.setdefault(number, Choice())
        choice.finish = found if isinstance(found, str) else json_values.dump(found)
        pieces.append(self._piece("finish", choice.finish, number))

    def _piece(self, kind: Kind, value: Any, choice: int = 0, *, replaces: bool = False) -> Piece:
        return Piece(kind, value, choice, self._n, self._at, replaces)


def _says(found: Any) -> bool:
    """Whether there is anything in what an expression gave; a list of nulls holds nothing."""
    return found.__class__ is not list or len(found) != found.count(None)


def _merged(old: Any, new: Any) -> Any:
    """Token counts key by key; a null does not take back what was said before."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: value for key, value in new.items() if value is not None or key not in old}
