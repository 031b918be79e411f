"""The audit of resumed streams: events repeated or skipped, counted without ever claiming too
much."""

from __future__ import annotations

import tracemalloc

import pytest

from sse_cli.analysis.resume_audit import REMEMBERED, ResumeAudit
from sse_cli.model.events import Message
from tests.support.client import scripted
from tests.support.program import sse
from tests.support.replies import whole


def message(id: str | None, data: str = "x") -> Message:  # noqa: A002 (the field's name)
    return Message("message", data, id or "", id, 0.0, 0, 10)


def after(*connections: list[str]) -> tuple[int, int]:
    """Return the events repeated and skipped, by the ids of each connection; the payload is the
    id."""
    seen = ResumeAudit()
    for ids in connections:
        seen.opened()
        for one in ids:
            seen.message(message(one, f"data of {one}"))
    return seen.repeated, seen.skipped


@pytest.mark.parametrize(
    ("connections", "repeated"),
    [
        ([["1", "2"], ["3", "4"]], 0),
        ([["1", "2"], ["2", "3"]], 1),
        ([["1", "2"], ["1", "2"], ["1", "2"]], 4),
        ([["a", "b"], ["b", "c"]], 1),
        ([["1", "1", "1"]], 0),  # one connection repeats nothing by resuming
        ([["1"], ["2", "2", "2"]], 0),
        ([["1"], ["1", "1"]], 1),
        ([["", ""], ["", ""]], 0),
    ],
)
def test_an_event_of_an_earlier_connection_is_repeated(
    connections: list[list[str]], repeated: int
) -> None:
    assert after(*connections)[0] == repeated


@pytest.mark.parametrize(
    ("connections", "skipped"),
    [
        ([["1", "2"], ["3"]], 0),
        ([["1", "2"], ["4"]], 1),
        ([["1", "2"], ["4"], ["7", "8"]], 3),
        ([["1", "2"], [], ["5"]], 2),  # a connection without events has nothing to count from
        ([["1", "2"], ["1", "2", "5"]], 2),  # some repeated, then a gap
        ([["5", "6"], ["1", "2"]], 0),  # started again
        ([["1"], ["4"]], 2),
        ([["1", "2", "9", "10"], ["12"]], 0),  # ids with gaps within a connection
        ([["10", "20"], ["30", "40"]], 0),  # not counted one by one
        ([["1700000000123", "1700000000456"], ["1700000009999"]], 0),  # times
        ([["1", "1", "2", "2"], ["4"]], 1),  # one id for several events
        ([["a"], ["c"]], 0),
        ([["1"], ["x", "3"]], 1),
        ([["1"], ["-3"], ["1.5"], ["\u0663"]], 0),
        ([["1"], ["9" * 19]], 0),  # larger than any real counter
        ([["1", "2"], ["9"], ["9", "10"]], 6),  # reported once
    ],
)
def test_a_gap_in_consecutive_ids_is_counted_as_skipped_events(
    connections: list[list[str]], skipped: int
) -> None:
    assert after(*connections)[1] == skipped


def test_the_same_id_with_another_payload_is_not_a_repetition() -> None:
    seen = ResumeAudit()
    for data in ("a", "b"):
        seen.opened()
        seen.message(message("1", data))
    assert seen.repeated == 0


def test_events_without_an_id_of_their_own_are_not_counted() -> None:
    seen = ResumeAudit()
    for _ in range(2):
        seen.opened()
        seen.message(message(None))
    assert (seen.repeated, seen.skipped) == (0, 0)


def test_memory_is_bounded_and_the_latest_ids_are_kept() -> None:
    seen = ResumeAudit()
    seen.opened()
    for number in range(REMEMBERED + 5):
        seen.message(message(str(number)))
    assert len(seen._seen) == REMEMBERED
    seen.opened()
    seen.message(message(str(REMEMBERED + 4)))
    seen.message(message("5"))
    assert seen.repeated == 2
    seen.message(message("0"))  # forgotten
    assert seen.repeated == 2


def test_very_long_ids_are_not_kept() -> None:
    seen = ResumeAudit()
    seen.opened()
    tracemalloc.start()
    for number in range(100):
        seen.message(message(f"{number}" + "x" * 1_000_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


def test_the_summary_of_a_run_reports_repeated_and_skipped_events() -> None:
    first, second = (
        b"".join(b"id: %d\ndata: %d\n\n" % (n, n) for n in ids) for ids in ([1, 2], [2, 5])
    )
    with scripted(whole(first), whole(second)) as server:
        words = ("--reconnect", "--retry-delay", "100ms", "-o", "text", "--summary")
        ran = sse(server.origin, *words)
    assert (ran.code, ran.text.split()) == (0, ["1", "2", "2", "5"])
    assert "reconnected 2 times  1 event repeated  2 skipped" in ran.talk


@pytest.mark.parametrize("form", ["table", "text"])
def test_a_connection_that_was_only_announced_is_not_counted(form: str) -> None:
    with scripted(whole(b"id: 1\ndata: 1\n\n")) as server:
        words = ("--reconnect", "--retry-delay", "60s", "--for", "1s", "-o", form, "--summary")
        ran = sse(server.origin, *words)
    assert ran.code == 0
    assert "1 event" in ran.talk + ran.text
    assert "reconnected" not in ran.talk + ran.text
