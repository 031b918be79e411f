"""One table of endings: each with its exit code, after the data that arrived was printed.

A raw socket server sends the replies, so that they can be broken in any way.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.process import PATIENCE, STDOUT
from tests.support.program import error_and_hint, finish, in_shell, redirected, sse, start
from tests.support.wire import Wire

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
TWO = b"data: one\n\ndata: two\n\n"
ERROR = b'data: {"error":{"message":"no"}}\n\n'


def framed(body: bytes, more: int = 0) -> bytes:
    """Return a reply whose promised length exceeds its body by `more` bytes."""
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body) + more, body)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + parts + end


# ending, code, reply, message, printed data
ENDINGS = [
    ("eof", 0, framed(TWO), [], "one two"),
    ("eof", 0, chunked(TWO), [], "one two"),
    ("empty", 0, chunked(b": hello\n\n"), [], ""),
    ("empty", 0, framed(b""), [], ""),
    ("eof", 0, framed(TWO), ["--event", "other"], ""),
    ("done", 0, framed(b"data: [DONE]\n\n"), [], "[DONE]"),
    ("eof-unverified", 0, HEAD + b"\r\n" + TWO, [], "one two"),
    ("done", 0, chunked(TWO, b"data: [DONE]\n\n"), [], "one two [DONE]"),
    ("done", 0, framed(TWO + b"data: [DONE]\n\n", more=9), [], "one two [DONE]"),
    ("limit", 0, framed(TWO, more=9), ["-n", "1"], "one"),
    ("limit", 0, framed(TWO, more=9), ["--until", "@ == 'two'"], "one two"),
    ("limit", 0, framed(TWO + b"data: cut"), ["-n", "2"], "one two"),
    ("refused", 4, b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", [], ""),
    ("refused", 4, b"HTTP/1.1 204 No Content\r\n\r\n", [], ""),
    ("refused", 4, framed(TWO).replace(b"event-stream", b"plain"), [], ""),
    ("refused", 4, b"HTTP/1.1 302 Found\r\nLocation: http://[::1]:9/\r\n\r\n", [], ""),
    ("truncated", 5, framed(TWO, more=9), [], "one two"),
    ("truncated", 5, chunked(TWO, end=b""), [], "one two"),
    ("truncated", 5, chunked(TWO, end=b"9\r\ndata"), [], "one two"),
    ("truncated", 5, chunked(TWO, b"data: cut"), [], "one two"),
    ("truncated", 5, HEAD + b"\r\n" + TWO + b"data: cut\n", [], "one two"),
    ("malformed", 5, chunked(TWO, end=b"zz\r\n"), [], "one two"),
    ("too-large", 5, framed(b"data: %s\n\n" % (b"x" * 99) + TWO), ["--max-size", "64"], "one two"),
    ("error-event", 5, chunked(TWO, b"event: error\ndata: no\n\n", TWO), [], "one two no one two"),
    ("error-event", 5, chunked(TWO, ERROR, end=b""), [], "one two " + ERROR[6:].decode()),
    ("error-event", 5, chunked(TWO, ERROR), ["-q", "a"], ""),
    ("error-event", 5, chunked(TWO, ERROR), ["--where", "a"], ""),
    ("eof", 0, chunked(b'data: {"error":null}\n\n'), [], '{"error":null}'),
    ("eof", 0, chunked(b'data: {"error":false}\n\n'), [], '{"error":false}'),
    ("eof", 0, chunked(b'data: {"a":{"error":1}}\n\n'), [], '{"a":{"error":1}}'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "code", "reply", "words", "shown"),
    ENDINGS,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(ENDINGS)],
)
def test_an_ending_has_its_exit_code_and_loses_nothing(
    ending: str, code: int, reply: bytes, words: list[str], shown: str
) -> None:
    with Wire(reply) as server:
        ran = sse(server.origin, "-o", "text", *words)
        told = sse(server.origin, "-o", "jsonl", "--all", *words)
    assert ran.code == told.code == code
    assert told.objects()[-1]["kind"] == "closed"
    assert told.objects()[-1]["ending"] == ending
    assert ran.text.split() == shown.split()
    if code:
        error_and_hint(ran)
    else:
        assert "error" not in ran.talk


def test_a_truncated_stream_prints_its_data_and_then_the_error() -> None:
    with (
        Wire(framed(TWO, more=9)) as server,
        # One pipe for both, to see their order.
        start(server.origin, "-o", "text", stderr=STDOUT) as process,
    ):
        ran = finish(process)
    assert ran.code == 5
    lines = ran.out.splitlines()
    assert lines[:2] == [b"one", b"two"]
    assert [line.split()[0] for line in lines[2:]] == [b"error:", b"hint:"]


def test_an_unreachable_host_is_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ran = sse(f"http://127.0.0.1:{port}/")
    assert (ran.code, ran.out) == (3, b"")
    assert "refused" in error_and_hint(ran)[0]


def test_a_usage_error_is_2() -> None:
    assert sse("--no-such-option").code == 2


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and never replies."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_no_reply_within_max_time_is_a_deadline_and_6(silent: str) -> None:
    ran = sse(silent, "-m", "200ms")
    assert (ran.code, ran.out) == (6, b"")
    assert "the time limit of 0.2 s" in error_and_hint(ran)[0]


@contextmanager
def held() -> Iterator[tuple[str, threading.Event]]:
    """Serve a stream that sends "one" and "two" and waits for the gate before "three"."""
    gate = threading.Event()
    steps: list[tuple[Gate | float, bytes]] = [(0, TWO), (gate, b"data: three\n\n")]
    with running(Server({"held": Scenario.of("held", steps)})) as base:
        yield f"{base}/held", gate


def test_a_stream_that_outlives_max_time_is_a_deadline_and_6() -> None:
    with held() as (url, _):
        ran = sse(url, "-m", "1.5", "-o", "text")
    assert (ran.code, ran.text) == (6, "one\ntwo\n")
    error_and_hint(ran)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_kills_it_after_the_data_is_printed(number: signal.Signals) -> None:
    with held() as (url, _), start(url, "--all", "-o", "jsonl", "-m", "30") as run:
        assert run.stdout
        seen = [run.stdout.readline() for _ in range(3)]  # opened, one, two
        run.send_signal(number)
        ran = finish(run)
    assert ran.code == -number  # A shell reports 128 + number.
    assert b'"two"' in seen[2]
    assert [line["ending"] for line in ran.objects()] == ["interrupted"]
    assert "Traceback" not in ran.talk


def test_a_closed_pipe_kills_it_by_sigpipe_without_a_message() -> None:
    with held() as (url, gate), start(url, "-o", "text", "-m", "30") as run:
        assert run.stdout
        assert run.stdout.readline() == b"one\n"
        run.stdout.close()
        gate.set()
        assert run.wait(PATIENCE) == -signal.SIGPIPE  # A shell reports 141.
        assert run.stderr
        assert run.stderr.read() == b""


def test_a_shell_sees_143_and_141(tmp_path: Path) -> None:
    # Check the shell's report, not Python's view of it. The shell kills `sse` after a line.
    kill = 'exec 3< <("$@"); read -r <&3; kill -TERM $!; wait $!; echo $?'
    with held() as (url, _):
        assert in_shell(kill, url, "-o", "text", "-m", "30").out == b"143\n"
    big = tmp_path / "big.sse"
    big.write_bytes(TWO * 50_000)  # more than a pipe holds
    ran = in_shell('"$@" | head -n 1; echo ${PIPESTATUS[0]}', big, "-o", "text")
    assert (ran.out, ran.err) == (b"one\n141\n", b"")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.sse"
    path.write_bytes(TWO)
    return path


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@needs_full
@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "raw", "table"])
def test_a_full_disk_is_7_in_every_format(two: Path, form: str) -> None:
    ran = redirected("> /dev/full", two, "-o", form)
    assert ran.code == 7
    assert error_and_hint(ran)[0] == "can't write to standard output: no space left on device"


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "raw", "table"])
def test_a_closed_standard_output_is_7_in_every_format(two: Path, form: str) -> None:
    ran = redirected(">&-", two, "-o", form)
    assert ran.code == 7
    assert error_and_hint(ran)[0] == "standard output is closed"


def test_a_closed_standard_error_does_not_change_the_exit_code(two: Path) -> None:
    ran = redirected("2>&-", two, "-o", "text")
    assert (ran.code, ran.text) == (0, "one\ntwo\n")
    assert redirected("2>&-", "no-such.sse").code == 2


@needs_full
def test_an_error_that_cannot_be_printed_keeps_its_exit_code(two: Path) -> None:
    assert redirected("2> /dev/full", "no-such.sse").code == 2
    assert redirected("> /dev/full 2> /dev/full", two).code == 7
    assert in_shell('"$@" 2>&1 | true; echo ${PIPESTATUS[0]}', "no-such.sse").out in (
        b"2\n",
        b"141\n",
    )


BROKEN = """
import sys
import sse_cli.analysis.verdict
def judged(self, rows):
    raise ZeroDivisionError("broken on purpose")
sse_cli.analysis.verdict.Verdict.rows = judged
from sse_cli.__main__ import main
main()
"""


def test_an_internal_error_is_70_and_reported_without_a_traceback(two: Path) -> None:
    ran = sse(two, program=(sys.executable, "-c", BROKEN))
    assert ran.code == 70
    message, hint = error_and_hint(ran)
    assert message == "a bug in sse: ZeroDivisionError"
    assert "--debug" in hint


def test_debug_shows_where_the_bug_is_and_still_exits_with_70(two: Path) -> None:
    for words in (["--debug", "watch", str(two)], ["--debug", str(two)]):
        ran = sse(*words, program=(sys.executable, "-c", BROKEN))
        assert "Traceback" in ran.talk
        assert ", in judged\n" in ran.talk
        assert ran.code == 70
