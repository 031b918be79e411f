"""Assembly of a response from its messages: text, reasoning, tool calls, usage.

One engine serves all APIs; their differences are data (`formats/`). Each message is turned
into the deltas that can be printed at once. The response so far can be read at any time, and
takes the memory of its own text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sse_cli.llm.detection import Detector
from sse_cli.llm.extractor import (
    Envelope,
    Extractor,
    ItemValues,
    envelope_of,
    envelope_of_ignored,
    strings,
)
from sse_cli.llm.text_buffer import TextBuffer
from sse_cli.llm.tool_calls import ToolCalls
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Delta, Kind
from sse_cli.model.events import Ignored, new
from sse_cli.model.row import Row
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false


@dataclass
class Choice:
    """One of the alternatives that a request asked for; most responses have one."""

    text: TextBuffer = field(default_factory=TextBuffer)
    reasoning: TextBuffer = field(default_factory=TextBuffer)
    tools: ToolCalls = field(default_factory=ToolCalls)
    finish: str | None = None


class Accumulator:
    """Accumulator of the messages of one stream, in order.

    A single format is used from the first message on. Of several, the one that `Detector` finds
    is used, and the messages before are read again.
    """

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self.choices: dict[int, Choice] = {}
        self.usage: Any = None
        self.error: Any = None
        self.failed: Envelope | None = None  # the envelope of the message that reports the error
        self.done = False
        self._detector = Detector(formats, keep=True)
        self._extractor = self._detector.extractor
        self._n = 0  # the number and the time of the message that is read
        self._at = 0.0

    @property
    def format(self) -> WireFormat | None:
        """Return the format of the stream, None if it is not known."""
        return self._detector.format

    @property
    def gave_up(self) -> bool:
        """Return whether the search for a format ended without finding one."""
        return self._detector.gave_up

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """Return, by key, how often a user's own expression failed, and its first error."""
        return self.format.own_failures if self.format else {}

    @property
    def is_whole(self) -> bool:
        """Return whether the stream showed the end that its format requires, if it requires one."""
        finished = [bool(choice.finish) for choice in self.choices.values()]
        return self.format is None or self.format.is_whole(done=self.done, finished=finished)

    @property
    def is_over(self) -> bool:
        """Return whether nothing that follows adds to the response."""
        return self.done or self._detector.gave_up

    def read_as(self, name: str) -> None:
        """Read the stream by the format of this name, unless another was chosen or found."""
        self._detector.take(name)
        self._extractor = self._detector.extractor

    def feed(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Set the `deltas` of each message. Returns the rows up to the response's end, or all."""
        if self.is_over:
            return rows
        for number, row in enumerate(rows, 1):
            message = row.message
            row.deltas = self._take(envelope_of(row), message.n, message.at)
            if self.done or self._detector.gave_up:  # `is_over`, without the call
                return rows[:number]
        return rows

    def feed_ignored(self, event: Ignored, n: int) -> Sequence[Delta]:
        """Return the deltas of a block without data, by which some servers signal their end."""
        envelope = envelope_of_ignored(event)
        return () if self.is_over or not envelope else self._take(envelope, n, event.at)

    def finish(self, at: float) -> list[Delta]:
        """Return the deltas held back: lone surrogates, and tool calls that may have gone on."""
        self._at = at
        return [delta for number in self.choices for delta in self._rest_of(number)]

    def choice(self, number: int = 0) -> Choice:
        """Return the alternative `number`; an empty one if nothing came for it."""
        return self.choices.get(number) or Choice()

    def _rest_of(self, number: int) -> Iterator[Delta]:
        choice = self.choices[number]
        if rest := choice.reasoning.finish():
            yield self._delta("reasoning", rest, number)
        if rest := choice.text.finish():
            yield self._delta("text", rest, number)
        yield from (self._delta("tool", call, number) for call in choice.tools.finish())

    def _take(self, envelope: Envelope, n: int, at: float) -> Sequence[Delta]:
        if self._extractor is None:
            return self._detect(envelope, n, at)
        self._n, self._at = n, at
        return self._read(self._extractor, envelope)

    def _detect(self, envelope: Envelope, n: int, at: float) -> Sequence[Delta]:
        self._extractor = self._detector.feed(envelope, n, at)
        deltas: list[Delta] = []
        if self._extractor:
            for event in self._detector.take_kept():
                if not self.done:
                    deltas += self._take(*event)
        return deltas

    def _read(self, extractor: Extractor, envelope: Envelope) -> Sequence[Delta]:
        """Return the deltas of a message.

        This runs at every event, and for most the value of `usage`, `error` and `done` is null or
        false. Comparing it by identity, in line, spares three calls of `is_false`: 0.3 of 5 µs.
        """
        deltas: list[Delta] = []
        self._add_items(extractor.items(envelope), deltas)
        usage = extractor.usage and extractor.usage(envelope)
        if usage is not None and usage is not False and not is_false(usage):
            self.usage = _merged(self.usage, usage)
            deltas.append(self._delta("usage", self.usage))
        error = extractor.error(envelope) if extractor.error and self.error is None else None
        if error is not None and error is not False and not is_false(error):
            self.error = error
            self.failed = envelope
            deltas.append(self._delta("error", error))
        done = extractor.done and extractor.done(envelope)
        if done is not None and done is not False and not is_false(done):
            self.done = True
            deltas += self.finish(self._at)
        return deltas

    def _add_items(self, items: Sequence[ItemValues], deltas: list[Delta]) -> None:
        for number, part, reasoning, text, tool, reason in items:
            choice = self.choices.get(number)
            if choice is None:
                choice = self.choices[number] = Choice()
            if reasoning:
                self._add_text("reasoning", choice.reasoning, (number, part), reasoning, deltas)
            if text:
                self._add_text("text", choice.text, (number, part), text, deltas)
            if tool and _has_records(tool):
                complete = choice.tools.feed(tool, part)
                deltas += (self._delta("tool", call, number) for call in complete)
            if reason is not None:
                choice.finish = reason if isinstance(reason, str) else json_values.dump(reason)
                deltas.append(self._delta("finish", choice.finish, number))

    def _add_text(
        self,
        kind: Kind,
        text: TextBuffer,
        place: tuple[int, Any],
        found: Any,
        deltas: list[Delta],
    ) -> None:
        number, part = place
        if found.__class__ is dict:
            if "full" in found and (whole := "".join(strings(found["full"]))):
                added, is_void = text.replace(part, whole)
                if added:
                    deltas.append(self._delta(kind, added, number, replaces=is_void))
            return
        for fragment in (found,) if found.__class__ is str else strings(found):
            if added := text.append(part, fragment):
                # `_delta`, without the call: most messages are one fragment of text
                deltas.append(new(Delta, (kind, added, number, self._n, self._at, False)))

    def _delta(self, kind: Kind, value: Any, choice: int = 0, *, replaces: bool = False) -> Delta:
        return Delta(kind, value, choice, self._n, self._at, replaces)


def _has_records(found: Any) -> bool:
    """Return whether a value of `tool` may hold records; most are a list of nulls."""
    return found.__class__ is not list or len(found) != found.count(None)


def _merged(old: Any, new: Any) -> Any:
    """Merge token counts key by key. A null does not replace a count."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: value for key, value in new.items() if value is not None or key not in old}
