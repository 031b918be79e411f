"""Signals: one end for a run, told once, with the exit code of that end."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.listener import PATIENCE
from tests.support.process import PROGRAM, Process
from tests.support.process import environment as of_program
from tests.support.program import Ran, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.terminal import Steps, watching
from tests.support.wire import Peer, Wire

ONE = b"data: one\n\n"
JSONL = ("-o", "jsonl", "--all", "-m", "30")
FATAL = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
)
LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.sysconf("SC_PAGE_SIZE") != 4096,
    reason="reads /proc, and fills a pipe of one page",
)


def silent(peer: Peer) -> None:
    peer.send(head(STREAM, CHUNKED) + chunk(ONE))
    peer.until_gone()


def until_one(process: Process) -> bytes:
    """Read the output up to the first event, and return it."""
    assert process.stdout
    seen = b""
    while b'"one"' not in seen:
        seen += process.stdout.readline()
    return seen


def closed_of(ran: Ran) -> str:
    """Return the detail of the closed line, which is the last line and the only one of its kind."""
    (closed,) = (line for line in ran.objects() if line["kind"] == "closed")
    assert ran.objects()[-1] == closed
    return str(closed["detail"])


@FATAL
def test_a_signal_closes_the_stream_and_the_recording_and_kills_the_process(
    number: signal.Signals, tmp_path: Path
) -> None:
    path = tmp_path / "stream.rec"
    words = (*JSONL, "--record", str(path))
    with Wire(silent) as server, start(server.origin, *words) as process:
        seen = until_one(process)
        process.send_signal(number)
        ran = finish(process)
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    assert closed_of(Ran(ran.code, seen + ran.out, b"")) == f"stopped by {name}"
    assert (ran.code, ran.err) == (-number, b"")
    assert closed_of(sse(path, "-o", "jsonl", "--all")) == f"stopped by {name}"


def test_of_several_signals_only_the_first_one_ends_the_run() -> None:
    with Wire(silent) as server, start(server.origin, *JSONL, "--summary") as process:
        seen = until_one(process)
        process.send_signal(signal.SIGSTOP)  # so that the next ones arrive together
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        ran = finish(process)
    (number,) = (number for number in signal.Signals if number == -ran.code)
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    assert closed_of(Ran(0, seen + ran.out, b"")) == f"stopped by {name}"
    assert f"interrupted  stopped by {name}\n" in ran.talk
    assert "Traceback" not in ran.talk


def is_writing(process: Process) -> bool:
    """Return whether the process waits in a write to its standard output (proc(5))."""
    words = Path(f"/proc/{process.pid}/syscall").read_text().split()
    return words[:2] in (["1", "0x1"], ["64", "0x1"])  # on x86-64 and ARM64


def blocked(process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_writing(process):
        assert time.monotonic() < deadline, "it never waited for its reader"


def small_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    return reader, writer


# The lines of the head and of this event fill a small pipe but for a few bytes: the line of the end
# has to wait for a reader. Without the data they have about 300 bytes, and the end has over 90.
FULL = b"data: %s\n\n" % (b"x" * (4096 - 300 - 50))


@LINUX
@FATAL
def test_a_signal_after_the_end_of_the_stream_changes_neither_the_end_nor_the_code(
    number: signal.Signals,
) -> None:
    reader, writer = small_pipe()
    words = ("-o", "jsonl", "--all", "-m", "30")
    with Wire(whole(FULL)) as server, start(server.origin, *words, stdout=writer) as process:
        os.close(writer)
        blocked(process)
        process.send_signal(number)
        with os.fdopen(reader, "rb") as pipe:
            out = pipe.read()
        ran = finish(process)
    assert closed_of(Ran(0, out, b"")) == "the body ended as HTTP says it should"
    assert (ran.code, ran.err) == (0, b"")


@LINUX
@FATAL
def test_a_signal_still_ends_a_program_whose_output_no_one_reads(number: signal.Signals) -> None:
    reader, writer = small_pipe()
    words = ("-o", "jsonl", "--all", "-m", "30")
    with Wire(whole(FULL)) as server, start(server.origin, *words, stdout=writer) as process:
        os.close(writer)
        blocked(process)
        process.send_signal(number)
        ran = finish(process)
    os.close(reader)
    assert (ran.code, ran.err) == (-number, b"")


@pytest.mark.parametrize(
    ("shell", "number"),
    [
        ('nohup "$@"', signal.SIGHUP),
        ("trap '' HUP; exec \"$@\"", signal.SIGHUP),
        ("trap '' INT; exec \"$@\"", signal.SIGINT),
        ("trap '' TERM; exec \"$@\"", signal.SIGTERM),
        ("trap '' QUIT; exec \"$@\"", signal.SIGQUIT),
    ],
)
def test_a_signal_that_is_ignored_at_the_start_stays_ignored(
    shell: str, number: signal.Signals
) -> None:
    gate = threading.Event()

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED) + chunk(ONE))
        assert gate.wait(PATIENCE)
        peer.send(chunk(b"data: two\n\n") + b"0\r\n\r\n")

    shell = shell.replace("nohup", "exec nohup")
    with Wire(handler) as server:
        command = ["sh", "-c", shell, "sh", *PROGRAM, server.origin, "-o", "text", "-m", "30"]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=of_program(),
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"one\n"
            process.send_signal(number)
            gate.set()
            assert process.stdout.read() == b"two\n"
    assert process.returncode == 0


ENDLESS: Steps = [(0.0, ONE), (threading.Event(), b"data: never\n\n")]


def test_the_recording_is_closed_when_the_terminal_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "stream.rec"
    with watching(ENDLESS, "--record", str(path)) as terminal:
        terminal.wait_for("1 event ")
        assert terminal.hang_up() == -signal.SIGHUP
    assert closed_of(sse(path, "-o", "jsonl", "--all")) == "stopped by SIGHUP"


def test_a_second_signal_does_not_interrupt_the_summary() -> None:
    with watching(ENDLESS) as terminal:
        terminal.wait_for("1 event ")
        terminal.signal(signal.SIGSTOP)
        terminal.signal(signal.SIGINT)
        terminal.signal(signal.SIGTERM)
        terminal.signal(signal.SIGCONT)
        status = terminal.finish()
        assert status in {-signal.SIGINT, -signal.SIGTERM}
        assert len([line for line in terminal.lines if line.startswith("interrupted  ")]) == 1
        assert any(line.startswith("1 event  11 B  in ") for line in terminal.lines)
