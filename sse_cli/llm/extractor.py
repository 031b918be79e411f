"""A wire format's expressions, and what they are asked of: the envelope of a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from sse_cli.llm.wire_format import EVENT_KEYS, ITEM_KEYS, Key, WireFormat
from sse_cli.model.events import Ignored
from sse_cli.model.row import Row
from sse_cli.query.jmespath import Evaluate
from sse_cli.text.json_values import is_false

Envelope: TypeAlias = dict[str, Any]


class Extractor:
    """A format's expressions as attributes, each a function or None."""

    def __init__(self, wire: WireFormat) -> None:
        self.each = wire.get("each")
        self.choice = wire.get("choice")
        self.part = wire.get("part")
        self.text = wire.get("text")
        self.reasoning = wire.get("reasoning")
        self.tool = wire.get("tool")
        self.finish = wire.get("finish")
        self.finish_root = wire.get("finish_root")
        self.usage = wire.get("usage")
        self.error = wire.get("error")
        self.done = wire.get("done")

    def items(self, envelope: Envelope) -> list[Any]:
        """The items of an event: the event itself when the format has no `each`."""
        if self.each is None:
            return [envelope]
        found = self.each(envelope)
        return found if isinstance(found, list) else []


def envelope_of(row: Row) -> Envelope:
    """What a format's expressions see of a message."""
    message = row.message
    return {
        "event": message.type,
        "id": message.id,
        "data": row.payload,
        "raw": message.data,
    }


def envelope_of_ignored(event: Ignored) -> Envelope | None:
    """What they see of a block that has an event type but no data; None for all else."""
    if event.reason != "no-data" or event.type is None:
        return None
    return {"event": event.type, "id": event.id, "data": None, "raw": ""}


def is_message(envelope: Envelope) -> bool:
    """Whether an envelope is that of a message, and not of a block without data."""
    return envelope["data"] is not None or envelope["raw"] != ""


def explain(wire: WireFormat, envelope: Envelope) -> Iterator[tuple[str, Any]]:
    """Each key of a format with what it gives for one event, "nothing" left out.

    Items are told apart as `text[0]`, `text[1]`, …; a key that could not be evaluated is
    named `text fails`, with the first reason that there was.
    """
    for key in EVENT_KEYS:
        yield from _explained(wire, key, key, envelope)
    for index, item in enumerate(Extractor(wire).items(envelope)):
        for key in ITEM_KEYS:
            label = key if wire.get("each") is None else f"{key}[{index}]"
            yield from _explained(wire, key, label, item)


def _explained(wire: WireFormat, key: Key, label: str, value: Any) -> Iterator[tuple[str, Any]]:
    before = wire.failures.get(key)
    found = value_of(wire.get(key), value)
    if (failed := wire.failures.get(key)) and failed != before:
        yield f"{label} fails", failed[1]
    elif not is_false(found):
        yield label, found


def strings(found: Any) -> Sequence[str]:
    """The strings in what an expression gave: one, a list, or lists of lists."""
    if isinstance(found, str):
        return (found,)
    texts: list[str] = []
    for item in found if isinstance(found, list) else ():
        if item.__class__ is str:
            texts.append(item)
        elif item is not None:
            texts += strings(item)
    return texts


def value_of(expression: Evaluate | None, value: Any) -> Any:
    """What an expression gives, None if a format has none."""
    return expression(value) if expression else None


def holds(expression: Evaluate | None, value: Any) -> bool:
    """Whether it gives anything that is true."""
    return expression is not None and not is_false(expression(value))
