"""Assembly of a response from its messages: text, reasoning, tool calls, usage.

One engine serves all APIs; their differences are data (`formats/`). Each message is turned
into the deltas that can be printed at once. The response so far can be read at any time, and
takes the memory of its own text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sse_cli.llm.detection import Detector
from sse_cli.llm.extractor import (
    Envelope,
    Extractor,
    ItemValues,
    envelope_of,
    envelope_of_ignored,
    hashable,
)
from sse_cli.llm.repairs import Repairs
from sse_cli.llm.text_buffer import Added, TextBuffer
from sse_cli.llm.text_values import directive, strings
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
    is_finished: bool = False  # since the last run began


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
        self.voided = 0  # characters of text given out before the format was known for certain
        self.repairs = Repairs()
        self._trial = Repairs()  # those tried while no format is settled
        self._detector = Detector(formats, keep=True)
        self._extractor = self._detector.extractor
        self._n = 0  # the number and the time of the message that is read
        self._at = 0.0

    @property
    def format(self) -> WireFormat | None:
        """Return the format of the stream, None if it is not known."""
        return self._detector.format

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """Return, by key, how often a user's own expression failed, and its first error."""
        return self.format.own_failures if self.format else {}

    @property
    def is_whole(self) -> bool:
        """Return whether the stream showed the end that its format requires, if it requires one."""
        finished = [choice.is_finished for choice in self.choices.values()]
        return self.format is None or self.format.is_whole(done=self.done, finished=finished)

    @property
    def is_over(self) -> bool:
        """Return whether nothing that follows adds to the response."""
        return self.done and not (self.format and self.format.goes_on)

    @property
    def differing(self) -> int:
        """Return how many parts differ from the text that a closing event repeated."""
        texts = [text for one in self.choices.values() for text in (one.text, one.reasoning)]
        return sum(len(text.differing) for text in texts)

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
            if self.done and self.is_over:
                return rows[:number]
        return rows

    def feed_ignored(self, event: Ignored, n: int) -> Sequence[Delta]:
        """Return the deltas of a block without data, by which some servers signal their end."""
        envelope = envelope_of_ignored(event)
        return () if self.is_over or not envelope else self._take(envelope, n, event.at)

    def finish(self, at: float) -> list[Delta]:
        """Return the deltas held back: those of a stream whose format is known only at its end,
        lone surrogates, and tool calls that may have gone on.
        """
        deltas: list[Delta] = []
        if not self._detector.is_settled:
            deltas += self._switch(self._detector.finish())
        self._at = at
        deltas += (delta for number in self.choices for delta in self._rest_of(number))
        return deltas

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
        if not self._detector.is_settled:
            return self._detect(envelope, n, at)
        self._n, self._at = n, at
        if self._extractor and envelope["data"].__class__ is dict:  # nothing to repair
            return self._read(self._extractor, envelope)
        return self._read_repaired(envelope)

    def _detect(self, envelope: Envelope, n: int, at: float) -> Sequence[Delta]:
        known = self._extractor
        repaired = self._trial.repair(envelope, n)
        found = self._detector.feed(envelope, n, at, repaired.envelope if repaired else None)
        deltas = self._switch(found)
        self._n, self._at = n, at
        if known is self._extractor and known is not None:
            deltas = self._read_repaired(envelope)
        if self._detector.is_settled:
            self._detector.drop_kept()
        return deltas

    def _switch(self, extractor: Extractor | None) -> Sequence[Delta]:
        """Read the kept events by another format than before; return what that adds or voids."""
        if extractor is None or extractor is self._extractor:
            return ()
        before = self.choices
        self.choices, self.usage, self.done = {}, None, False  # an error has been reported
        self._extractor, self.repairs = extractor, Repairs()
        deltas: list[Delta] = []
        for envelope, n, at in self._detector.kept():
            if not self.is_over:
                self._n, self._at = n, at
                deltas += self._read_repaired(envelope)
        return deltas if not before else self._changes(before, deltas)

    def _changes(self, before: dict[int, Choice], deltas: Sequence[Delta]) -> list[Delta]:
        """Return the deltas that turn the text of `before`, already given out, into that of now."""
        changes: list[Delta] = []
        for number in before | self.choices:
            old, choice = before.get(number, Choice()), self.choice(number)
            changes += self._change("reasoning", number, str(old.reasoning), str(choice.reasoning))
            changes += self._change("text", number, str(old.text), str(choice.text))
        given = [call.snapshot for old in before.values() for call in old.tools.calls]
        others = (delta for delta in deltas if delta.kind not in ("reasoning", "text"))
        changes += (delta for delta in others if delta.value not in given)
        return changes

    def _change(self, kind: Kind, number: int, before: str, now: str) -> Iterator[Delta]:
        is_void = not now.startswith(before)
        added = now if is_void else now[len(before) :]
        if is_void and kind == "text":
            self.voided += len(before)
        if added or is_void:
            yield self._delta(kind, added, number, replaces=is_void)

    def _read_repaired(self, envelope: Envelope) -> Sequence[Delta]:
        """Read an event, repaired if its data should be an object and is not."""
        extractor = self._extractor
        if extractor is None:
            return ()
        is_broken = envelope["data"].__class__ is not dict and not extractor.wire.tentative
        if is_broken and (repaired := self.repairs.repair(envelope, self._n)):
            self.repairs.count(repaired)
            envelope = repaired.envelope
        return self._read(extractor, envelope)

    def _read(self, extractor: Extractor, envelope: Envelope) -> Sequence[Delta]:
        """Return the deltas of a message.

        This runs at every event, and for most the value of `usage`, `error` and `done` is null or
        false. Comparing it by identity, in line, spares three calls of `is_false`: 0.3 of 5 µs.
        """
        deltas: list[Delta] = []
        extractor = extractor.for_event(envelope)
        if extractor.sole_text:
            found = extractor.sole_text(envelope)
            if found.__class__ is str:
                return self._add_sole_text(found)
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
        if extractor.begin and not is_false(extractor.begin(envelope)):
            self._reopen()
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
            if reasoning or (reasoning is not False and reasoning == 0):
                self._add_text("reasoning", choice.reasoning, (number, part), reasoning, deltas)
            if text or (text is not False and text == 0):
                self._add_text("text", choice.text, (number, part), text, deltas)
            if tool and _has_records(tool):
                complete = choice.tools.feed(tool, part)
                deltas += (self._delta("tool", call, number) for call in complete)
            if reason is not None:
                choice.finish = reason if isinstance(reason, str) else json_values.dump(reason)
                choice.is_finished = True
                deltas.append(self._delta("finish", choice.finish, number))

    def _add_sole_text(self, fragment: str) -> Sequence[Delta]:
        """Add the text of an event that has nothing else: what `_add_items` does, in line."""
        choice = self.choices.get(0)
        if choice is None:
            choice = self.choices[0] = Choice()
        added = choice.text.append(None, fragment) if fragment else ""
        return [new(Delta, ("text", added, 0, self._n, self._at, False))] if added else ()

    def _reopen(self) -> None:
        """Take the answer for unfinished again: another run begins."""
        self.done = False
        for choice in self.choices.values():
            choice.is_finished = False

    def _add_text(
        self,
        kind: Kind,
        text: TextBuffer,
        place: tuple[int, Any],
        found: Any,
        deltas: list[Delta],
    ) -> None:
        number, part = place
        if found.__class__ is str:
            if added := text.append(part, found):
                # `_delta`, without the call: most messages are one fragment of text
                deltas.append(new(Delta, (kind, added, number, self._n, self._at, False)))
        elif found.__class__ is list:
            for item in found:
                if item is not None:
                    self._add_text(kind, text, place, item, deltas)
        elif found.__class__ is dict and (name := directive(found)):
            whole = "".join(strings(found[name]))
            if whole:
                added, is_void = _BY_DIRECTIVE[name](text, hashable(found.get("part", part)), whole)
                if added:
                    deltas.append(self._delta(kind, added, number, replaces=is_void))
        else:
            for fragment in strings(found):
                self._add_text(kind, text, place, fragment, deltas)

    def _delta(self, kind: Kind, value: Any, choice: int = 0, *, replaces: bool = False) -> Delta:
        return Delta(kind, value, choice, self._n, self._at, replaces)


_BY_DIRECTIVE: Final[dict[str, Callable[[TextBuffer, Any, str], Added]]] = {
    "full": TextBuffer.replace,
    "closing": TextBuffer.close,
    "segment": TextBuffer.end_segment,
    "either": TextBuffer.add_either,
    "line": TextBuffer.add_line,
}


def _has_records(found: Any) -> bool:
    """Return whether a value of `tool` may hold records; most are a list of nulls."""
    return found.__class__ is not list or len(found) != found.count(None)


def _merged(old: Any, new: Any) -> Any:
    """Merge token counts key by key. A null does not replace a count."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: value for key, value in new.items() if value is not None or key not in old}
