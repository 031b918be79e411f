"""The verdict on how a stream ended: which evidence takes precedence."""

from __future__ import annotations

import pytest

from sse_cli.analysis.verdict import Verdict, error_of
from sse_cli.cli import hints
from sse_cli.model.events import Closed, Ending, Ignored, Message
from sse_cli.model.row import Row

DONE = "[DONE]"
ERROR = '{"error":{"message":"overloaded"}}'
CUT = Ignored("incomplete", 9, "data: cu", 1.0, 90, 8)
LONG = Ignored("too-large", 4, "data: xxx", 1.0, 30, 20_000_000)
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


@pytest.mark.parametrize("ending", ["error-event", "truncated", "malformed", "too-large"])
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
    assert judged("eof", LONG).detail == "line 4, 20,000,000 bytes, is over the size limit"
    assert judged("eof", "a", CUT).detail == "cut inside event 2, 8 bytes of it"
    assert judged("truncated", CUT).detail == (
        "the wire's own words; cut inside event 1, 8 bytes of it"
    )


def test_an_unknown_field_is_not_evidence() -> None:
    odd = Ignored("unknown-field", 1, "foo: bar", 0.0, 0, 9)
    assert judged("eof", odd).ending == "eof"


@pytest.mark.parametrize("data", ["[DONE] ", " [DONE]", "[done]", '"[DONE]"', "DONE"])
def test_only_the_exact_text_is_the_sentinel(data: str) -> None:
    assert judged("truncated", data).ending == "truncated"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (ERROR, "overloaded"),
        ('{"error":"no"}', "no"),
        ('{"error":{"type":"rate"}}', "rate"),
        ('{"error":{"error":{"detail":"deep"}}}', "deep"),
        ('{"error":{"code":429}}', "429"),
        ('{"error":0}', "0"),
        ('{"error":["a"]}', "['a']"),
        ('{"error":null}', ""),
        ('{"error":false}', ""),
        ('{"error":""}', ""),
        ('{"error":{}}', ""),
        ('{"a":{"error":"inner"}}', ""),
        ('["error"]', ""),
        ('"error"', ""),
        ("an error", ""),
        ('{"error":', ""),
        ('{"errors":[1]}', ""),
        (f"[{ERROR}]", "overloaded"),  # as Gemini answers
        (f"[\n {ERROR}\n]", "overloaded"),
        (f"[{ERROR},{ERROR}]", ""),  # rows of data
        ('[{"id":7,"error":"of a row"}]', ""),
        ('[{"error":null}]', ""),
        (f"[[{ERROR}]]", ""),
        ('[{"a":1}]', ""),
        ("[]", ""),
        ('{"error":' * 190 + '"far down"' + "}" * 190, "far down"),
        ('{"error":' * 5000 + "1" + "}" * 5000, ""),  # nested too deeply to be parsed as JSON
    ],
)
def test_a_top_level_error_is_found_and_quoted(data: str, text: str) -> None:
    assert error_of(row(data)) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("plain words", "plain words"),
        ("", "no details"),
        ("null", "no details"),
        ('{"message":"json words"}', "json words"),
        (ERROR, "overloaded"),
        (
            '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            "Overloaded",
        ),
        (f"[{ERROR}]", "overloaded"),
        ("x" * 9000, "x" * 500),
    ],
)
def test_an_event_named_error_is_an_error_whatever_its_data(data: str, text: str) -> None:
    assert error_of(row(data, "error")) == text


def test_other_event_names_that_mention_errors_are_not_errors() -> None:
    for kind in ("Error", "errors", "error.detail", "message"):
        assert error_of(row("plain words", kind)) == ""
