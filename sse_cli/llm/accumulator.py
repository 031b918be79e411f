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
    Extractor,
    envelope_of,
    envelope_of_ignored,
    holds,
    strings,
    value_of,
)
from sse_cli.llm.tool_calls import ToolCalls
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Delta, Kind
from sse_cli.model.events import Ignored, new
from sse_cli.model.row import Row
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


class Accumulator:
    """Takes messages in order, and gives the deltas that follow from them.

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
        self._extractor: Extractor | None = None
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
        return self.done or (self._extractor is None and self.gave_up)

    def feed(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Give each message its `deltas`. Returns those up to the one with which the answer is
        over, or all of them."""
        if self.is_over:
            return rows
        for number, row in enumerate(rows, 1):
            message = row.message
            row.deltas = self._take(envelope_of(row), message.n, message.at)
            if self.done or (self._extractor is None and self.gave_up):  # `is_over`, without a call
                return rows[:number]
        return rows

    def feed_ignored(self, event: Ignored, n: int) -> Sequence[Delta]:
        """The deltas of a block without data, by which some servers signal their end."""
        envelope = envelope_of_ignored(event)
        return () if self.is_over or not envelope else self._take(envelope, n, event.at)

    def finish(self, at: float) -> list[Delta]:
        """What was held back: half pairs, and tool calls that nothing showed to be complete."""
        self._at = at
        return [delta for number in self.choices for delta in self._rest_of(number)]

    def choice(self, number: int = 0) -> Choice:
        """The alternative `number`; an empty one if nothing came for it."""
        return self.choices.get(number) or Choice()

    def _rest_of(self, number: int) -> Iterator[Delta]:
        choice = self.choices[number]
        if half := choice.reasoning.finish():
            yield self._piece("reasoning", half, number)
        if half := choice.text.finish():
            yield self._piece("text", half, number)
        yield from (self._piece("tool", call, number) for call in choice.tools.finish())

    def _choose(self, wire: WireFormat) -> None:
        self.format = wire
        self._extractor = Extractor(wire)

    def _take(self, envelope: Envelope, n: int, at: float) -> Sequence[Delta]:
        if self._extractor is not None:
            self._n, self._at = n, at
            return self._read(self._extractor, envelope)
        known = (one for one in self._candidates if not (one.from_start and self._waiting))
        found = next((one for one in known if holds(one.get("detect"), envelope)), None)
        self._waiting.append((envelope, n, at))
        self._held += len(envelope["raw"])
        if found is None:
            return ()
        self._choose(found)
        waiting, self._waiting = self._waiting, []
        deltas: list[Delta] = []
        for event in waiting:
            if not self.done:
                deltas += self._take(*event)
        return deltas

    def _read(self, extractor: Extractor, envelope: Envelope) -> Sequence[Delta]:
        """The deltas of a message. What is asked of each is nothing for most: null or false."""
        deltas: list[Delta] = []
        if extractor.each is None:
            self._item(extractor, envelope, deltas)
        else:
            items = extractor.items(envelope)
            for item in items:
                self._item(extractor, item, deltas)
            if not items and holds(extractor.finish_root, envelope):
                self._finish(0, value_of(extractor.finish_root, envelope), deltas)
        usage = extractor.usage and extractor.usage(envelope)
        if usage is not None and usage is not False and not is_false(usage):
            self.usage = _merged(self.usage, usage)
            deltas.append(self._piece("usage", self.usage))
        error = extractor.error(envelope) if extractor.error and self.error is None else None
        if error is not None and error is not False and not is_false(error):
            self.error = error
            self.failed = envelope
            deltas.append(self._piece("error", error))
        done = extractor.done and extractor.done(envelope)
        if done is not None and done is not False and not is_false(done):
            self.done = True
            deltas += self.finish(self._at)
        return deltas

    def _item(self, extractor: Extractor, item: Any, deltas: list[Delta]) -> None:
        number = extractor.choice(item) if extractor.choice else 0
        if number.__class__ is not int:
            number = 0
        choice = self.choices.get(number)
        if choice is None:
            choice = self.choices[number] = Choice()
        part = extractor.part(item) if extractor.part else None
        if isinstance(part, dict | list):
            part = json_values.dump(part)
        if extractor.reasoning and (found := extractor.reasoning(item)):
            self._text("reasoning", choice.reasoning, (number, part), found, deltas)
        if extractor.text and (found := extractor.text(item)):
            self._text("text", choice.text, (number, part), found, deltas)
        if extractor.tool and (found := extractor.tool(item)) and _says(found):
            complete = choice.tools.feed(found, part)
            deltas += (self._piece("tool", call, number) for call in complete)
        found = extractor.finish and extractor.finish(item)
        if found is not None and found is not False and not is_false(found):
            self._finish(number, found, deltas)

    def _text(
        self, kind: Kind, text: Text, place: tuple[int, Any], found: Any, deltas: list[Delta]
    ) -> None:
        number, part = place
        if found.__class__ is dict:
            if "full" in found and (whole := "".join(strings(found["full"]))):
                more, voided = text.replace(part, whole)
                if more:
                    deltas.append(self._piece(kind, more, number, replaces=voided))
            return
        for fragment in (found,) if found.__class__ is str else strings(found):
            if more := text.add(part, fragment):
                deltas.append(new(Delta, (kind, more, number, self._n, self._at, False)))

    def _finish(self, number: int, found: Any, deltas: list[Delta]) -> None:
        choice = self.choices.setdefault(number, Choice())
        choice.finish = found if isinstance(found, str) else json_values.dump(found)
        deltas.append(self._piece("finish", choice.finish, number))

    def _piece(self, kind: Kind, value: Any, choice: int = 0, *, replaces: bool = False) -> Delta:
        return Delta(kind, value, choice, self._n, self._at, replaces)


def _says(found: Any) -> bool:
    """Whether there is anything in what an expression gave; a list of nulls holds nothing."""
    return found.__class__ is not list or len(found) != found.count(None)


def _merged(old: Any, new: Any) -> Any:
    """Token counts key by key; a null does not take back what was said before."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: value for key, value in new.items() if value is not None or key not in old}
