"""The loop that every command runs: messages of one read, processed at once or one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.check.outcome import judge
from sse_cli.check.stream_check import StreamCheck, judged_run
from sse_cli.llm import wire_format
from sse_cli.llm.accumulator import Accumulator
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.delta import Delta
from sse_cli.model.events import Chunk, Closed, Ending, Message, Opened, Reconnecting, Signal
from sse_cli.model.observer import Due, Observer
from sse_cli.model.row import Note, Row
from sse_cli.parser.session import Session
from sse_cli.query.selection import Expression, Query, Selection
from sse_cli.run.measurements import Measurements
from sse_cli.run.observers import ShownCount, ShownLimit, Until
from sse_cli.run.response_observer import NoWriter
from sse_cli.run.settings import TargetSettings
from sse_cli.run.stream_run import StreamRun

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
WIRES = {
    "all": FORMATS,
    "first": FORMATS[:1],
    "two": [wire_format.named(name) for name in NAMES],
}
ANSWERS = st.lists(
    st.lists(st.sampled_from((*BLOCKS, *ANSWER, *ANSWER)), max_size=12).map(b"".join), max_size=4
).map(lambda body: [body])


class Kept(Observer):
    """A view that keeps what it was shown."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.messages: list[int] = []

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        self.messages += [row.message.n for row in rows]
        self.items += [(row.message, row.gap, row.values) for row in rows]
        return rows

    def note(self, note: Note, /) -> None:
        self.items.append(note)

    def flush(self) -> None:
        self.items.append("flush")

    def finish(self, closed: Closed) -> Closed:
        self.items.append(closed)
        return closed


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


class Watched:
    """A run with the observers of `watch`."""

    def __init__(
        self,
        *,
        selection: Selection | None = None,
        until: Expression | None = None,
        max_events: int | None = None,
    ) -> None:
        session = Session()
        self.measured = Measurements(session)
        self.selection = selection or Selection()
        self.shown = ShownCount() if max_events is None else ShownLimit(max_events)
        self.view = Kept()
        first = [Until(until)] if until else []
        last = [self.selection, self.shown, self.view]
        observers = [*self.measured.observers(), *first, *last]
        self.run = StreamRun(session, lambda: 0.0, observers)


def run_over(bodies: Sequence[Sequence[bytes]], **more: Any) -> tuple[Watched, Closed]:
    selection = Selection(
        [Query("a"), Query("@")], Expression("b != `2`", "--where"), excluded=frozenset({"ping"})
    )
    watched = Watched(selection=selection, **more)
    return watched, watched.run.read(signals(bodies))


def known(measured: Measurements) -> dict[str, Any]:
    """Return everything that the observers of every run know at its end."""
    _ = measured.timing.gaps  # updates the counts
    timing = vars(measured.timing) | {"_gaps": vars(measured.timing.gaps)}
    timing |= {"phases": vars(measured.timing.phases)}
    verdict = measured.verdict
    lines = vars(verdict._error_lines._document)
    said = vars(verdict) | {"_missing": "", "_error_lines": lines, "_lost": vars(verdict._lost)}
    resume = verdict._resume.over, verdict._resume.last_event_id
    audit = measured.resume_audit.repeated, measured.resume_audit.skipped
    counts = measured.counts.counts
    return timing | said | {"_resume": resume, "audit": audit, "counts": counts}


def all_known(watched: Watched) -> dict[str, Any]:
    errors = [(query.errors, query.first_error) for query in watched.selection.queries]
    return known(watched.measured) | {"errors": errors, "shown": watched.shown.shown}


@given(BODIES)
def test_messages_processed_at_once_give_the_same_as_one_by_one(bodies: list[list[bytes]]) -> None:
    at_once, closed = run_over(bodies)
    one_by_one, ended = run_over(bodies, until=Expression("never.said", "--until"))
    assert at_once.view.items == one_by_one.view.items
    assert closed == ended
    assert all_known(at_once) == all_known(one_by_one)


class Typed(NoWriter):
    """A writer that keeps the text of an answer."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []

    def write(self, pieces: Iterable[Delta]) -> None:
        self.deltas += pieces


def answer_of(
    bodies: Sequence[Sequence[bytes]], wires: Sequence[WireFormat], until: str | None = None
) -> dict[str, Any]:
    """Return everything that `check` knows of an answer."""
    typed = Typed()
    expected = (("expect-event", "message"), ("valid-json", ""))
    stream = StreamCheck("stream", TargetSettings("-"), expected, until=until)
    judged = judged_run(stream, Accumulator(wires), typed)
    judged.run.clock = lambda: 0.0
    closed = judged.run.read(signals(bodies))
    facts = judged.facts(closed)
    outcome = judge(judged.expectations, facts)
    response = judged.response
    unread = response.unread, response._n
    return known(judged.measured) | {"answer": facts.answer, "error": facts.error, "unread": unread,
                                     "outcome": outcome, "typed": typed.deltas}  # fmt: skip


@given(ANSWERS, st.sampled_from([*WIRES]))
def test_an_answer_put_together_at_once_is_the_same_as_one_by_one(
    bodies: list[list[bytes]], wires: str
) -> None:
    together = answer_of(bodies, WIRES[wires])
    assert together == answer_of(bodies, WIRES[wires], until="never.said")


@given(BODY, st.integers(1, 4))
def test_nothing_after_the_last_wanted_message_counts(body: bytes, wanted: int) -> None:
    watched, closed = run_over([[body, body]], max_events=wanted)
    numbers, shown = watched.view.messages, watched.shown.shown
    assert len(numbers) == shown <= wanted
    if closed.ending is Ending.LIMIT:
        assert shown == wanted
        assert watched.measured.timing.messages == numbers[-1]


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
    watched = Watched(**more)
    watched.run.read(signals([]))
    rows = Counted(Row(Message("message", "1", "", None, 0.0, 0, 9, n)) for n in range(1, 1001))
    watched.run._hand_out_rows(rows)
    assert rows.copied == len(rows) == watched.measured.timing.messages


class Calls(Observer):
    """An observer that records which of its methods are called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def signal(self, signal: Signal) -> None:
        self.calls.append(type(signal).__name__)

    def close(self) -> None:
        self.calls.append("close")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_observers_are_closed_however_the_run_ends(error: type[BaseException]) -> None:
    def broken() -> Iterator[Signal]:
        yield Opened(0.0, "http://h/", 200)
        raise error

    calls = Calls()
    run = StreamRun(Session(), lambda: 0.0, [calls])
    if error is KeyboardInterrupt:
        assert run.read(broken()).ending is Ending.INTERRUPTED
    else:
        with pytest.raises(error):
            run.read(broken())
    assert (calls.calls[:2], calls.calls[-1]) == (["start", "Opened"], "close")


class Waiting(Observer):
    """An observer that is overdue after a while."""

    def __init__(self, due: Due) -> None:
        self._due = due

    def due(self) -> Due:
        return self._due

    def overdue(self, at: float, *, has_reply: bool) -> Closed:
        return Closed(at, Ending.DEADLINE, f"reply: {has_reply}")


@pytest.mark.parametrize(("cuts_off", "shown"), [(False, [1, 2]), (True, [1])])
def test_a_late_signal_is_evidence_or_is_cut_off(cuts_off: bool, shown: list[int]) -> None:
    view = Kept()
    observers = [Waiting(Due(0.6, cuts_off=cuts_off)), view]
    run = StreamRun(Session(), lambda: 0.0, observers)
    stream: list[Signal] = [
        Opened(0.0, "http://h/", 200),
        Chunk(0.5, b"data: 1\n\n"),
        Chunk(0.7, b"data: 2\n\n"),
        Chunk(0.8, b"data: 3\n\n"),
    ]
    closed = run.read(one for one in stream)
    assert (closed, view.messages) == (Closed(0.7, Ending.DEADLINE, "reply: True"), shown)
