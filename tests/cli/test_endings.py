"""Every way a stream can end: named alike in the closed line, the summary and the exit code,
with the evidence. A raw socket server produces each end exactly.
"""

from __future__ import annotations

import json
import re
import signal
import socket
from dataclasses import dataclass

import pytest

from sse_cli.analysis.timing import Timing
from sse_cli.model.events import Chunk, Closed, Ending, Opened
from sse_cli.model.exit_codes import EXIT_CODES
from sse_cli.parser.session import Session
from sse_cli.query.selection import Selection
from sse_cli.render import watch_summary
from sse_cli.render.footer import footer
from sse_cli.render.watch_summary import WatchDetails
from sse_cli.run.measurements import Measurements, RunReport
from tests.support.program import Ran, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.wire import Handler, Peer, Wire

ONE = b"id: 1\ndata: one\n\n"
STREAMING = head(STREAM, CHUNKED)
ERROR = b'data: {"error":{"message":"out of credit"}}\n\n'


def silent(start: bytes) -> Handler:
    """Return a handler that sends `start` and then nothing until the client leaves."""

    def handler(peer: Peer) -> None:
        peer.send(start)
        peer.until_gone()

    return handler


def resetting(start: bytes) -> Handler:
    """Return a handler that sends `start` and then resets the connection."""

    def handler(peer: Peer) -> None:
        peer.send(start)
        peer.reset()

    return handler


@dataclass(frozen=True)
class Case:
    """A server's behaviour, the request, and the expected ending."""

    ending: Ending
    handler: Handler | bytes
    words: str
    evidence: str


CASES = {
    "a sentinel": Case(Ending.DONE, whole(ONE + b"data: [DONE]\n\n"), "", "[DONE] seen"),
    "a body that ends": Case(Ending.EOF, whole(ONE), "", "ended as HTTP says it should"),
    "a body that the close ends": Case(
        Ending.EOF_UNVERIFIED, head(STREAM) + ONE, "", "a cut looks the same"
    ),
    "-n": Case(Ending.LIMIT, silent(STREAMING + chunk(ONE)), "-n 1", "1 shown, as asked"),
    "--until": Case(
        Ending.LIMIT, silent(STREAMING + chunk(ONE)), "--until @=='one'", "event 1 is the last"
    ),
    "an error event": Case(
        Ending.ERROR_EVENT, whole(ONE + ERROR), "", "event 2 reports an error: out of credit"
    ),
    "a cut inside an event": Case(
        Ending.TRUNCATED, whole(ONE + b"data: tw"), "", "cut inside event 2, 8 bytes of it"
    ),
    "a last event without its blank line": Case(
        Ending.TRUNCATED, whole(ONE + b"data: {}\n"), "", "event lacks its blank line"
    ),
    "a sentinel without its line end": Case(
        Ending.DONE, whole(ONE + b"data: [DONE]"), "", "[DONE] seen"
    ),
    "a failed response": Case(
        Ending.ERROR_EVENT, whole(b'data: {"type":"response.failed"}\n\n'), "", "response.failed"
    ),
    "a cut inside a chunk": Case(
        Ending.TRUNCATED, STREAMING + chunk(ONE) + b"ff\r\ndata", "", "was cut in the body"
    ),
    "a reset in the body": Case(
        Ending.TRUNCATED, resetting(STREAMING + chunk(ONE)), "", "connection reset by peer"
    ),
    "a chunk size that is none": Case(
        Ending.MALFORMED, STREAMING + chunk(ONE) + b"zz\r\n", "", "broke the protocol"
    ),
    "a line over the limit": Case(
        Ending.TOO_LARGE,
        whole(ONE + b"data: " + b"x" * 99),
        "--max-size 64",
        "line 4, 105 bytes, is over the size limit of 64 B",
    ),
    "an event over the limit": Case(
        Ending.TOO_LARGE,
        whole(ONE + b"data: %s\n" % (b"x" * 30) * 3 + b"\n"),
        "--max-size 64",
        "event 2, 111 bytes by line 6, is over the size limit of 64 B",
    ),
    "an unfinished comment": Case(Ending.EOF, whole(ONE + b": keep-al"), "", "as HTTP says"),
    "a coding that is not one": Case(
        Ending.MALFORMED, whole(ONE, STREAM, "Content-Encoding: gzip"), "", "plain text, but"
    ),
    "a status": Case(
        Ending.REFUSED, whole(b"no", STREAM, status="401 Unauthorized"), "", "401 Unauthorized"
    ),
    "a content type": Case(
        Ending.REFUSED, whole(ONE, "Content-Type: text/html"), "", "text/html"
    ),
    "a redirect elsewhere": Case(
        Ending.REFUSED,
        head("Location: http://other.invalid/", "Content-Length: 0", status="302 Found"),
        "",
        "another origin, http://other.invalid/",
    ),
    "no reply": Case(Ending.UNREACHABLE, b"", "", "without a reply"),
    "a part of a reply's headers": Case(
        Ending.UNREACHABLE, STREAMING[:30], "", "before the headers of its reply were whole"
    ),
    "silence": Case(
        Ending.STALLED,
        silent(STREAMING + chunk(ONE)),
        "--idle-timeout 1s",
        "no byte came for 1 s",
    ),
    "silence inside an event": Case(
        Ending.STALLED,
        silent(STREAMING + chunk(ONE + b"data: tw")),
        "--idle-timeout 1s",
        "no byte came for 1 s",
    ),
    "--max-time": Case(
        Ending.DEADLINE, silent(STREAMING + chunk(ONE)), "-m 1", "the time limit of 1 s was over"
    ),
    "no headers": Case(Ending.DEADLINE, silent(b""), "-m 500ms", "no reply had come"),
    "no headers, and an idle limit": Case(
        Ending.DEADLINE, silent(b""), "--idle-timeout 200ms", "no reply came for 0.2 s"
    ),
    "an empty stream": Case(Ending.EMPTY, whole(b": hello\n\n"), "", "came, only 1 comment: the"),
    "204 on a second connection": Case(Ending.DONE, b"", "--reconnect --retry-delay 100ms", "204"),
}  # fmt: skip


def second_is_204(peer: Peer) -> None:
    # A client resumes with the last id, which tells the second request from the first.
    resumed = any(name == "Last-Event-ID" for name, _ in peer.request.headers)
    peer.send(head(status="204 No Content") if resumed else whole(ONE))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_ending_is_the_same_in_the_closed_line_the_summary_and_the_exit_code(
    case: Case,
) -> None:
    handler = second_is_204 if case.evidence == "204" else case.handler
    with Wire(handler) as server:
        words = ["-o", "jsonl", "--all", "--summary", *case.words.split()]
        ran = sse(server.origin, *words)
    assert_told(ran, case.ending, case.evidence)
    # A stream may be empty for `watch`, which shows what comes; `tail` wants an answer.
    assert ran.code == (0 if case.ending is Ending.EMPTY else EXIT_CODES[case.ending])


def assert_told(ran: Ran, ending: Ending, evidence: str) -> None:
    closed = ran.objects()[-1]
    assert (closed["kind"], closed["ending"]) == ("closed", ending.value)
    assert evidence in closed["detail"]
    (line,) = (line for line in ran.talk.splitlines() if line.startswith(f"{ending.value}  "))
    assert evidence in line


def test_a_signal_is_an_ending_too() -> None:
    words = ["-o", "jsonl", "--all", "--summary", "-m", "30"]
    with Wire(silent(STREAMING + chunk(ONE))) as server, start(server.origin, *words) as run:
        assert run.stdout
        assert b"opened" in run.stdout.readline()
        assert b"one" in run.stdout.readline()
        run.send_signal(signal.SIGINT)
        ran = finish(run)
    assert_told(ran, Ending.INTERRUPTED, "stopped by Ctrl-C")
    assert ran.code == -signal.SIGINT


def test_a_port_where_nothing_listens_is_an_ending_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ran = sse(f"http://127.0.0.1:{port}", "-o", "jsonl", "--all", "--summary")
    assert_told(ran, Ending.UNREACHABLE, "nothing listens on")
    assert ran.code == 3


def test_every_ending_is_covered_here() -> None:
    assert {case.ending for case in CASES.values()} | {Ending.INTERRUPTED} == set(Ending)
    assert set(EXIT_CODES) == set(Ending)


def test_exhausted_retries_end_with_the_last_attempts_ending_and_code() -> None:
    replies = iter([whole(ONE), STREAMING + chunk(ONE) + b"zz\r\n"])
    with Wire(lambda peer: peer.send(next(replies))) as server:
        words = ["--reconnect", "--max-reconnects", "1", "--retry-delay", "100ms"]
        ran = sse(server.origin, *words, "-o", "jsonl", "--all", "--summary")
    assert_told(ran, Ending.MALFORMED, "broke the protocol")
    assert ran.code == 5


# The live footer, and the summary of reconnects


def timing(*, headers: bool = True, messages: int = 0, last: float = 0.0) -> Timing:
    made = Timing()
    if headers:
        made.signal(Opened(0.1, "http://h/", 200))
    for _ in range(messages):
        made.arrived(0.2)
    if headers:
        made.signal(Chunk(last, b"x"))
    return made


def opened_only() -> Timing:
    made = Timing()
    made.signal(Opened(0.1, "http://h/", 200))
    return made


@pytest.mark.parametrize("messages", [0, 3, 12_345])
@pytest.mark.parametrize("silence", [45.0, 47.2, 59.99, 3600.0])
def test_a_long_silence_names_the_idle_limits_of_proxies_within_80_columns(
    messages: int, silence: float
) -> None:
    line = footer(timing(messages=messages, last=65.0), 65.0 + silence).plain
    for limit in ("60s", "30", "100", "nginx", "AWS ALB"):
        assert limit in line
    assert "silent for" in line
    assert len(line) < 80


@pytest.mark.parametrize(
    ("made", "now", "state"),
    [
        (timing(headers=False), 120.0, "connecting"),
        (timing(last=2.0), 46.9, "no event yet (46.8s) · 1 B came, last 44.9s ago"),
        (timing(last=2.9), 2.992, "no event yet (2.9s) · 1 B came, last 92ms ago"),
        (opened_only(), 2.9, "no event yet (2.8s) · no byte came"),
        (timing(messages=1, last=2.0), 46.9, "silent for 44.9s"),
        (timing(messages=1, last=2.0), 2.5, "receiving"),
    ],
)
def test_a_shorter_silence_names_no_limit(made: Timing, now: float, state: str) -> None:
    line = footer(made, now).plain
    assert line.endswith(state)
    assert "nginx" not in line


@pytest.mark.parametrize("messages", [0, 3])
@pytest.mark.parametrize("now", [1.2, 5.0, 100.0])
def test_a_file_that_is_being_read_is_never_silent(messages: int, now: float) -> None:
    line = footer(timing(messages=messages), now, is_live=False).plain
    assert line.endswith("reading")


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert footer(timing(last=2.9), 2.992, unicode=False).plain.isascii()


def lines_of(reconnects: int = 0, repeated: int = 0, skipped: int = 0) -> list[str]:
    measured = Measurements(Session())
    measured.timing = timing(messages=2, last=1.0)
    measured.connections.reconnects = reconnects
    measured.resume_audit.repeated, measured.resume_audit.skipped = repeated, skipped
    report = RunReport(measured, Closed(3.0, Ending.EOF, "the end"))
    details = WatchDetails(Selection(), shown=2)
    return [line.plain for line in watch_summary.lines(report, details)]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reconnects": 1}, "reconnected 1 time"),
        ({"reconnects": 1234}, "reconnected 1,234 times"),
        (
            {"reconnects": 3, "repeated": 2, "skipped": 5},
            "reconnected 3 times  2 events repeated  5 skipped",
        ),
        ({"reconnects": 2, "repeated": 1}, "reconnected 2 times  1 event repeated"),
        ({"reconnects": 2, "skipped": 1}, "reconnected 2 times  1 skipped"),
    ],
)
def test_the_summary_counts_the_reconnects(fields: dict[str, int], told: str) -> None:
    assert [line for line in lines_of(**fields) if line.startswith("reconnected")] == [told]


def test_a_stream_that_was_opened_once_mentions_no_reconnects() -> None:
    assert not any(re.search("reconnect|repeat|skip", line) for line in lines_of())


# All commands agree


REFUSED = head("Content-Type: application/json", "Connection: close", status="402 Pay")


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b"event: error\ndata: x\n\n", "x", "event 2 reports an error: x"),
        (
            b'data: {"base_resp":{"status_code":1002,"status_msg":"rate limit"}}\n\n',
            "rate limit",
            "event 2 reports an error: 1002 rate limit",
        ),
        (
            b'data: {"type":"RUN_ERROR","code":4011,"message":"insufficient credits"}\n\n',
            {"type": "RUN_ERROR", "code": 4011, "message": "insufficient credits"},
            "event 2 reports an error: 4011 insufficient credits",
        ),
        (
            b'error: {"code":400,"message":"too long"}\n\ndata: [DONE]\n\n',
            {"code": 400, "message": "too long"},
            "line 3 reports an error: 400 too long",
        ),
    ],
)
@pytest.mark.parametrize("format_", [["--format", "openai-chat"], []])
def test_every_command_tells_the_same_error(
    body: bytes, error: object, says: str, format_: list[str]
) -> None:
    body = b'data: {"a":1}\n\n' + body
    with Wire(whole(body)) as server:
        watched = sse(server.origin)
        table = sse(server.origin, "-o", "table")
        tailed = sse("tail", server.origin, "-o", "json", *format_)
        checked = sse("check", server.origin, *format_)
    assert (watched.code, table.code, tailed.code, checked.code) == (5, 5, 5, 1)
    for told in (watched.talk, table.talk, tailed.talk, checked.text):
        assert says in told
    assert "done" not in table.text
    answer = json.loads(tailed.out)
    assert (answer["error"], answer["complete"], answer["ending"]) == (error, False, "error-event")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"message":"no credit","code":7}}', {"message": "no credit", "code": 7}),
        (b'{"detail":"no credit"}', {"detail": "no credit"}),
        (b"no credit\n", "no credit"),
        (b"<html>no credit</html>", None),
        (b"", None),
    ],
)
def test_the_answer_holds_the_error_of_a_refused_reply(body: bytes, error: object) -> None:
    with Wire(REFUSED + body) as server:
        ran = sse("tail", server.origin, "-o", "json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["error"], answer["complete"]) == (4, error, False)
    assert (answer["ending"], answer["status"]) == ("refused", 402)


def test_a_sentinel_without_its_line_ends_is_the_end_for_every_command() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
    with Wire(whole(event + b"data: [DONE]")) as server:
        tailed = sse("tail", server.origin, "-o", "json")
        codes = [sse(*words, server.origin).code for words in (["watch"], ["check"], ["tail"])]
    answer = json.loads(tailed.out)
    assert codes == [0, 0, 0]
    assert (answer["text"], answer["ending"], answer["complete"]) == ("Hi", "done", True)
