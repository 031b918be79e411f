"""Limits on the time of reading files, FIFOs, devices and standard input; and Ctrl-C in them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.listener import PATIENCE
from tests.support.process import PIPE, Process
from tests.support.program import Ran, error_and_hint, finish, in_shell, sse, start
from tests.support.replies import whole
from tests.support.wire import Wire, on_time

ONE = b"data: one\n\n"
JSONL = ("-o", "jsonl", "--all")
LATE = "the input had not ended when the time limit of 1 s was over"
LARGE = 2**36  # bytes: reading so many takes a minute


@contextmanager
def written(path: Path, start: bytes, then: bytes = b"") -> Iterator[None]:
    """Make a FIFO, in which a thread writes `start`, then `then` again and again."""
    os.mkfifo(path)
    ending = threading.Event()

    def write() -> None:
        try:
            with path.open("wb", buffering=0) as pipe:
                pipe.write(start)
                while not ending.wait(0.05):
                    pipe.write(then)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # for a writer that still waits
        thread.join()


def large_line(folder: Path) -> Path:
    path = folder / "large.sse"
    with path.open("wb") as file:
        file.write(ONE + b"data: ")
        file.truncate(LARGE)
    return path


def closed(ran: Ran) -> tuple[str, str]:
    (line,) = (line for line in ran.objects() if line["kind"] == "closed")
    assert ran.objects()[-1] == line
    return line["ending"], line["detail"]


@pytest.mark.parametrize("command", ["watch", "tail", "check"])
def test_max_time_ends_the_reading_of_one_long_line(command: str, tmp_path: Path) -> None:
    words = ("--no-summary",) if command == "tail" else ()
    with on_time(1.0):
        ran = sse(command, large_line(tmp_path), "-m", "1", *words)
    assert ran.code == (1 if command == "check" else 6)  # a part of the stream could be judged
    assert LATE in ran.text + ran.talk
    assert "Traceback" not in ran.talk


@pytest.mark.parametrize("limit", [("-m", "1"), ("--for", "1")])
def test_a_limit_holds_for_files_devices_and_fifos(limit: tuple[str, str], tmp_path: Path) -> None:
    expected = ("deadline", LATE) if limit[0] == "-m" else ("limit", "watched for 1 s, as asked")
    silent, trickle, inside = (tmp_path / name for name in ("silent", "trickle", "inside"))
    with (
        written(silent, ONE),
        written(trickle, ONE, b": ping\n"),
        written(inside, ONE + b"data: ", b"x"),
    ):
        for target in (large_line(tmp_path), silent, trickle, inside, Path("/dev/zero")):
            with on_time(1.0):
                ran = sse(target, *limit, *JSONL)
            assert (closed(ran), ran.code) == (expected, 6 if limit[0] == "-m" else 0), target
            assert ran.text.count('"one"') == (target.name != "zero")


def test_a_limit_holds_while_the_first_bytes_do_not_tell_what_they_are(tmp_path: Path) -> None:
    for number, (begun, then) in enumerate([(b"\n", b"\n"), (b"{", b" "), (b'{"sse-rec', b"")]):
        path = tmp_path / str(number)
        with written(path, begun, then), on_time(1.0):
            ran = sse(path, "-m", "1", *JSONL)
        assert closed(ran) == ("deadline", LATE)


@pytest.mark.parametrize(("limit", "code"), [("-m", 6), ("--for", 6)])
def test_a_limit_holds_while_a_fifo_has_no_writer(limit: str, code: int, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with on_time(1.0):
        ran = sse(path, limit, "1", *JSONL)
    assert (closed(ran)[0], ran.code) == ("deadline", code)
    if limit == "-m":
        assert error_and_hint(ran)[0] == (
            f"no program had opened {path} to write when the time limit of 1 s was over"
        )


def test_a_limit_holds_for_standard_input() -> None:
    with start("-", "-m", "1", *JSONL, stdin=PIPE) as process:
        assert process.stdin
        process.stdin.write(ONE)
        process.stdin.flush()
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        ran = finish(process)
    assert closed(Ran(ran.code, b"".join(lines) + ran.out, b"")) == ("deadline", LATE)
    assert ran.code == 6


@pytest.mark.parametrize("speed", ["0.5", "1", "4"])
def test_a_limit_holds_for_a_recording_by_the_wall_clock(speed: str, tmp_path: Path) -> None:
    path = tmp_path / "stream.rec"
    with Wire(whole(ONE)) as server:
        sse(server.origin, "--record", str(path))
    lines = path.read_text().splitlines()
    end = lines[-1].index(",")
    path.write_text("\n".join([*lines[:-1], f"[60.0{lines[-1][end:]}"]) + "\n")
    with on_time(1.0):
        ran = sse(path, "--speed", speed, "-m", "1", *JSONL)
    assert (closed(ran), ran.code) == (("deadline", LATE), 6)


def test_a_recording_in_a_fifo_obeys_the_limit(tmp_path: Path) -> None:
    path, pipe = tmp_path / "stream.rec", tmp_path / "pipe"
    with Wire(whole(ONE)) as server:
        sse(server.origin, "--record", str(path))
    *most, _ = path.read_bytes().splitlines(keepends=True)
    for limit, code, ending in (("-m", 6, "deadline"), ("--for", 0, "limit")):
        with written(pipe, b"".join(most)), on_time(1.0):
            ran = sse(pipe, limit, "1", *JSONL)
        assert (closed(ran)[0], ran.code) == (ending, code)
        assert '"one"' in ran.text
        pipe.unlink()


def test_a_file_that_ends_in_time_misses_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "stream.sse"
    path.write_bytes(ONE)
    assert sse(path, "-m", "9", "-o", "text") == Ran(0, b"one\n", b"")
    assert sse(path, "-m", "0", "-o", "text") == Ran(0, b"one\n", b"")


def begun(process: Process, target: Path) -> bytes:
    """Wait until the target is being read, or opened; return the first line if there is one."""
    assert process.stdout
    if target.name != "unopened":
        return process.stdout.readline()
    tasks = Path(f"/proc/{process.pid}/task")
    deadline = time.monotonic() + PATIENCE
    while len(list(tasks.iterdir())) < 3:  # the main thread, that for signals, that which opens
        assert time.monotonic() < deadline
    return b""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_reading_of_files_devices_and_fifos(
    number: signal.Signals, tmp_path: Path
) -> None:
    unopened, trickle = tmp_path / "unopened", tmp_path / "trickle"
    os.mkfifo(unopened)
    with written(trickle, ONE + b"data: ", b"x"):
        for target in (large_line(tmp_path), trickle, Path("/dev/zero"), unopened):
            with start(target, *JSONL, "-m", "30") as process:
                seen = begun(process, target)
                process.send_signal(number)
                ran = finish(process)
            ran = ran._replace(out=seen + ran.out)
            assert (closed(ran)[0], ran.code) == ("interrupted", -number), target


def test_an_unreadable_fifo_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0)
    if os.geteuid() == 0:
        pytest.skip("root may read it")
    assert error_and_hint(sse(path))[0] == f"can't read {path}: permission denied"


def test_a_process_substitution_is_read_as_it_arrives() -> None:
    ran = in_shell('"$@" <(printf "data: one\\n\\n") -o text -m 9')
    assert ran == Ran(0, b"one\n", b"")
