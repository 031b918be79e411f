"""Mutated streams of every format: no crash, nothing printed twice, no JSON source for an answer.

A failure shows its seed, its stream and the mutations; `SSE_SEED=N` repeats it.
"""

from __future__ import annotations

import functools
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.llm.extractor import Envelope, envelope_of, holds
from sse_cli.model.events import Media, Message
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from tests.support.corpus import streams
from tests.support.in_process import FORMATS, MEDIA, Read, read, signals
from tests.support.long_runs import count
from tests.support.mutations import MUTATIONS, Mutated, mutate

STREAMS: Final = [stream for stream in streams() if stream.path.suffix in MEDIA]
# These may repeat a text themselves: an event comes twice, a closing one becomes a fragment, or it
# comes long before fragments that could as well be another text.
REPEATING: Final = frozenset({"double", "retype", "move"})
SENTENCE: Final = re.compile(r"\w[^.!?\n]{10,}")  # long enough not to occur twice by chance


@functools.cache
def original(path: Path) -> Read:
    """Return the answer of a stream as it is."""
    return read(path.read_bytes(), MEDIA[path.suffix])


def _is_read_whole(path: Path) -> bool:
    """Return whether no event follows the end of a stream's answer, and none restates it."""
    found = original(path)
    all_events = envelopes(path.read_bytes(), MEDIA[path.suffix])
    return found.messages == len(all_events) and not found.replaces


def envelopes(body: bytes, media: Media) -> list[Envelope]:
    """Return the envelopes of all messages of a stream."""
    session = Session()
    events = [event for signal in signals(body, media) for event in session.feed(signal)]
    return [envelope_of(Row(event)) for event in events if isinstance(event, Message)]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that occur in it once."""
    return [one for one in SENTENCE.findall(text) if text.count(one) == 1]


def problems(mutated: Mutated) -> Iterator[str]:
    """Yield how the answer of a mutated stream breaks a promise."""
    path = mutated.stream.path
    found = read(mutated.body, MEDIA[path.suffix])
    yield from _printed_and_kept(found)
    if not REPEATING & {*mutated.mutations} and not found.replaces:
        yield from _repeated(found, mutated.stream.expected)
        if set(mutated.mutations) == {"drop"} and _is_read_whole(path):
            yield from _grown(found, mutated.stream.expected)
    yield from _source(found, envelopes(mutated.body, MEDIA[path.suffix])[: found.messages])


def _printed_and_kept(found: Read) -> Iterator[str]:
    """Yield where the text that is printed is not that of the whole answer.

    Parts may come by turns. A part that the stream restates is printed anew, and then the answer
    holds its last state.
    """
    for number, choice in found.accumulator.choices.items():
        for kind, whole in (("text", str(choice.text)), ("reasoning", str(choice.reasoning))):
            printed = found.printed(kind, number)
            if Counter(whole) - Counter(printed):
                yield f"{kind} is not printed: {whole!r}, but {printed!r}"
            if not found.replaces and Counter(printed) != Counter(whole):
                yield f"{kind} is printed twice: {printed!r} for {whole!r}"
        told = [p for p in found.deltas if p.kind == "tool" and p.choice == number]
        if not found.replaces and len(told) != len(choice.tools.calls):
            yield f"{len(told)} calls are printed, {len(choice.tools.calls)} are kept"


def _repeated(found: Read, expected: dict[str, Any]) -> Iterator[str]:
    """Yield the sentences that come twice, but once in the stream without mutations."""
    for kind in ("text", "reasoning"):
        printed = found.printed(kind, 0)
        for sentence in sentences(expected.get(kind, "")):
            if printed.count(sentence) > 1:
                yield f"{kind}: {sentence!r} comes twice in {printed!r}"


def _grown(found: Read, expected: dict[str, Any]) -> Iterator[str]:
    """Yield the texts that are longer in a stream that lost events."""
    for kind in ("text", "reasoning"):
        ours, whole = found.printed(kind, 0), expected.get(kind)
        if whole and len(ours) > len(whole):
            yield f"{kind} grew: {ours!r} from {whole!r}"


def _source(found: Read, events: list[Envelope]) -> Iterator[str]:
    """Yield the events of another format in a plain stream, and the JSON that is its text.

    JSON objects among lines of text are text. Events after the answer's end are not read.
    """
    wire = found.accumulator.format
    if wire is None or not wire.tentative:
        return
    for event in events:
        for other in FORMATS:
            if not other.tentative and holds(other.get("detect"), event):
                yield f"{wire.name} was found, but {event['raw'][:200]!r} is {other.name}"
    objects = [event["raw"] for event in events if isinstance(event["data"], dict)]
    if 2 * len(objects) > len(events):
        for raw in objects:
            if any(raw in str(choice.text) for choice in found.accumulator.choices.values()):
                yield f"JSON is text: {raw[:200]!r}"


def test_an_original_stream_keeps_every_promise() -> None:
    for stream in STREAMS:
        assert list(problems(Mutated(stream, stream.path.read_bytes(), ()))) == [], stream.name


@count("rounds", 400, 10_000)
def test_a_mutated_stream_keeps_every_promise(rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(rounds):
        mutated = mutate(dice, dice.choice(STREAMS))
        try:
            found = list(problems(mutated))
        except Exception as error:
            error.add_note(f"round {number}: {_named(mutated)}")
            raise
        assert found == [], f"round {number}: {_named(mutated)}"


def _named(mutated: Mutated) -> str:
    body: Any = mutated.body if len(mutated.body) < 4_000 else mutated.body[:4_000] + b" ..."
    return f"{mutated.stream.name} {mutated.mutations} {body!r}"


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_mutation_changes_streams(name: str, seed: int) -> None:
    dice = random.Random(seed)
    made = [mutate(dice, dice.choice(STREAMS)) for _ in range(200)]
    changed = [m for m in made if m.mutations == (name,) and m.body != m.stream.path.read_bytes()]
    assert changed
