"""`sse check` waits no longer for a first event, a text or a next event than expected."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sse_cli.mockserver.scenarios.scenario import ReplyEnd, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.broken_server import broken
from tests.support.program import Ran, finish, sse, start

TICK = b"data: 1\n\n"
CHAT = b'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"%s"}}]}\n\n'
LONG = ("-m", "50", "-o", "json")
SOON = 20.0  # Seconds: far less than --max-time, far more than a busy machine needs.


def attempt_of(ran: Ran) -> dict[str, Any]:
    """Return the only attempt of the only stream."""
    ((attempt,),) = (stream["attempts"] for stream in json.loads(ran.out)["streams"])
    assert isinstance(attempt, dict)
    return attempt


def failed(attempt: dict[str, Any]) -> dict[str, str]:
    """Return the failed expectations, each with the value found."""
    results = attempt["expectations"]
    return {one["name"]: one["found"] for one in results if one["verdict"] == "failed"}


def held_open(*steps: bytes, **reply: Any) -> Scenario:
    """Return a stream that sends its steps at once and then stays silent."""
    return replace(Scenario.of("s", [(0, step) for step in steps], **reply), end=ReplyEnd.HOLD)


# The steps before the silence, the expectation, and the failure.
SILENCES = [
    ((), ("--first-event-within", "200ms"), "first-event-within"),
    ((b": ping\n\n",), ("--first-event-within", "200ms"), "first-event-within"),
    ((CHAT % b"",), ("--first-content-within", "200ms"), "first-content-within"),
    ((), ("--first-content-within", "200ms"), "first-content-within"),
    ((TICK,), ("--max-gap", "200ms"), "max-gap"),
    ((TICK,), ("--max-gap", "200ms", "-m", "0"), "max-gap"),
    # Here the next deadline is sooner than the first one.
    ((TICK,), ("--max-gap", "200ms", "--first-event-within", "40s"), "max-gap"),
    ((), ("--max-gap", "200ms", "--first-event-within", "300ms", "--min-events", "3",
          "--first-content-within", "40s", "--text", "x"), "first-event-within"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "words", "name"), SILENCES)
def test_a_silence_ends_once_an_expectation_cannot_hold(
    sent: tuple[bytes, ...], words: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.rec"
    with running(Server({"s": held_open(*sent)})) as url:
        ran = sse("check", f"{url}/s", *LONG, *words, "--record", kept)
    attempt = attempt_of(ran)
    assert ran.code == 1, ran
    assert failed(attempt).keys() == {name}
    assert attempt["ending"] == "deadline"
    assert f"the stream still ran when --{name} " in attempt["detail"]
    assert 0.2 < attempt["answer"]["timing"]["total"] < SOON
    again = sse("check", kept, *(word for word in words if word not in ("-m", "0")), "-o", "json")
    assert attempt_of(again) == attempt


def test_the_event_before_the_silence_is_the_evidence() -> None:
    with running(Server({"s": held_open(TICK, b"event: last\ndata: 2\n\n")})) as url:
        ran = sse("check", f"{url}/s", "--max-gap", "200ms", "-m", "50")
    assert "nothing for " in ran.text
    assert " after event 2" in ran.text
    assert "event 2 last at " in ran.text
    assert "not judged: ending" in ran.text


def test_keep_alives_do_not_count_as_events() -> None:
    pings = Scenario.of("s", [(0, TICK), *[(0.02, b": ping\n\n")] * 2500])
    with running(Server({"s": pings})) as url:
        attempt = attempt_of(sse("check", f"{url}/s", "--max-gap", "300ms", *LONG))
    assert failed(attempt).keys() == {"max-gap"}
    assert attempt["answer"]["timing"]["total"] < SOON


def test_each_of_many_streams_is_abandoned_independently() -> None:
    quick = Scenario.of("quick", [(0, TICK), (0.1, TICK), (0.1, TICK)])
    with running(Server({"s": held_open(TICK), "quick": quick})) as url:
        targets = [f"{url}/s?1", f"{url}/quick", f"{url}/s?2"]
        ran = sse("check", *targets, "--jobs", "3", "--max-gap", "2s", *LONG)
    streams = json.loads(ran.out)["streams"]
    assert [one["exit_code"] for one in streams] == [1, 0, 1]
    assert ran.code == 1


def test_a_missing_reply_is_not_waited_for_and_nothing_is_judged() -> None:
    with broken("no-reply") as server:
        ran = sse("check", server.url, "--first-event-within", "200ms", *LONG)
    attempt = attempt_of(ran)
    assert (ran.code, attempt["ending"]) == (6, "deadline"), ran
    assert attempt["detail"] == "no reply had come when --first-event-within 200ms was over"
    assert attempt["answer"]["timing"]["total"] < SOON


def test_a_refused_reply_does_not_count_as_a_late_event() -> None:
    refused = held_open(b"no", status=401)
    with running(Server({"s": refused})) as url:
        ran = sse("check", f"{url}/s", "--first-event-within", "200ms", *LONG)
    assert (ran.code, attempt_of(ran)["ending"]) == (4, "refused"), ran


def test_the_wait_before_a_reconnect_counts_as_silence() -> None:
    ended = Scenario.of("s", [(0, b"retry: 40000\n\n" + TICK)])
    with running(Server({"s": ended})) as url:
        ran = sse("check", f"{url}/s", "--reconnect", "--max-gap", "200ms", *LONG)
    attempt = attempt_of(ran)
    assert ran.code == 1, ran
    assert failed(attempt).keys() == {"max-gap"}
    assert attempt["answer"]["timing"]["total"] < SOON


@pytest.mark.parametrize(("sent", "first"), [(b"", "500ms"), (TICK, "20s")])
def test_standard_input_is_not_waited_for(sent: bytes, first: str) -> None:
    reader, writer = os.pipe()
    os.write(writer, sent)
    words = ("--first-event-within", first, "--max-gap", "200ms", *LONG[2:])
    try:
        with start("check", "-", *words, stdin=reader) as process:
            ran = finish(process)
    finally:
        os.close(reader)
        os.close(writer)
    assert ran.code == (1 if sent else 6), ran
    assert failed(attempt_of(ran)).keys() == ({"max-gap"} if sent else set())


def test_no_event_is_awaited_after_the_sentinel() -> None:
    """Use an unknown format, so that the stream is read to its end."""
    late = Scenario.of("s", [(0, TICK + b"data: [DONE]\n\n"), (0.5, b": bye\n\n")])
    with running(Server({"s": late})) as url:
        ran = sse("check", f"{url}/s", "--max-gap", "100ms", "--min-events", "2", *LONG)
    assert ran.code == 0, ran
