"""The loop that every command runs: messages of one read, judged at once or one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.check import runner
from sse_cli.check.expectation_observer import ExpectationObserver
from sse_cli.check.expectations import build
from sse_cli.check.outcome import judge
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Delta
from sse_cli.model.events import Chunk, Closed, Ending, Message, Opened, Reconnecting, Signal
from sse_cli.parser.session import Session
from sse_cli.query.selection import Expression, Query, Row, Selection
from sse_cli.render.response_writers import NoWriter
from sse_cli.run import response_observer
from sse_cli.run.observers import Note, ObserverGroup
from sse_cli.run.stream_run import Run

BLOCKS = (
    b'data: {"a":1}\n\n',
    b'data: {"a":"x","b":[]}\n\n',
    b"data: plain\n\n",
    b"data: [DONE]\n\n",
    b'data: {"error":{"message":"no"}}\n\n',
    b'event: error\ndata: {"b":2}\n\n',
    b"event: ping\ndata: {}\n\n",
    b"id: 7\ndata: seven\n\n",
    b"id: 9\ndata: nine\n\n",
    b": hi\n\n",
    b"retry: 5\n\n",
    b'oops\ndata: {"a":null}\n\n',
    b'{"error":"stray"}\n\n',
)
BODY = st.lists(st.sampled_from(BLOCKS), max_size=12).map(b"".join)
BODIES = st.lists(st.lists(BODY, max_size=4), min_size=1, max_size=3)
ANSWER = (
    b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
    b'data: {"choices":[{"index":1,"delta":{"content":"\\ude00"},"finish_reason":"stop"}]}\n\n',
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"b"}}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    b'data: {"error":{"message":"also"},"choices":[]}\n\n',
    b'data: {"choices":[{"error":{"message":"hidden"}}]}\n\n',
    *(
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":%d,"function":{"name":"f",'
        b'"arguments":"{}"}}]}}]}\n\n' % index
        for index in (0, 1, 2)
    ),
    b"event: complete\n\n",
    b'data: {"broken":\n\n',
)
FORMATS = wire_format.known()
NAMES = ("anthropic", "gradio")
WIRES = (FORMATS, FORMATS[:1], [wire_format.named(name) for name in NAMES])
ANSWERS = st.lists(
    st.lists(st.sampled_from((*BLOCKS, *ANSWER, *ANSWER)), max_size=12).map(b"".join), max_size=4
).map(lambda body: [body])


class Kept:
    """A view that keeps what it was shown."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.messages: list[int] = []

    def rows(self, rows: Sequence[Row]) -> None:
        self.messages += [row.message.n for row in rows]
        self.items += [(row.message, row.gap, row.values) for row in rows]

    def note(self, note: Note) -> None:
        self.items.append(note)

    def flush(self) -> None:
        self.items.append("flush")


def signals(bodies: Sequence[Sequence[bytes]]) -> Iterator[Signal]:
    at = 0.0
    for attempt, body in enumerate(bodies, 1):
        if attempt > 1:
            yield Reconnecting(at, attempt, 0.5, Ending.EOF)
        at += 0.5
        yield Opened(at, "http://h/", 200, attempt=attempt)
        for data in body:
            at += 0.25
            yield Chunk(at, data)
    yield Closed(at, Ending.EOF)


def run_over(bodies: Sequence[Sequence[bytes]], **more: Any) -> tuple[Run, Kept, Closed]:
    selection = Selection(
        [Query("a"), Query("@")], Expression("b != `2`", "--where"), excluded=frozenset({"ping"})
    )
    run, view = Run(Session(), lambda: 0.0, selection=selection, **more), Kept()
    return run, view, run.over(signals(bodies), view)


def known(run: Run) -> dict[str, Any]:
    """All that a run knows at its end."""
    _ = run.timing.gaps  # counts what is left to count
    timing = vars(run.timing) | {"_gaps": vars(run.timing.gaps)}
    verdict = vars(run.verdict) | {"missing": "", "_document": vars(run.verdict._document)}
    errors = [(query.errors, query.first_error) for query in run.selection.queries]
    resume_audit = run.resume_audit.repeated, run.resume_audit.skipped
    resume = run.session.resume.over, run.session.resume.last_event_id
    return timing | verdict | {"errors": errors, "resume_audit": resume_audit, "resume": resume,
                               "shown": run.shown, "aside": run.aside.counts}  # fmt: skip


@given(BODIES)
def test_messages_judged_at_once_come_out_as_if_one_by_one(bodies: list[list[bytes]]) -> None:
    at_once, seen, closed = run_over(bodies)
    one_by_one, alone, ended = run_over(bodies, until=Expression("never.said", "--until"))
    assert seen.items == alone.items
    assert closed == ended
    assert known(at_once) == known(one_by_one)


class Typed(NoWriter):
    """What an answer consists of."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []

    def write(self, pieces: Iterable[Delta]) -> None:
        self.deltas += pieces


def answer_of(
    bodies: Sequence[Sequence[bytes]], wires: Sequence[WireFormat], **more: Any
) -> dict[str, Any]:
    """All that `check` knows of an answer."""
    run, typed = Run(Session(), lambda: 0.0, **more), Typed()
    run.answer = Accumulator(wires)
    run.is_done = lambda: bool(run.answer and run.answer.done)
    view = response_observer.ResponseObserver(run.answer, typed, run.verdict)
    watcher = ExpectationObserver(build([("expect-event", "message"), ("valid-json", "")]), view)
    closed = run.over(signals(bodies), ObserverGroup(view, watcher))
    facts = runner._facts(run, view, closed)
    outcome = judge(watcher.expectations, facts)
    broken = view.broken, view.first_broken, view._n
    return known(run) | {"answer": facts.answer, "error": facts.error, "outcome": outcome,
                         "typed": typed.deltas, "broken": broken}  # fmt: skip


@given(ANSWERS, st.sampled_from(WIRES))
def test_an_answer_put_together_at_once_is_the_one_put_together_one_by_one(
    bodies: list[list[bytes]], wires: list[WireFormat]
) -> None:
    never = Expression("never.said", "--until")
    assert answer_of(bodies, wires) == answer_of(bodies, wires, until=never)


@given(BODY, st.integers(1, 4))
def test_what_follows_the_last_message_that_is_wanted_counts_for_nothing(
    body: bytes, wanted: int
) -> None:
    run, view, closed = run_over([[body, body]], max_events=wanted)
    assert len(view.messages) == run.shown <= wanted
    if closed.ending is Ending.LIMIT:
        assert run.shown == wanted
        assert run.timing.messages == view.messages[-1]


class Counted(list[Row]):
    """Rows that count how many of them were copied."""

    copied = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        if isinstance(place, slice):
            self.copied += len(found)
        return found


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"until": Expression("never.said", "--until")},
        {"max_events": 1, "selection": Selection(events=frozenset({"never"}))},
    ],
    ids=["all", "until", "limit"],
)
def test_the_work_for_a_message_does_not_grow_with_the_messages_of_its_read(
    more: dict[str, Any],
) -> None:
    run, view = Run(Session(), lambda: 0.0, **more), Kept()
    run.over(signals([]), view)
    rows = Counted(Row(Message("message", "1", "", None, 0.0, 0, 9, n)) for n in range(1, 1001))
    run._rows(rows)
    assert rows.copied == len(rows) == run.timing.messages
