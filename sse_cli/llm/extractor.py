"""A wire format's expressions, evaluated on the envelope of an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

from sse_cli.llm.extraction_plan import Expressions, ExtractionPlan, Functions
from sse_cli.llm.wire_format import EVENT_KEYS, ITEM_KEYS, Key, WireFormat
from sse_cli.model.events import Ignored
from sse_cli.model.row import Row
from sse_cli.query.jmespath import Evaluate
from sse_cli.text import json_values
from sse_cli.text.json_values import is_false

Envelope: TypeAlias = dict[str, Any]

# The values of one item: choice (a number), part (hashable), reasoning, text, tool, and the reason
# to finish, None if there is none. A plain tuple: a NamedTuple takes 0.1 µs longer an event.
ItemValues: TypeAlias = tuple[int, Any, Any, Any, Any, Any]


class Extractor:
    """A format's expressions as attributes, each a function or None.

    `for_event` gives the extractor to use for an event, which has only those that may yield
    something. Its values are the same, but that one that means "nothing" may be another.
    """

    def __init__(
        self,
        wire: WireFormat,
        functions: Functions | None = None,
        items: ExtractionPlan[Extractor] | None = None,
    ) -> None:
        self.wire = wire
        self._items = items  # the extractors of items, None if an event is its only item
        get = wire.get if functions is None else functions.get
        self.each = get("each")
        self.choice = get("choice")
        self.part = get("part")
        self.text = get("text")
        self.reasoning = get("reasoning")
        self.tool = get("tool")
        self.finish = get("finish")
        self.finish_root = get("finish_root")
        self.usage = get("usage")
        self.error = get("error")
        self.begin = get("begin")
        self.done = get("done")
        others = (self.part, self.reasoning, self.tool, self.finish)
        self.is_text_alone = others == (None,) * len(others)
        """Whether an item can have nothing but a choice and text."""
        more = (self.each, self.choice, self.finish_root, self.usage, self.error, self.begin)
        is_sole = self.is_text_alone and (*more, self.done) == (None,) * (len(more) + 1)
        self.sole_text = self.text if is_sole else None
        """The text of an event that can have nothing else; most events of a plan are such."""

    def for_event(self, envelope: Envelope, /) -> Extractor:
        """Return the extractor for an event. This runs at every event."""
        plan = self._planned()
        self.for_event = plan.at  # type: ignore[method-assign]  # from now on, without a call more
        return plan.at(envelope)

    def items(self, envelope: Envelope) -> list[ItemValues]:
        """Return the values of each item of an event.

        `finish_root` makes an item of its own. This runs at every event, so helpers are written in
        line: a call takes longer than most expressions.
        """
        found: list[ItemValues] = []
        plan, read = self._items, self
        for value in (envelope,) if self.each is None else self.item_values(envelope):
            if plan:
                read = plan.at(value)
            choice = read.choice(value) if read.choice else 0
            if read.is_text_alone:  # as most items of a plan are
                text = read.text(value) if read.text else None
                found.append(
                    (choice if choice.__class__ is int else 0, None, None, text, None, None)
                )
                continue
            reason = read.finish(value) if read.finish else None
            found.append(
                (
                    choice if choice.__class__ is int else 0,
                    hashable(read.part(value)) if read.part else None,
                    read.reasoning(value) if read.reasoning else None,
                    read.text(value) if read.text else None,
                    read.tool(value) if read.tool else None,
                    # Compared by identity first, because for most events it is null or false.
                    None if reason is None or reason is False or is_false(reason) else reason,
                )
            )
        if self.finish_root:
            reason = self.finish_root(envelope)
            if not is_false(reason):
                found.append((0, None, None, None, None, reason))
        return found

    def _planned(self) -> ExtractionPlan[Extractor]:
        """Return the plan for events. It is made late, because many extractors read no event."""
        wire = self.wire
        if self.each is None:
            expressions = Expressions.of(wire, (*EVENT_KEYS, *ITEM_KEYS))
            return ExtractionPlan(expressions, partial(Extractor, wire))
        of_items = ExtractionPlan(Expressions.of(wire, ITEM_KEYS), partial(Extractor, wire))
        build = partial(Extractor, wire, items=of_items)
        return ExtractionPlan(Expressions.of(wire, EVENT_KEYS), build)

    def item_values(self, envelope: Envelope) -> Sequence[Any]:
        """Return the items of an event, unread; the event itself if the format has no `each`."""
        if self.each is None:
            return (envelope,)
        found = self.each(envelope)
        return found if found.__class__ is list else ()


def hashable(part: Any) -> Any:
    """Return the key of a part, None for a value that means "nothing"."""
    if part is False or part == "":
        return None
    return json_values.dump(part) if isinstance(part, dict | list) else part


def envelope_of(row: Row) -> Envelope:
    """Return the envelope of a message, on which a format's expressions are evaluated."""
    message = row.message
    return {
        "event": message.type,
        "id": message.id,
        "data": row.payload,
        "raw": message.data,
    }


def envelope_of_ignored(event: Ignored) -> Envelope | None:
    """Return the envelope of a block that has an event type but no data, None for all else."""
    if event.reason != "no-data" or event.type is None:
        return None
    return {"event": event.type, "id": event.id, "data": None, "raw": ""}


def is_message(envelope: Envelope) -> bool:
    """Return whether an envelope is that of a message, and not of a block without data."""
    return envelope["data"] is not None or envelope["raw"] != ""


def explain(wire: WireFormat, envelope: Envelope) -> Iterator[tuple[str, Any]]:
    """Yield each key of a format with its value for one event, but for empty values.

    The keys of items are told apart as `text[0]`, `text[1]`, …. A key that could not be evaluated
    is named `text fails`, with the first reason.
    """
    for key in EVENT_KEYS:
        yield from _explained(wire, key, key, envelope)
    for index, item in enumerate(Extractor(wire).item_values(envelope)):
        for key in ITEM_KEYS:
            label = key if wire.get("each") is None else f"{key}[{index}]"
            yield from _explained(wire, key, label, item)


def _explained(wire: WireFormat, key: Key, label: str, value: Any) -> Iterator[tuple[str, Any]]:
    before = wire.failures.get(key)
    expression = wire.get(key)
    found = expression(value) if expression else None
    if (failed := wire.failures.get(key)) and failed != before:
        yield f"{label} fails", failed[1]
    elif not is_false(found):
        yield label, found


def holds(expression: Evaluate | None, value: Any) -> bool:
    """Return whether the format has an expression, and its value is true."""
    return expression is not None and not is_false(expression(value))
