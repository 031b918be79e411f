"""The behaviour of `sse watch` towards a terminal, a pipe and the kernel: signals, ends, memory."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.terminal import SSE, TIMEOUT, Steps, Terminal, environment, watching

FORMATS = pytest.mark.parametrize("output", ["table", "text", "jsonl", "csv", "raw"])
FOOTER = re.compile(r"\d+\.\ds  [\d,]+ events?  ")
ENDLESS: Steps = [(0.0, b"data: one\n\n"), (threading.Event(), b"data: never\n\n")]


@contextmanager
def interrupted(*options: str, shell: str = "") -> Iterator[Terminal]:
    """Run a stream on a terminal until it shows a row and, below it, the footer."""
    with watching(ENDLESS, *options, shell=shell) as terminal:
        terminal.wait_for("1 event ")
        yield terminal


def assert_left_in_order(terminal: Terminal) -> None:
    """Assert that the terminal is as before: no footer, a cursor, no colour, its modes."""
    assert not any(map(FOOTER.match, terminal.lines))
    assert not terminal.screen.cursor.hidden
    assert terminal.screen.cursor.x == 0
    assert terminal.screen.cursor.attrs == pyte.screens.Char(" ")
    assert terminal.modes() == terminal.modes_before


def test_ctrl_c_ends_the_stream_with_a_summary_and_kills_the_process_by_sigint() -> None:
    with interrupted() as terminal:
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT
        assert "interrupted  stopped by Ctrl-C" in terminal.lines
        assert any(line.startswith("1 event  11 B  in ") for line in terminal.lines)
        assert "Traceback" not in terminal.text
        assert_left_in_order(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_stream_with_a_summary_and_kills_the_process(
    number: signal.Signals,
) -> None:
    with interrupted() as terminal:
        terminal.signal(number)
        assert terminal.finish() == -number
        assert any(line.startswith("interrupted  stopped by ") for line in terminal.lines)
        assert_left_in_order(terminal)


@pytest.mark.parametrize("output", ["text", "jsonl", "csv"])
def test_ctrl_c_keeps_earlier_output_in_every_format(output: str) -> None:
    with watching(ENDLESS, "-o", output) as terminal:
        terminal.wait_for("one")
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT
        assert "one" in terminal.text and "Traceback" not in terminal.text


def test_ctrl_c_while_connecting_kills_it_by_sigint_too() -> None:
    never = threading.Event()
    with watching([(never, b"")]) as terminal:
        terminal.wait_for("no event yet")
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT
        assert_left_in_order(terminal)


def test_an_ordinary_ending_restores_the_terminal() -> None:
    gate = threading.Event()
    with watching([(0.0, b"data: one\n\n"), (gate, b"data: two\n\n")]) as terminal:
        terminal.wait_for("receiving")
        gate.set()
        assert terminal.finish() == 0
        assert_left_in_order(terminal)


def test_a_row_is_on_the_screen_before_the_next_event_is_sent() -> None:
    gates = [threading.Event() for _ in range(5)]
    steps: Steps = [(gate, b"data: <%d>\n\n" % n) for n, gate in enumerate(gates)]
    with watching(steps) as terminal:
        for n, gate in enumerate(gates):
            assert f"<{n}>" not in terminal.text
            gate.set()
            terminal.wait_for(f"<{n}>")
        assert terminal.finish() == 0


# Standard output other than a terminal


def run(shell: str, steps: Iterable[tuple[float, bytes]]) -> subprocess.CompletedProcess[bytes]:
    """Run a shell command without a terminal; `$SSE` in it stands for `sse URL`."""
    with running(Server({"s": Scenario.of("s", steps)})) as url:
        command = shell.replace("$SSE", " ".join([*SSE, f"{url}/s"]))
        return subprocess.run(
            ["/bin/sh", "-c", command],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment(),
            timeout=TIMEOUT,
            check=False,
        )


@FORMATS
def test_a_closed_pipe_kills_it_by_sigpipe_without_a_message(output: str) -> None:
    many = [(0.0, b"data: x\n\n" * 1000)] * 100
    shell = f"{{ $SSE -o {output}; echo $? >&2; }} | head -1"
    done = run(shell, many)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr.strip() == b"%d" % (128 + signal.SIGPIPE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@FORMATS
def test_a_full_disk_is_exit_code_7_with_an_error_and_a_hint(output: str) -> None:
    done = run(f"$SSE -o {output} >/dev/full", [(0.0, b"data: x\n\n")])
    assert done.returncode == 7
    error, hint = done.stderr.decode().splitlines()
    assert error == "error: can't write to standard output: no space left on device"
    assert hint.startswith("hint: ")


@FORMATS
def test_a_closed_standard_output_is_exit_code_7(output: str) -> None:
    done = run(f"$SSE -o {output} >&-", [(0.0, b"data: x\n\n")])
    assert done.returncode == 7
    assert done.stderr.startswith(b"error: standard output is closed\nhint: ")


@FORMATS
def test_a_closed_standard_error_is_harmless(output: str) -> None:
    done = run(f"$SSE -o {output} 2>&-", [(0.0, b"data: <x>\n\n")])
    assert done.returncode == 0
    assert b"<x>" in done.stdout


def test_it_ends_when_the_terminal_goes_away() -> None:
    with interrupted() as terminal:
        assert terminal.hang_up() == -signal.SIGHUP


# The cost of a long stream


def resident(pid: int) -> int:
    """Return the bytes of memory that the process has now (proc(5): VmRSS is in KiB)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("events", "most"),
    [(20_000, 2.5), pytest.param(100_000, 10, marks=pytest.mark.interop)],
)
def test_many_events_take_no_more_memory_than_a_thousand(events: int, most: float) -> None:
    def rows(first: int, last: int) -> bytes:
        return b"".join(
            b'event: delta\nid: %d\ndata: {"n": %d, "text": "some words"}\n\n' % (n, n)
            for n in range(first, last)
        )

    early, late = threading.Event(), threading.Event()
    steps: list[tuple[float | Gate, bytes]] = [(0.0, rows(0, 1_000)), (early, b"data: early\n\n")]
    steps += [(0.0, rows(n, n + 1000)) for n in range(1000, events, 1000)]
    steps += [(0.0, b"data: late\n\n"), (late, b"")]
    with watching(steps) as terminal:
        terminal.wait_for(lambda: terminal.wrote(b'{"n": 999,'))
        before = resident(terminal.pid)
        early.set()
        terminal.wait_for(lambda: terminal.wrote(b" late"), timeout=120)
        growth = resident(terminal.pid) - before
        late.set()
        assert terminal.finish() == 0
        assert terminal.raw.count(b"some words") == events
        assert growth < most * 2**20
