"""Random mutations of whole streams: events that are lost, repeated, moved, cut or changed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from tests.support.corpus import Stream

Mutation = Callable[[random.Random, list[bytes]], None]

# Data that gateways and proxies put in front of a stream: comments, states, halves of documents.
NOISE: Final = (
    b": keep-alive", b": OPENROUTER PROCESSING", b"OK", b"connected", b"ping", b"queued 1/3",
    b'{"choices":[{"delta":{"content":"hal', b'{"type":"unheard-of"}', b'{"status":"queued"}',
    b'{"id":1}', b"{}", b"[]", b"null", b"42", b'"hello"', b"[1,2]", b'{"a":{"b":[1]}}',
)  # fmt: skip
UNKNOWN: Final = "unheard.of"


class Mutated(NamedTuple):
    """A mutated stream, and the names of its mutations."""

    stream: Stream
    body: bytes
    mutations: tuple[str, ...]


def blocks(body: bytes) -> list[bytes]:
    """Return the events of a stream, each with the blank line that ends it."""
    found, block = [], b""
    for line in body.splitlines(keepends=True):
        block += line
        if not line.strip(b"\r\n"):
            found.append(block)
            block = b""
    return [*found, block] if block else found


def lines(body: bytes) -> list[bytes]:
    """Return the lines of a stream of JSON Lines."""
    return body.splitlines(keepends=True)


def drop(dice: random.Random, events: list[bytes]) -> None:
    """Lose some events."""
    for _ in range(dice.randint(1, 3)):
        if len(events) > 1:
            events.pop(dice.randrange(len(events)))


def double(dice: random.Random, events: list[bytes]) -> None:
    """Repeat an event, at once or later."""
    at = dice.randrange(len(events))
    events.insert(dice.choice((at, dice.randint(at, len(events)))), events[at])


def swap(dice: random.Random, events: list[bytes]) -> None:
    """Exchange two neighbours."""
    at = dice.randrange(len(events))
    other = min(at + 1, len(events) - 1)
    events[at], events[other] = events[other], events[at]


def move(dice: random.Random, events: list[bytes]) -> None:
    """Move an event to any other place."""
    event = events.pop(dice.randrange(len(events)))
    events.insert(dice.randint(0, len(events)), event)


def cut(dice: random.Random, events: list[bytes]) -> None:
    """Cut the stream, or the data of an event in the middle of it."""
    at = dice.randrange(len(events))
    event = events[at]
    ended = event.rstrip(b"\r\n")
    place = dice.randint(0, len(ended))
    if dice.random() < 0.5:
        events[at:] = [event[:place]]
    else:
        events[at] = event[:place] + event[len(ended) :]


def retype(dice: random.Random, events: list[bytes]) -> None:
    """Give an event the type of another one, an unknown one or none, in its field or its data."""
    at = dice.randrange(len(events))
    names = [UNKNOWN, *(name for event in events for name in _types(event))]
    name = dice.choice(names).encode()
    if dice.random() < 0.5 and b"event:" in events[at]:
        line = dice.choice((b"", b"event: " + name + b"\n"))
        events[at] = re.sub(rb"event:[^\n]*\n", lambda _: line, events[at], count=1)
    else:
        field = rb'("(?:type|event|event_type|kind|object|method)"\s*:\s*)"[^"\\]*"'
        events[at] = re.sub(field, lambda m: m[1] + b'"' + name + b'"', events[at], count=1)


def _types(event: bytes) -> Sequence[str]:
    found = re.findall(rb'"(?:type|event|event_type|kind)"\s*:\s*"([^"\\]*)"', event)
    return [name.decode() for name in found[:1]]


def noise(dice: random.Random, events: list[bytes]) -> None:
    """Begin with data that belongs to no answer."""
    is_sse = any(event.lstrip().startswith((b"data:", b"event:", b"id:")) for event in events)
    for _ in range(dice.randint(1, 3)):
        data = dice.choice(NOISE)
        events.insert(0, b"data: " + data + b"\n\n" if is_sse else data + b"\n")


MUTATIONS: Final[dict[str, Mutation]] = {
    one.__name__: one for one in (drop, double, swap, move, cut, retype, noise)
}


def mutate(dice: random.Random, stream: Stream) -> Mutated:
    """Mutate a stream once to three times."""
    body = stream.path.read_bytes()
    events = blocks(body) if stream.path.suffix == ".sse" else lines(body)
    names = []
    for _ in range(dice.randint(1, 3) if events else 0):
        name = dice.choice(sorted(MUTATIONS))
        MUTATIONS[name](dice, events)
        names.append(name)
    return Mutated(stream, b"".join(events), tuple(names))


def data_of(raw: str) -> Any:
    """Return data as JSON, None if it is not."""
    try:
        return json.loads(raw)
    except ValueError:
        return None
