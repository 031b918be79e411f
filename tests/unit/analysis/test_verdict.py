"""The verdict on how a stream ended: which evidence takes precedence."""

from __future__ import annotations

from typing import Any

import pytest

from sse_cli.analysis.verdict import ReportedError, Verdict
from sse_cli.cli import hints
from sse_cli.model.causes import Cause
from sse_cli.model.events import (
    Closed,
    Comment,
    Ending,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Resume,
    Retry,
)
from sse_cli.model.row import Note, Row
from sse_cli.parser.event_stream import EventStreamParser

DONE = "[DONE]"
ERROR = '{"error":{"message":"overloaded"}}'
CUT = Ignored("incomplete", 9, "data: cu", 1.0, 90, 8)
LONG = Ignored("too-large", 4, "data: xxx", 1.0, 30, 20_000_000, limit=2**24)
EVERY = [ending.value for ending in Ending]


def row(data: str, kind: str = "message", number: int = 1) -> Row:
    return Row(Message(kind, data, "", None, 0.0, 0, 0, n=number))


def judged(ending: str, *evidence: str | Ignored) -> Closed:
    """Return the verdict on a connection's `ending` after messages with this data, and these
    lines."""
    verdict = Verdict()
    for number, one in enumerate(evidence, 1):
        if isinstance(one, Ignored):
            verdict.ignored(one)
        else:
            verdict.rows([row(one, number=number)])
            verdict.flush()
    return verdict.finish(Closed(2.0, Ending(ending), "the wire's own words", "", b"body"))


@pytest.mark.parametrize("ending", EVERY)
def test_without_evidence_the_connection_s_ending_holds(ending: str) -> None:
    closed = judged(ending, "hello", '{"a":1}')
    assert (closed.ending, closed.detail) == (ending, "the wire's own words")
    assert (closed.at, closed.body) == (2.0, b"body")


# The verdict on a connection with this ending (rows) and this evidence (columns).
PRECEDENCE = """
                 error        done         too-large    cut
done             error-event  done         too-large    done
eof              error-event  done         too-large    truncated
eof-unverified   error-event  done         too-large    truncated
limit            error-event  limit        too-large    limit
empty            error-event  empty        empty        empty
truncated        error-event  done         truncated    truncated
malformed        error-event  done         malformed    malformed
too-large        error-event  too-large    too-large    too-large
error-event      error-event  error-event  error-event  error-event
stalled          error-event  stalled      stalled      stalled
deadline         error-event  deadline     deadline     deadline
refused          refused      refused      refused      refused
unreachable      unreachable  unreachable  unreachable  unreachable
interrupted      interrupted  interrupted  interrupted  interrupted
"""
EVIDENCE: dict[str, str | Ignored] = {"error": ERROR, "done": DONE, "too-large": LONG, "cut": CUT}
HEADS, *ROWS = [line.split() for line in PRECEDENCE.strip().splitlines()]
CASES = [
    (ending, evidence, verdict)
    for ending, *verdicts in ROWS
    for evidence, verdict in zip(HEADS, verdicts, strict=True)
]


@pytest.mark.parametrize(("ending", "evidence", "verdict"), CASES)
def test_evidence_overrules_an_ending(ending: str, evidence: str, verdict: str) -> None:
    assert judged(ending, "hello", EVIDENCE[evidence]).ending == verdict


def test_the_table_of_precedence_is_complete() -> None:
    assert sorted(ending for ending, *_ in ROWS) == sorted(EVERY)


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        ([ERROR, DONE], "error-event"),
        ([DONE, ERROR], "error-event"),
        ([ERROR, LONG, CUT], "error-event"),
        ([LONG, DONE], "too-large"),
        ([DONE, LONG], "too-large"),
        ([LONG, CUT], "too-large"),
        ([DONE, CUT], "done"),
    ],
)
def test_the_gravest_evidence_wins(evidence: list[str | Ignored], verdict: str) -> None:
    assert judged("eof", *evidence).ending == verdict


@pytest.mark.parametrize("ending", ["empty", "error-event", "truncated", "malformed", "too-large"])
def test_a_failure_always_comes_with_a_cause(ending: str) -> None:
    assert judged(ending).cause in hints.HINTS
    told = Closed(0.0, Ending(ending), "d", "the exact cause")
    assert Verdict().finish(told).cause == told.cause


@pytest.mark.parametrize("ending", ["done", "eof", "eof-unverified", "limit", "interrupted"])
def test_an_ending_that_is_not_a_failure_has_no_cause(ending: str) -> None:
    assert judged(ending).cause == ""


def test_the_detail_describes_the_evidence() -> None:
    assert judged("eof", "a", ERROR, '{"error":"later"}').detail == (
        "event 2 reports an error: overloaded"
    )
    assert judged("eof", DONE).detail == "[DONE] seen"
    large = "is over the size limit of 16.0 MiB"
    assert judged("eof", LONG).detail == f"line 4, 20,000,000 bytes, {large}"
    assert judged("eof", "a", LONG._replace(part="event")).detail == (
        f"event 2, 20,000,000 bytes by line 4, {large}"
    )
    assert judged("eof", LONG._replace(part="message")).detail == (
        f"message 4, 20,000,000 bytes, {large}"
    )
    assert judged("eof", "a", CUT).detail == "cut inside event 2, 8 bytes of it"
    one_byte = CUT._replace(size=1)
    assert judged("eof", "a", one_byte).detail == "cut inside event 2, 1 byte of it"
    assert judged("truncated", CUT).detail == (
        "the wire's own words; cut inside event 1, 8 bytes of it"
    )


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (b": keep-al", "eof"),
        (b"data: a\n\n: keep-al", "eof"),
        (b"data: a\n\n: keep-alive\n:", "eof"),
        (b"data: a\n\n: a\r\n: b", "eof"),
        (b"data: a\n\nfoo: bar\n: keep-al", "eof"),
        (b"data: a\n: keep-al", "truncated"),
        (b"event: a\n: keep-al", "truncated"),
        (b"id: 1\n: keep-al", "truncated"),
        (b": keep-alive\nda", "truncated"),
        (b"data: a\n\nda", "truncated"),
    ],
)
def test_an_unfinished_comment_is_not_a_cut_event(body: bytes, ending: str) -> None:
    parser = EventStreamParser()
    parser.feed(body)
    (unfinished,) = parser.finish()
    assert isinstance(unfinished, Ignored)
    assert judged("eof", "hello", unfinished).ending == ending


def test_an_unknown_field_is_not_evidence() -> None:
    odd = Ignored("unknown-field", 1, "foo: bar", 0.0, 0, 9)
    assert judged("eof", odd).ending == "eof"


@pytest.mark.parametrize("data", ["[DONE] ", " [DONE]", "[done]", '"[DONE]"', "DONE"])
def test_only_the_exact_text_is_the_sentinel(data: str) -> None:
    assert judged("truncated", data).ending == "truncated"


# A stream without a single message


def noted(*notes: Note, ending: Ending = Ending.EOF) -> Closed:
    """Return the verdict on a stream of nothing but these events."""
    verdict = Verdict(missing=lambda: "the format's end is missing")
    for note in notes:
        verdict.note(note)
    return verdict.finish(Closed(2.0, ending, "the body ended"))


STREAM = Opened(0.0, "u", 200)
COMMENT = Comment(" hi", 0.0, 0)
NO_DATA = Ignored("no-data", 1, "event: end", 0.0, 0, 12, "end")


def test_an_error_without_data_counts_unless_an_event_after_it_says_more() -> None:
    empty = Ignored("no-data", 3, "event: error", 0.0, 0, 12, "error")
    closed = judged("eof", "a", empty)
    assert (closed.ending, closed.cause) == (Ending.ERROR_EVENT, Cause.ERROR_LINE)
    assert closed.detail == "line 3 reports an error: no details"
    assert judged("eof", empty, ERROR).detail == "event 2 reports an error: overloaded"
    assert judged("eof", "a", NO_DATA).ending == Ending.EOF


@pytest.mark.parametrize("ending", [Ending.EOF, Ending.EOF_UNVERIFIED])
@pytest.mark.parametrize(
    ("notes", "detail"),
    [
        ([], "no event came: the body ended"),
        ([COMMENT, COMMENT], "no event came, only 2 comments: the body ended"),
        (
            [COMMENT, Retry(1, 0.0, 0), NO_DATA],
            "no event came, only 1 comment and 1 retry line and 1 ignored line: the body ended",
        ),
        ([Reconnecting(0.5, 2, 0.1, Ending.EOF), STREAM], "no event came: the body ended"),
    ],
)
def test_a_stream_without_a_message_is_empty(
    ending: Ending, notes: list[Note], detail: str
) -> None:
    closed = noted(STREAM, *notes, ending=ending)
    assert (closed.ending, closed.detail, closed.cause) == (Ending.EMPTY, detail, Cause.NO_EVENTS)


@pytest.mark.parametrize("ending", [one for one in EVERY if one not in ("eof", "eof-unverified")])
def test_only_a_stream_that_ended_well_is_called_empty(ending: str) -> None:
    assert noted(STREAM, ending=Ending(ending)).ending == ending


def test_a_reply_that_is_not_a_stream_is_not_called_empty() -> None:
    other = Opened(0.0, "u", 200, media="other")
    verdict = Verdict()
    verdict.note(other)
    assert verdict.finish(Closed(1.0, Ending.EOF)).ending is Ending.EOF


def test_an_error_in_an_ignored_line_is_more_than_an_empty_stream() -> None:
    line = Ignored("unknown-field", 1, "error: no", 0.0, 0, 10)
    assert noted(STREAM, line).ending is Ending.ERROR_EVENT


# An event that lacks only its blank line


def unfinished(data: str, **more: Any) -> Ignored:
    return Ignored("incomplete", 9, f"data: {data}", 1.0, 90, 352, data=data, **more)


def test_a_last_event_without_its_blank_line_is_not_called_cut() -> None:
    closed = judged("eof", "a", unfinished('{"a":1}'))
    assert closed.ending is Ending.TRUNCATED
    assert closed.detail == "the last event lacks its blank line: a browser drops it (352 bytes)"
    assert closed.cause == Cause.BLANK_LINE


def test_a_cut_connection_is_not_excused_by_a_whole_event() -> None:
    closed = judged("truncated", "a", unfinished('{"a":1}'))
    assert closed.detail == "the wire's own words; cut inside event 2, 352 bytes of it"


def test_an_error_in_an_event_without_its_blank_line_is_an_error() -> None:
    closed = judged("eof", "a", unfinished(ERROR))
    assert (closed.ending, closed.cause) == (Ending.ERROR_EVENT, Cause.ERROR_LINE)
    assert closed.detail == "line 9 reports an error: overloaded"


@pytest.mark.parametrize("place", [{}, {"last_line": 9, "last_text": "data: [DONE]"}])
@pytest.mark.parametrize("ending", ["eof", "eof-unverified", "truncated", "malformed"])
def test_the_sentinel_counts_without_its_line_ends(ending: str, place: dict[str, Any]) -> None:
    resume = Resume()
    verdict = Verdict(resume)
    verdict.note(unfinished(DONE, **place))
    closed = verdict.finish(Closed(2.0, Ending(ending)))
    assert (closed.ending, closed.detail, resume.over) == (Ending.DONE, "[DONE] seen", True)


# The messages of a read are judged at its end, whatever has parsed them by then


@pytest.mark.parametrize("is_parsed", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        ERROR,
        f"[{ERROR}]",
        '{"type":"response.failed"}',
        '{"type":"RUN_ERROR","message":"m"}',
        '{"object":"error","message":"m","type":"BadRequestError"}',
        '{"event":"error","message":"m"}',
        '{"event_type":"error"}',
        '{"base_resp":{"status_code":1002,"status_msg":"m"}}',
        '{"errorCode":"RuntimeError","errorMessage":"m"}',
        '{"jsonrpc":"2.0","id":3,"result":{"content":[],"isError":true}}',
    ],
)
def test_an_error_is_found_among_harmless_events_parsed_or_not(data: str, is_parsed: bool) -> None:
    harmless = ['{"type":"a","object":"b","event":"c"}', "[]", "text", '{"object":"b"}', '{"a":1}']
    rows = [row(one, number=number) for number, one in enumerate([*harmless, *harmless, data], 1)]
    if is_parsed:
        assert all(one.payload is not None for one in rows)
    verdict = Verdict()
    for one in rows:
        verdict.rows([one])
    verdict.flush()
    assert verdict.reported
    assert (verdict.reported.n, verdict.reported.data) == (11, data)


def test_an_error_event_comes_before_an_error_line_of_the_same_read() -> None:
    verdict = Verdict()
    verdict.rows([row(ERROR)])
    verdict.note(Ignored("unknown-field", 3, "error: later", 1.0, 9, 13))
    assert verdict.error == "event 1 reports an error: overloaded"


def test_types_without_end_take_no_memory_without_end() -> None:
    verdict = Verdict()
    for number in range(3000):
        verdict.rows([row("x", f"kind-{number}")])
        verdict.flush()
    assert len(verdict._harmless) <= 1000


def test_the_first_error_of_a_read_wins_whoever_finds_it() -> None:
    for ns, first in (((1, 2), 1), ((2, 1), 1), ((1, 1), 1)):
        verdict = Verdict()
        verdict.rows([row(ERROR, number=ns[0])])
        verdict.format_error("late", ReportedError(ns[1], 0.0, "message", "{}"))
        verdict.flush()
        assert verdict.reported
        assert verdict.reported.n == first
    assert verdict.error == "event 1 reports an error: late"
