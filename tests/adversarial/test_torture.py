"""Every write, flush and read of the pipeline made to fail in turn, by the system itself.

After any failure: a documented exit code or death by SIGPIPE, no traceback and no false claim;
and the output so far is a prefix of the full output.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import signal
import socket
import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from sse_cli.mockserver.scenarios import bundled
from tests.support.failing_calls import Run, runs
from tests.support.process import DEVNULL, PATIENCE, PIPE, Process, environment
from tests.support.program import Ran, error_and_hint, finish, in_shell, sse, start
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head, whole
from tests.support.wire import Handler, Peer, Wire

STREAMED = (
    b': hello\nretry: 100\n\nid: 1\ndata: {"a": "one"}\n\n'
    b"id: 2\nevent: named\ndata: two\ndata: lines\n\nnonsense\ndata: three\n\ndata: [DONE]\n\n"
)
ANSWER = b"".join(
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%s"},'
    b'"finish_reason":null}]}\n\n' % word
    for word in (b"one", b" two", b" three")
)
ANSWER += b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
FORMATS = ["text", "jsonl", "csv", "raw", "table"]
TAILS = ["text", "json", "jsonl"]
# Every kind of output: the command and its options.
WAYS = [
    *([*words] for form in FORMATS for words in [["-o", form], ["-o", form, "--all", "--summary"]]),
    ["-q", "a", "-o", "text", "-j"],
    *(["tail", "-o", form] for form in TAILS),
    ["tail", "--reasoning", "stdout"],
]
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 70, -signal.SIGPIPE}
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
needs_bash = pytest.mark.skipif(not Path("/bin/bash").exists(), reason="no bash here")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "s.sse"
    path.write_bytes(STREAMED)
    (tmp_path / "answer.sse").write_bytes(ANSWER)
    return path


def with_target(way: list[str], target: str | Path) -> list[str]:
    """Return the command line for a target; `tail` gets the answer beside a stream."""
    if way[0] == "tail" and isinstance(target, Path) and target.name == "s.sse":
        target = target.with_name("answer.sse")
    at = 1 if way[0] == "tail" else 0
    return [*way[:at], str(target), *way[at:]]


def run(words: list[str], *, out: int = PIPE, err: int = PIPE, stdin: int = DEVNULL) -> Ran:
    """Run `sse WORDS` with the given standard streams."""
    with start(*words, stdin=stdin, stdout=out, stderr=err) as process:
        return finish(process)


def assert_in_order(ran: Ran) -> None:
    assert ran.code in DOCUMENTED, (ran.code, ran.talk)
    assert ran.code != 70, ran.talk
    assert b"Traceback" not in ran.err + ran.out, ran.talk
    assert b"Exception ignored" not in ran.err, ran.talk


# Writes


@needs_full
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_full_disk_is_7_in_every_format(file: Path, way: list[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        ran = run(with_target(way, file), out=full)
    finally:
        os.close(full)
    assert ran.code == 7
    assert "no space left on device" in error_and_hint(last_two(ran))[0]


def last_two(ran: Ran) -> Ran:
    """Return the error and the hint, without the summary before them."""
    return Ran(ran.code, b"", b"\n".join(ran.err.splitlines()[-2:]))


@needs_full
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_full_standard_error_loses_messages_and_no_data(file: Path, way: list[str]) -> None:
    words = with_target(way, file)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        ran = run(words, err=full)
        wrong = run(["no-such.sse"], err=full)
    finally:
        os.close(full)
    figures = {"table"}  # The times in it differ from run to run.
    assert ran.out == run(words).out or figures & set(way)
    # A requested summary is output, and could not be written.
    assert ran.code == (7 if "--summary" in way and "table" not in way else 0)
    assert wrong.code == 2


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_closed_pipe_kills_it_by_sigpipe_without_a_message(file: Path, way: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = run(with_target(way, file), out=writer)
    finally:
        os.close(writer)
    assert ran.code == -signal.SIGPIPE
    assert_in_order(ran)
    assert b"error" not in ran.err


BIG = 40  # Events of just over 1 KiB, in total more than is read ahead.


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torture") / "big.sse"
    path.write_bytes(b"".join(b"data: %04d%s\n\n" % (n, b"x" * 1100) for n in range(BIG)))
    return path


@needs_bash
@pytest.mark.parametrize(
    "way", [["-o", "text"], ["-o", "jsonl"], ["-o", "raw"], ["tail"]], ids=" ".join
)
@pytest.mark.parametrize("kibibytes", [0, 1, 2, 7, 16, 43])
def test_a_file_size_limit_is_7_and_leaves_a_prefix(
    big: Path, tmp_path: Path, way: list[str], kibibytes: int
) -> None:
    """Limit the file by `ulimit -f`: the write that crosses it is short, the next one fails."""
    words = with_target(way, big)
    whole_output = sse(*words).out
    out = tmp_path / "out"
    ran = in_shell(f'ulimit -f {kibibytes}; exec "$@" > {out}', *words)
    assert ran.code == 7
    assert "file too large" in error_and_hint(last_two(ran))[0]
    written = out.read_bytes()
    assert len(written) == 1024 * kibibytes < len(whole_output)
    assert whole_output.startswith(written)


@pytest.mark.parametrize("way", [["-o", "text"], ["-o", "jsonl"], ["-o", "raw"]], ids=" ".join)
def test_a_reader_that_leaves_after_any_byte_has_read_a_prefix(big: Path, way: list[str]) -> None:
    """Use a socket of small capacity as standard output; its reader leaves at each count."""
    words = with_target(way, big)
    expected = sse(*words).out
    for count in (0, 1, 2, 3, 5, 100, 1107, 1108, 4096, 20_000, len(expected) - 1):
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        with (
            reader,
            writer,
            start(*words, stdout=writer.fileno()) as process,
        ):
            writer.close()
            reader.settimeout(PATIENCE)
            got = b""
            while len(got) < count and (piece := reader.recv(count - len(got))):
                got += piece
            reader.close()
            assert process.stderr
            talk = process.stderr.read()
            code = process.wait(PATIENCE)
        assert got == expected[:count]
        # A reset connection counts as a closed pipe; or all output fitted into the socket.
        assert code in (-signal.SIGPIPE, 7, 0), (count, talk)
        assert b"Traceback" not in talk


@pytest.mark.parametrize("way", [["-o", "jsonl"], ["-o", "table"], ["tail"]], ids=" ".join)
def test_a_reader_that_leaves_between_two_events_ends_it_at_the_next(way: list[str]) -> None:
    go = threading.Event()

    def handler(peer: Peer) -> None:
        peer.send(
            head(STREAM, CHUNKED), chunk(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n')
        )
        assert go.wait(PATIENCE)
        peer.trickle(chunk(b'data: {"choices":[{"delta":{"content":"y"}}]}\n\n'))

    with (
        Wire(handler) as server,
        start(*with_target(way, server.origin), "-m", "30") as process,
    ):
        assert process.stdout
        assert process.stderr
        assert os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        go.set()
        assert process.wait(PATIENCE) == -signal.SIGPIPE
        assert b"Traceback" not in process.stderr.read()


# Descriptors that are closed from the start


@needs_bash
@pytest.mark.parametrize(
    "closed",
    [c for n in range(1, 4) for c in product((0, 1, 2), repeat=n) if list(c) == sorted(set(c))],
    ids=str,
)
@pytest.mark.parametrize("kind", ["file", "url", "stdin", "wrong", "help"])
def test_closed_descriptors_in_any_combination(
    file: Path, kind: str, closed: tuple[int, ...]
) -> None:
    redirections = " ".join(f"{number}{'<' if number == 0 else '>'}&-" for number in closed)
    # With standard error closed, the shell itself cannot report; the code goes to its output.
    with Wire(whole(STREAMED)) as server:
        targets = {"file": str(file), "url": server.origin, "stdin": "-", "wrong": "no-such.sse"}
        words = ["--help"] if kind == "help" else [targets[kind], "-o", "text"]
        given = "" if kind != "stdin" or 0 in closed else f"< {file}"
        ran = in_shell(f'"$@" {given} {redirections}; echo "code=$?" >&1', *words)
    output, _, code = ran.text.rpartition("code=")
    assert int(code) == expected_code(kind, closed)
    assert b"Traceback" not in ran.out + ran.err
    if 1 not in closed and kind in ("file", "url"):
        assert output == '{"a": "one"}\ntwo\nlines\nthree\n[DONE]\n'


def expected_code(kind: str, closed: tuple[int, ...]) -> int:
    if kind == "wrong":
        return 2
    if 1 in closed:
        return 0 if kind == "help" else 7
    return 2 if kind == "stdin" and 0 in closed else 0


# A terminal that goes away


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pseudo-terminal; set one to -1 after closing it."""
    ends = list(pty.openpty())
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            with contextlib.suppress(OSError):
                os.close(end)


@pytest.mark.parametrize(
    "way", [["-o", "text"], ["-o", "jsonl"], ["-o", "table"], ["tail"]], ids=" ".join
)
def test_a_closed_terminal_is_7(file: Path, way: list[str]) -> None:
    """Close the terminal, so that each write gives EIO. It does not control the session, so no
    SIGHUP comes first.
    """
    with terminal() as (master, slave):
        os.close(master)
        ran = run(with_target(way, file), out=slave)
    assert ran.code == 7, ran.talk
    assert_in_order(ran)
    assert os.strerror(errno.EIO).lower() in error_and_hint(last_two(ran))[0]


def test_all_standard_streams_on_a_closed_terminal_is_7(file: Path) -> None:
    with terminal() as (master, slave):
        os.close(master)
        ran = run([str(file)], stdin=slave, out=slave, err=slave)
    assert ran.code == 7


def test_a_terminal_that_closes_in_mid_stream_ends_the_table() -> None:
    go = threading.Event()

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(b"data: one\n\n"))
        assert go.wait(PATIENCE)
        peer.trickle(chunk(b"data: more\n\n"))

    with terminal() as (master, slave), Wire(handler) as server:
        env = environment({"TERM": "xterm"})
        with Process([server.origin, "-m", "30"], stdout=slave, env=env) as process:
            seen = b""
            while b"one" not in seen:
                seen += os.read(master, 65536)
            os.close(master)
            go.set()
            assert process.stderr
            talk = process.stderr.read().decode()
            assert process.wait(PATIENCE) == 7, talk
    assert "Traceback" not in talk
    error_and_hint(last_two(Ran(7, b"", talk.encode())))


# Reads


@contextlib.contextmanager
def for_writing_only(folder: Path) -> Iterator[int]:
    """Open a descriptor whose every read fails with EBADF.

    A directory would not do: Python itself says "Fatal Python error" and exits with 1, before any
    code of ours runs.
    """
    descriptor = os.open(folder / "w", os.O_WRONLY | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("way", [["-o", "jsonl"], ["-o", "table"], ["-o", "raw"]], ids=" ".join)
def test_an_unreadable_standard_input_is_truncated(tmp_path: Path, way: list[str]) -> None:
    with for_writing_only(tmp_path) as descriptor:
        ran = run(["-", *way], stdin=descriptor)
    assert ran.code == 5, ran.talk
    assert_in_order(ran)
    assert "reading standard input failed" in error_and_hint(ran)[0]


def test_a_closed_terminal_is_an_input_that_ends() -> None:
    with terminal() as (master, slave):
        os.close(master)
        ran = run(["-", "-o", "jsonl", "--all"], stdin=slave)
    assert ran.code in (0, 5), ran.talk  # A hangup reads as the end, or as EIO.
    assert ran.objects()[-1]["kind"] == "closed" if ran.out else ran.code == 5
    assert_in_order(ran)


@pytest.mark.parametrize("option", ["-d", "--json", "--data-binary", "-H"])
def test_an_unreadable_body_is_a_usage_error(tmp_path: Path, option: str) -> None:
    with for_writing_only(tmp_path) as descriptor:
        ran = run(["http://127.0.0.1:1/", option, "@-"], stdin=descriptor)
    assert ran.code == 2, ran.talk
    error_and_hint(ran)


REPLY = head(STREAM, CHUNKED) + chunk(STREAMED[:60]) + chunk(STREAMED[60:]) + b"0\r\n\r\n"


def after(count: int, *, reset: bool) -> bytes:
    """Return the printed part of a reply that ends after `count` bytes, as text."""

    def handler(peer: Peer) -> None:
        peer.send(REPLY[:count])
        if reset:
            peer.reset()

    with Wire(handler) as server:
        ran = sse(server.origin, "-o", "text")
    assert ran.code in ((0,) if count >= DONE_AT else (3, 5)), (count, ran.talk)
    assert b"Traceback" not in ran.err
    if ran.code:
        error_and_hint(ran)
    return ran.out


DONE_AT = REPLY.index(b"[DONE]\n\n") + len(b"[DONE]")  # its line ends may lack


@pytest.mark.parametrize(
    "count", [0, 1, 9, 16, 17, 40, 70, 90, 120, 150, 180, DONE_AT - 1, DONE_AT, len(REPLY)]
)
def test_a_reply_that_ends_after_any_byte_is_reported_and_prints_a_prefix(count: int) -> None:
    expected = b'{"a": "one"}\ntwo\nlines\nthree\n[DONE]\n'
    got = after(count, reset=False)
    assert expected.startswith(got)
    assert (got == expected) == (count >= DONE_AT + len(b"\n\n"))


@pytest.mark.parametrize("count", [0, 17, 90, 150])
def test_a_connection_reset_after_any_byte_is_reported(count: int) -> None:
    after(count, reset=True)


# Each call in turn, one run a call, until no k-th call is made


LONG = b"".join(b"data: %04d%s\n\n" % (n, b"x" * 700) for n in range(2))
ROUND = b"id: 7\ndata: last\n\n"
ON_A_TERMINAL = [
    ["-o", "table"],
    ["-o", "table", "--all", "--full"],
    ["-o", "text", "--summary"],
    ["tail"],
    ["tail", "--markdown"],
    ["tail", "--reasoning", "stdout"],
]
WRITES = [(way, False) for way in WAYS] + [(way, True) for way in ON_A_TERMINAL]
NEVER = {1, 70, 99, -signal.SIGALRM}


def assert_documented(run: Run) -> None:
    assert run.code in DOCUMENTED - NEVER, run
    for text in (run.out, run.err):
        assert "Traceback" not in text, run
        assert "Exception ignored" not in text, run


def streaming(way: list[str]) -> Handler:
    """Serve a stream that makes every kind of output write at each step."""
    parts = [ANSWER] if way[:1] == ["tail"] else [STREAMED[: STREAMED.index(b"data: [")], LONG]

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), *map(chunk, [*parts, ROUND]), LAST_CHUNK)

    return handler


def true_start(way: list[str], run: Run, whole_run: Run) -> bool:
    """Return whether the output is a prefix of the full one; in some formats times vary."""
    return not {"text", "raw"} & set(way) or whole_run.out.startswith(run.out)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EAGAIN])
@pytest.mark.parametrize(("way", "terminal"), WRITES, ids=str)
def test_each_failing_write_is_7_or_death_by_sigpipe(
    way: list[str], terminal: bool, number: int
) -> None:
    # A terminal that failed once is gone: the line below the table is not written at all then.
    with Wire(streaming(way)) as server:
        words = with_target(way, server.origin)
        *broken, unbroken = runs(words, "write", number, terminal=terminal, for_good=terminal)
    assert unbroken.code == 0, unbroken
    assert broken, "it wrote nothing"
    for run in broken:
        assert_documented(run)
        assert run.code == (-signal.SIGPIPE if number == errno.EPIPE else 7), run
        assert true_start(way, run, unbroken)
        if run.code == 7:
            said = error_and_hint(last_two(Ran(7, b"", run.err.encode())))[0]
            assert said.startswith("can't write to standard output: ")
        else:
            assert "error" not in run.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
@pytest.mark.parametrize(
    "way", [["-v"], ["-o", "text", "--summary", "-v"], ["tail", "--summary"]], ids=" ".join
)
def test_each_failing_write_to_standard_error_costs_no_data(way: list[str], number: int) -> None:
    with Wire(streaming(way)) as server:
        words = with_target(way, server.origin)
        *broken, unbroken = runs(words, "talk", number)
        *refused, _ = runs(["no-such.sse"], "talk", number)
    assert broken
    for run in broken:
        assert_documented(run)
        assert run.code in (0, 7), run
        assert abs(len(run.out) - len(unbroken.out)) < 20, run  # the length of times varies
    assert refused
    assert {run.code for run in refused} == {2}


NETWORK = [
    ("recv", errno.ECONNRESET, {3, 5}),
    ("recv", errno.ETIMEDOUT, {3, 5}),
    ("recv", errno.EHOSTUNREACH, {3, 5}),
    ("send", errno.EPIPE, {3}),
    ("send", errno.ECONNRESET, {3}),
    *(
        ("connect", number, {3})
        for number in (errno.ECONNREFUSED, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EMFILE)
    ),
    ("setsockopt", errno.EINVAL, {3}),
    ("dup", errno.EMFILE, {3}),
]


@pytest.mark.parametrize(("call", "number", "codes"), NETWORK)
@pytest.mark.parametrize(
    "way",
    [["-o", "text"], ["-o", "jsonl", "--all"], ["tail"], ["tail", "-o", "json"]],
    ids=" ".join,
)
def test_each_failing_network_call_is_reported(
    way: list[str], call: str, number: int, codes: set[int]
) -> None:
    with Wire(streaming(way)) as server:
        *broken, unbroken = runs(with_target(way, server.origin), call, number)
    assert broken, "there was no such call"
    complete = 0
    for run in broken:
        assert_documented(run)
        if run.code == 0:  # The stream had ended: only closing the connection failed.
            assert abs(len(run.out) - len(unbroken.out)) < 20, run  # the length of times varies
            complete += 1
            continue
        assert run.code in codes, run
        assert true_start(way, run, unbroken)
        error, _ = error_and_hint(Ran(run.code, b"", run.err.encode()))
        assert "errno" not in error.lower()
    assert complete < len(broken)


def test_a_failing_connection_is_reopened_and_loses_nothing() -> None:
    """Fail each read of the first connection in turn; the second one delivers the rest."""

    def handler(peer: Peer) -> None:
        resumed = dict(peer.request.headers).get("Last-Event-ID", "0")
        if resumed == "9":
            peer.send(head(status="204 No Content"))
            return
        events = [
            b"id: %d\ndata: %d%s\n\n" % (n, n, b"x" * 90) for n in range(int(resumed) + 1, 10)
        ]
        peer.send(head(STREAM, CHUNKED), *map(chunk, events), LAST_CHUNK)

    with Wire(handler) as server:
        words = [server.origin, "-o", "text", "--reconnect", "--retry-delay", "100ms"]
        found = runs(words, "recv", errno.ECONNRESET)
    assert len(found) > 8
    for run in found:
        assert (run.code, [line[0] for line in run.out.splitlines()]) == (0, [*"123456789"]), run


@pytest.mark.parametrize("call", ["read", "open"])
@pytest.mark.parametrize("way", [["-o", "text"], ["-o", "raw"], ["tail"]], ids=" ".join)
def test_each_failing_read_of_a_file_is_reported(
    big: Path, file: Path, way: list[str], call: str
) -> None:
    target = file.with_name("answer.sse") if way == ["tail"] else big
    *broken, unbroken = runs(with_target(way, target), call, errno.EIO)
    assert broken
    for run in broken:
        assert_documented(run)
        assert run.code == (2 if call == "open" else 5), run
        assert true_start(way, run, unbroken)
        error_and_hint(Ran(run.code, b"", run.err.encode()))


@pytest.mark.parametrize("way", [["-o", "text"], ["-o", "jsonl"]], ids=" ".join)
def test_each_failing_read_of_standard_input_is_reported(big: Path, way: list[str]) -> None:
    *broken, _ = runs(["-", *way], "read", errno.EIO, stdin=str(big))
    assert broken
    assert {run.code for run in broken} == {5}
    for run in broken:
        assert_documented(run)
        assert "reading standard input failed" in run.err


DEMO = ["demo", "--speed", "0", "-n", "6"]


@pytest.mark.parametrize(
    ("call", "number", "terminal", "codes"),
    [
        ("write", errno.ENOSPC, False, {7}),
        ("write", errno.EPIPE, False, {-signal.SIGPIPE}),
        ("write", errno.EIO, True, {7}),
        # Client and server share a process, so the calls of both fail in turn.
        ("recv", errno.ECONNRESET, False, {0, 3, 5}),
        ("send", errno.EPIPE, False, {0, 3, 5}),
        ("accept", errno.EMFILE, False, {0}),
        ("accept", errno.ECONNABORTED, False, {0}),
        ("connect", errno.ECONNREFUSED, False, {3}),
    ],
)
def test_each_failing_call_of_the_demo_has_a_documented_code(
    call: str, number: int, terminal: bool, codes: set[int]
) -> None:
    *broken, unbroken = runs(DEMO, call, number, terminal=terminal, for_good=terminal)
    assert unbroken.code == 0
    assert broken
    for run in broken:
        assert_documented(run)
        assert run.code in codes, run


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, 7), (errno.EIO, 7), (errno.EPIPE, -signal.SIGPIPE)]
)
def test_each_failing_write_of_a_server_ends_it(number: int, code: int) -> None:
    lines = len(bundled.names())
    *broken, unbroken = runs(["serve", "--port", "0"], "write", number, lines=lines)
    assert unbroken.code == -signal.SIGINT
    assert broken
    for run in broken:
        assert_documented(run)
        assert run.code == code, run


def test_a_server_continues_when_its_log_cannot_be_written() -> None:
    lines = len(bundled.names())
    *broken, _ = runs(["serve", "--port", "0"], "talk", errno.ENOSPC, lines=lines)
    assert broken
    assert {run.code for run in broken} == {-signal.SIGINT}
