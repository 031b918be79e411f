"""Each expectation, over recordings with timestamps of their own, so that no test has to wait."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sse_cli.check import expectations
from sse_cli.check.expectations import KINDS
from sse_cli.check.outcome import Outcome, Result
from sse_cli.check.stream_check import StreamCheck, run_once
from sse_cli.llm import wire_format
from sse_cli.model.causes import Cause
from sse_cli.model.errors import ExpressionError, UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Signal
from sse_cli.recording.writer import Recorder, header_of
from sse_cli.run.settings import TargetSettings

HEADERS = (("Content-Type", "text/event-stream"), ("X-Key", "secret"), ("Server", "it"))
OPENED = Opened(0.1, "https://h/x", 200, "OK", "HTTP/1.1", HEADERS)
CHAT = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%s"},'
    b'"finish_reason":null}]}\n\n'
)
END = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}],"usage":{"completion_tokens":7}}\n\ndata: [DONE]\n\n'
)
# Six events: text at 0.5 s and 0.7, a long gap up to 3 s, the end at 3.1 s.
ANSWER: Sequence[Signal] = (
    OPENED,
    Chunk(0.5, CHAT % b"Hello"),
    Chunk(0.7, CHAT % b", world"),
    Chunk(3.0, b"event: tick\ndata: 1\n\nevent: tick\ndata: x\n\n"),
    Chunk(3.1, END),
    Closed(3.2, Ending.EOF, "the body ended as HTTP says it should"),
)
EMPTY: Sequence[Signal] = (OPENED, Closed(0.2, Ending.EOF))
DROPPED: Sequence[Signal] = (
    OPENED,
    Chunk(0.4, b"event: end\n\nbad field\n\ndata: 1\n\n"),
    Closed(0.5, Ending.EOF),
)


def recorded(folder: Path, signals: Sequence[Signal]) -> str:
    """Return the path of a recording."""
    path = folder / "stream.jsonl"
    with Recorder(str(path), header_of(None), force=True) as recorder:
        for signal in signals:
            recorder.signal(signal)
    return str(path)


def outcome(folder: Path, signals: Sequence[Signal], *asked: tuple[str, str]) -> Outcome:
    """Return the results of the expectations for a recorded stream."""
    stream = StreamCheck("stream", TargetSettings(recorded(folder, signals)), asked).ready()
    return run_once(stream, wire_format.known()).outcome


def last(folder: Path, signals: Sequence[Signal], name: str, value: str) -> Result:
    """Return the result of the one expectation under test."""
    return outcome(folder, signals, (name, value)).results[-1]


# Options for ANSWER, whether the expectation holds, and what the report says was found.
CASES = [
    ("status", "200", True, "200"),
    ("status", "404", False, "200"),
    ("ending", "done", True, "done: the answer's own end was seen"),
    ("ending", "eof, done", True, "done: the answer's own end was seen"),
    ("ending", "eof", False, "done: the answer's own end was seen"),
    ("min-events", "6", True, "6"),
    ("min-events", "7", False, "6"),
    ("first-event-within", "500ms", True, "500ms"),
    ("first-event-within", "499ms", False, "500ms"),
    ("first-content-within", "0.5", True, "500ms"),
    ("first-content-within", "0.4", False, "500ms"),
    ("max-gap", "2.3", True, "2.30s"),
    ("max-gap", "2s", False, "2.30s before event 3"),
    ("total-within", "3.1s", True, "3.10s"),
    ("total-within", "3s", False, "3.10s"),
    ("text", "^Hello.*world$", True, '"Hello, world"'),
    ("text", "o, w", True, '"o, w"'),
    ("text", "Bonjour", False, '"Hello, world"'),
    ("complete", "", True, "complete"),
    ("finish-reason", "stop, length", True, "stop"),
    ("finish-reason", "any", True, "stop"),
    ("finish-reason", "length", False, "stop"),
    ("tool-calls", "valid", True, "none"),
    ("valid-json", "", False, "invalid JSON in event 4"),
    ("no-ignored", "", True, "nothing"),
    ("expect-event", "tick", True, "2"),
    ("expect-event", "tick=2", True, "2"),
    ("expect-event", "tick=1", False, "2"),
    ("expect-event", "tock", False, "none"),
    ("expect-event", "tock=0", True, "none"),
    ("any", "choices[0].delta.content == ', world'", True, "event 2"),
    ("any", "nothing", False, "none of 6"),
    ("all-match", "choices", False, "no match in event 3, and 1 more"),
    ("all-match", "@", True, "all 5"),
    ("expect", "text == 'Hello, world'", True, "true"),
    ("expect", "usage.completion_tokens > `7`", False, "false"),
    ("expect", "usage.completion_tokens", True, "7"),
    ("expect", "missing", False, "null"),
    ("expect", "status == `200` && headers.server == 'it'", True, "true"),
    ('expect', 'headers."x-key"', True, '"***"'),
    ("expect", "timing.gaps.max < `2.4`", True, "true"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "holds", "found"), CASES)
def test_an_expectation_is_judged_by_the_recording(
    name: str, value: str, holds: bool, found: str, tmp_path: Path
) -> None:
    whole = outcome(tmp_path, ANSWER, (name, value))
    result = whole.results[-1]
    assert (result.name, result.verdict, result.found) == (
        name,
        "held" if holds else "failed",
        found,
    )
    assert whole.exit_code == (0 if holds else 1)
    assert result.verdict == "failed" or result.evidence is None


def test_every_expectation_is_among_the_cases() -> None:
    assert {name for name, *_ in CASES} == KINDS.keys()
    for name in KINDS.keys() - {"no-ignored", "complete", "tool-calls"}:
        assert {holds for case, _, holds, _ in CASES if case == name} >= {False}, name


@pytest.mark.parametrize(
    ("name", "value", "n", "data"),
    [
        ("max-gap", "2s", 3, "1"),
        ("valid-json", "", 4, "x"),
        ("all-match", "choices", 3, "1"),
    ],
)
def test_the_event_at_fault_is_shown(
    name: str, value: str, n: int, data: str, tmp_path: Path
) -> None:
    evidence = last(tmp_path, ANSWER, name, value).evidence
    assert evidence is not None
    assert (evidence.n, evidence.at, evidence.event, evidence.data) == (n, 3.0, "tick", data)


def test_a_line_that_a_browser_drops_is_reported_with_its_number(tmp_path: Path) -> None:
    result = last(tmp_path, DROPPED, "no-ignored", "")
    assert (result.verdict, result.found) == ("failed", "no-data in line 1, and 1 more")
    assert result.evidence is not None
    assert result.evidence.n == 0


OWN = """
text = "data.a"
detect = "data.a"
error = "event=='failure' && 'failed' || data.bad"
"""
SAID = b'data: {"a":"t"}\n\n'  # identifies the format
NAMED = b'data: {"bad":"x"}\n\n'
STRAY = b"error: stray\n\n"
FAILURE = b"event: failure\n\n"
UNNAMED = "a block without data, after event 1, reports an error: failed"


@pytest.mark.parametrize(
    ("reads", "evidence", "words"),
    [
        ((SAID, b"event: failure\ndata: 1\n\n"), (2, "failure", "1"), "event 2 reports"),
        ((SAID, b"event: failure\ndata:\n\n"), (2, "failure", ""), "event 2 reports"),
        ((SAID, FAILURE), (0, "failure", ""), UNNAMED),
        ((SAID, STRAY, FAILURE), (0, "", "error: stray"), "line 3 reports an error: stray"),
        ((SAID, FAILURE, STRAY), (0, "failure", ""), UNNAMED),
        ((SAID, NAMED, STRAY), (2, "message", '{"bad":"x"}'), "event 2 reports an error: x"),
        # The first of these errors is detected last.
        ((NAMED, SAID), (1, "message", '{"bad":"x"}'), "event 1 reports an error: x"),
        ((NAMED, STRAY, SAID), (1, "message", '{"bad":"x"}'), "event 1 reports an error: x"),
        ((NAMED, b"data: 1\n\n", STRAY, SAID), (1, "message", '{"bad":"x"}'), "event 1 reports"),
        ((STRAY, NAMED, SAID), (0, "", "error: stray"), "line 1 reports an error: stray"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_first_error_of_a_stream_is_shown(
    reads: Sequence[bytes],
    evidence: tuple[int, str, str],
    words: str,
    at_once: bool,
    tmp_path: Path,
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN, "utf-8")
    chunks = [Chunk(0.5, data) for data in ([b"".join(reads)] if at_once else reads)]
    stream = StreamCheck(
        "stream", TargetSettings(recorded(tmp_path, [OPENED, *chunks, EMPTY[-1]]))
    ).ready()
    found = run_once(stream, [wire_format.read(own), *wire_format.known()]).outcome
    shown = next(one.evidence for one in found.results if one.evidence)
    assert (shown.n, shown.event, shown.data) == evidence
    assert words in found.closed.detail
    assert found.closed.cause == (Cause.ERROR_EVENT if shown.n else Cause.ERROR_LINE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min-events", "1"),
        ("first-event-within", "9s"),
        ("first-content-within", "9s"),
        ("text", ""),
        ("valid-json", ""),
        ("expect-event", "message"),
        ("any", "@"),
        ("all-match", "@"),
    ],
)
def test_a_stream_without_events_fails_by_default(name: str, value: str, tmp_path: Path) -> None:
    if name == "text":
        value = "."
    assert last(tmp_path, EMPTY, name, value).verdict == "failed"


def test_an_unknown_format_is_named_where_text_is_expected(tmp_path: Path) -> None:
    stream = (OPENED, Chunk(0.2, b"event: a\ndata: {}\n\n"), Closed(0.3, Ending.EOF))
    for name, value in (("text", "x"), ("first-content-within", "9s")):
        assert last(tmp_path, stream, name, value).found == "no text: the format is unknown"


def test_a_runtime_error_of_an_expression_is_reported(tmp_path: Path) -> None:
    result = last(tmp_path, ANSWER, "any", "starts_with(missing, 'a')")
    assert result.verdict == "failed"
    assert result.found.startswith("none of 6 (")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ([], ["reply", "ending", "finish-reason", "tool-calls"]),
        ([("status", "200")], ["reply", "ending", "finish-reason", "tool-calls", "status"]),
        ([("finish-reason", "any")], ["reply", "ending", "tool-calls", "finish-reason"]),
        ([("tool-calls", "any")], ["reply", "ending", "finish-reason", "tool-calls"]),
        ([("ending", "done")], ["reply", "finish-reason", "tool-calls", "ending"]),
        ([("ending", "empty")], ["reply", "ending"]),
        ([("status", "401")], ["status"]),
        ([("ending", "truncated")], ["reply", "ending"]),
        ([("ending", "refused,eof")], ["finish-reason", "tool-calls", "ending"]),
        ([("ending", "unreachable")], ["ending"]),
    ],
)
def test_the_defaults_apply_unless_overridden(
    asked: list[tuple[str, str]], names: list[str]
) -> None:
    assert [one.name for one in expectations.build(asked)] == names


BAD = [
    ("status", "20", "is not a valid status"),
    ("status", "OK", "is not a whole number"),
    ("status", "٢٠٠", "is not a whole number"),
    ("ending", "don", "is not a valid ending"),
    ("ending", "interrupted", "is not a valid ending"),
    ("ending", "", "is not a valid ending"),
    ("min-events", "-1", "is not a whole number"),
    ("min-events", "9" * 30, "is not a whole number"),
    ("max-gap", "fast", "expected a duration"),
    ("text", "(", "is not a valid regular expression"),
    ("expect-event", "=3", "does not name an event"),
    ("expect-event", "a=b", "is not a whole number"),
    ("expect", "text ==", "not a JMESPath expression"),
    ("any", "nofunction(@)", "no function"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_an_invalid_value_is_reported_with_its_option(name: str, value: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        expectations.build([(name, value)])
    assert words in caught.value.message
    assert f"--{name}" in caught.value.message
    assert caught.value.hint
    assert isinstance(caught.value, ExpressionError) == (name in ("expect", "any"))
