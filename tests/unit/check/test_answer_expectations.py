"""Expectations of a whole answer: finish reasons, tool calls, and that it is complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from sse_cli.analysis.timing import Timing
from sse_cli.check.expectations import KINDS, StreamFacts
from sse_cli.check.expectations.content import ValidJSON
from sse_cli.check.outcome import Checked, Outcome
from sse_cli.check.reports import github_actions, json_report, junit
from sse_cli.check.stream_check import StreamCheck, run_once
from sse_cli.llm import wire_format
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending, Message
from sse_cli.model.row import Row
from sse_cli.run.settings import TargetSettings

STARTED = datetime(2026, 1, 1)
DONE = "data: [DONE]\n\n"
CUT = '{"city":'
TWO = '{"a":1}{"a":2}'


def chat(finish: str | None, arguments: str | None = None, text: str = "Hi") -> str:
    """Return a chat completion of one event, and its end."""
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": arguments}}
    delta = {"content": text, "tool_calls": [call] if arguments else None}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n{DONE}"


def outcome(
    folder: Path, body: str, *asked: tuple[str, str], max_events: int | None = None
) -> Outcome:
    path = folder / "stream.sse"
    path.write_text(body)
    stream = StreamCheck("stream", TargetSettings(str(path)), asked, max_events=max_events).ready()
    return run_once(stream, wire_format.known()).outcome


def told(found: Outcome) -> Sequence[tuple[str, str, str]]:
    return [(one.name, one.verdict, one.found) for one in found.results[2:]]


def test_what_is_expected_by_default_is_told_only_if_something_is_wrong(tmp_path: Path) -> None:
    found = outcome(tmp_path, chat("tool_calls", "{}"))
    assert ([one.name for one in found.results], found.exit_code) == (["reply", "ending"], 0)


@pytest.mark.parametrize("reason", ["abort", "error", "cancelled", "failed", "TASK_STATE_FAILED"])
def test_an_answer_that_failed_fails_by_default(reason: str, tmp_path: Path) -> None:
    found = outcome(tmp_path, chat(reason))
    assert told(found) == [("finish-reason", "failed", f"{reason}: the answer failed")]
    assert found.exit_code == 1
    assert outcome(tmp_path, chat(reason), ("finish-reason", "any")).exit_code == 0
    assert outcome(tmp_path, chat(reason), ("finish-reason", reason)).exit_code == 0
    assert outcome(tmp_path, chat(reason), ("ending", "done")).exit_code == 1


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "content_filter", "SAFETY"])
def test_a_limit_is_a_warning_and_fails_only_a_complete_answer(reason: str, tmp_path: Path) -> None:
    found = outcome(tmp_path, chat(reason))
    words = f"{reason}: the answer was cut short or held back"
    assert told(found) == [("finish-reason", "held", words)]
    assert [one.warning for one in found.warnings] == [words]
    assert found.exit_code == 0
    found = outcome(tmp_path, chat(reason), ("complete", ""))
    assert (found.results[-1].verdict, found.results[-1].found) == ("failed", words)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (chat("stop").removesuffix(DONE)[:-6], "truncated: cut"),
        (chat(None).removesuffix(DONE), "truncated: the stream ended before"),
        ('data: {"a":1}\n\n', "no answer: the format is unknown"),
        (chat("stop") .replace(DONE, 'data: {"error":"no"}\n\n'), "error-event: event 2 reports"),
        ("", "empty: no event came"),
    ],
)  # fmt: skip
def test_an_incomplete_answer_is_told_with_the_reason(
    body: str, found: str, tmp_path: Path
) -> None:
    result = outcome(tmp_path, body, ("complete", "")).results[-1]
    assert (result.name, result.verdict) == ("complete", "failed")
    assert result.found.startswith(found)


def test_a_stream_that_was_cut_says_so_once(tmp_path: Path) -> None:
    body = chat("abort", CUT).removesuffix(DONE)[:-6]
    assert told(outcome(tmp_path, body)) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (CUT, "cut after 8 characters"),
        (TWO, "two JSON documents: the second begins at column 8"),
        ('{"a" 1}', "column 6: "),
    ],
)
def test_an_invalid_tool_call_fails_by_default(
    arguments: str, problem: str, tmp_path: Path
) -> None:
    found = outcome(tmp_path, chat("tool_calls", arguments))
    [(name, verdict, words)] = told(found)
    assert (name, verdict, found.exit_code) == ("tool-calls", "failed", 1)
    assert words.startswith(f"f: {problem}")
    assert outcome(tmp_path, chat("stop", arguments), ("tool-calls", "any")).exit_code == 0
    assert outcome(tmp_path, chat("stop", arguments), ("tool-calls", "valid")).exit_code == 1


def test_a_call_may_be_unfinished_where_reading_was_stopped(tmp_path: Path) -> None:
    assert outcome(tmp_path, chat("stop", CUT), max_events=1).exit_code == 0


@pytest.mark.parametrize(("name", "value"), [("finish-reason", ","), ("tool-calls", "all")])
def test_a_bad_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        KINDS[name](value)


@pytest.mark.parametrize(
    ("data", "may_be_empty", "holds", "found"),
    [
        (["", "{}"], True, True, "all 2"),
        (["", "{}"], False, False, "invalid JSON in event 1"),
        (["{}", "x", ""], True, False, "invalid JSON in event 2"),
        (["", "x", ""], False, False, "invalid JSON in event 1, and 2 more"),
        ([" "], True, False, "invalid JSON in event 1"),
    ],
)
def test_data_may_be_empty_where_the_format_says_so(
    data: list[str], may_be_empty: bool, holds: bool, found: str
) -> None:
    expectation = ValidJSON()
    for n, text in enumerate(data, 1):
        expectation.row(Row(Message("message", text, "", None, 0.0, 0, 0, n=n)))
    facts = StreamFacts(Closed(1.0, Ending.EOF), Timing(), {}, empty_data=may_be_empty)
    judgement = expectation.judge(facts)
    assert (judgement.holds, judgement.found) == (holds, found)


def test_every_report_shows_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "stream.sse"
    path.write_text(chat("length"))
    stream = StreamCheck("stream", TargetSettings(str(path))).ready()
    checked = Checked("stream", "stream", [run_once(stream, wire_format.known())])
    words = "length: the answer was cut short or held back"
    [attempt] = json_report.checked_object([checked])["streams"][0]["attempts"]
    assert [one["warning"] for one in attempt["expectations"]] == [None, None, words]
    assert [*github_actions.of([checked])] == [
        f"::warning title=sse check%3A stream::finish-reason: {words}"
    ]
    assert f"warning: finish-reason: {words}".encode() in junit.document([checked], STARTED)
