"""The live line of a terminal: it agrees with the rows above it, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import termios
import threading
from pathlib import Path

import pytest

from tests.support import other_programs
from tests.support.listener import PATIENCE
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head
from tests.support.terminal import SSE, Steps, Terminal, watching
from tests.support.tmux import Tmux
from tests.support.wire import Peer, Wire

ONE = b"data: one\n\n"
FOOTER = re.compile(r"\d+\.\ds  \S")
ROW = re.compile(r" +(\d+) +\d+\.\d{3} ")
WIDTHS = pytest.mark.parametrize("columns", [80, 200])


def footers(lines: list[str]) -> list[str]:
    return [line for line in lines if FOOTER.match(line)]


@WIDTHS
def test_without_an_event_it_tells_which_bytes_came(columns: int) -> None:
    never = threading.Event()
    steps: Steps = [(0.0, b": " + b"x" * 407 + b"\n"), (never, b"")]
    with watching(steps, columns=columns) as terminal:
        pattern = re.compile(
            r"\d+\.\ds  no event yet \(\d+\.\ds\) · 410 B came, last \d+(\.\d+)?(ms|s) ago"
        )
        terminal.wait_for(lambda: any(map(pattern.fullmatch, terminal.lines)))
        terminal.type(b"\x03")
        terminal.finish()
        assert footers(terminal.scrolled) == []


def test_a_footer_below_new_rows_always_counts_them() -> None:
    gates = [threading.Event() for _ in range(12)]
    steps: Steps = [(gate, ONE) for gate in gates]
    with watching(steps) as terminal:
        for number, gate in enumerate(gates, 1):
            gate.set()
            terminal.wait_for(lambda n=number: f" {n} " in terminal.text)  # type: ignore[misc]
        terminal.finish()
        raw = re.sub(r"\x1b\[[0-9;]*[mK]", "", terminal.raw.decode())
    counted = 0
    # Each write of a row ends with a footer.
    for row, events in re.findall(r" (\d+) +\d+\.\d{3} [^\n]*\n\d+\.\ds  (\d+) events?  ", raw):
        assert events == row
        counted += 1
    assert counted == len(gates)


@WIDTHS
@pytest.mark.parametrize("start", ["$ sse\n" * 3, "\033[H\033[2J"], ids=["a prompt", "clear"])
def test_no_live_line_stays_in_the_history_of_tmux(columns: int, start: str) -> None:
    other_programs.program("tmux")
    reply, gate, more, last = (threading.Event() for _ in range(4))

    def handler(peer: Peer) -> None:
        for before, piece in (
            (reply, head(STREAM, CHUNKED)),
            (gate, chunk(ONE * 40)),
            (more, chunk(ONE)),
            (last, LAST_CHUNK),
        ):
            assert before.wait(PATIENCE)
            peer.send(piece)

    with (
        Wire(handler) as server,
        Tmux([*SSE, server.origin], columns=columns, start=start) as window,
    ):

        def redrawn() -> None:
            shown = window.lines[-1]
            window.wait_for(lambda: window.lines[-1] != shown)

        window.wait_for(lambda: bool(footers(window.lines)))
        redrawn()
        redrawn()  # at the top of the screen, after `clear`
        reply.set()
        window.wait_for(lambda: "no event yet" in window.lines[-1])
        redrawn()
        window.type("Enter", "Enter", "x")
        gate.set()
        window.wait_for(lambda: "40 events" in window.lines[-1])
        window.type("Enter")
        redrawn()
        more.set()
        window.wait_for(lambda: "41 events" in window.lines[-1])
        lines = window.lines
        last.set()
    assert len(footers(lines)) == 1
    assert [int(found[1]) for line in lines if (found := ROW.match(line))] == [*range(1, 42)]
    rows = [n for n, line in enumerate(lines) if ROW.match(line)]
    assert rows == [*range(rows[0], rows[0] + 41)]


@pytest.mark.parametrize("keys", [b"\r", b"\r\r\r", b"abc\r", b"\x1b[A"])
def test_typed_keys_leave_no_trace_and_stay_for_the_shell(keys: bytes) -> None:
    gate = threading.Event()
    shell = "$SSE; old=$(stty -g); stty -icanon min 0; cat | od -An -tx1; stty $old"
    with watching([(0.0, ONE), (gate, b"data: two\n\n")], shell=shell) as terminal:
        terminal.wait_for("1 event ")
        terminal.type(keys)
        shown = terminal.lines[-1]
        terminal.wait_for(lambda: terminal.lines[-1] != shown)
        assert len(footers(terminal.scrolled)) == 1
        assert len(terminal.scrolled) == 5
        gate.set()
        assert terminal.finish() == 0
        assert footers(terminal.scrolled) == []
        kept = keys.replace(b"\r", b"\n").hex(" ")
        assert kept in terminal.text
        assert terminal.modes() == terminal.modes_before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_the_echo_is_restored_after_a_signal(number: signal.Signals) -> None:
    with watching([(0.0, ONE), (threading.Event(), b"")]) as terminal:
        terminal.wait_for("1 event ")
        assert not echoes(terminal)
        terminal.signal(number)
        assert terminal.finish() == -number
        assert terminal.modes() == terminal.modes_before


def echoes(terminal: Terminal) -> bool:
    return bool(terminal.modes()[3] & termios.ECHO)


def test_a_suspended_program_gives_the_echo_back_until_it_goes_on() -> None:
    gate = threading.Event()
    shell = "set -m; $SSE; stty -a; echo stopped; fg"
    with watching([(0.0, ONE), (gate, b"data: two\n\n")], shell=shell) as terminal:
        terminal.wait_for("1 event ")
        terminal.type(b"\x1a")
        terminal.wait_for("stopped\n")
        assert re.search(r"(?<!-)\becho\b", terminal.text)
        terminal.wait_for(lambda: not echoes(terminal))
        gate.set()
        assert terminal.finish() == 0
        assert "two" in terminal.text
        assert terminal.modes() == terminal.modes_before


def test_a_background_job_leaves_the_echo_alone_and_is_not_stopped() -> None:
    gate = threading.Event()
    shell = "set -m; $SSE & wait $!; echo status $?"
    with watching([(0.0, ONE), (gate, b"data: two\n\n")], shell=shell) as terminal:
        terminal.wait_for("1 event ")
        assert echoes(terminal)
        gate.set()
        terminal.wait_for("status 0")
        terminal.finish()


def test_a_stream_that_is_typed_is_echoed() -> None:
    with Terminal([*SSE, "-"]) as terminal:
        terminal.wait_for(lambda: bool(footers(terminal.lines)))
        assert echoes(terminal)
        terminal.type(b"data: typed\r\r\x04\x04")
        assert terminal.finish() == 0
        assert re.search(r"message +typed", terminal.text)


def test_a_file_is_never_silent_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.sse"
    path.write_bytes((b": " + b"x" * 60_000 + b"\n") * 4000)
    with Terminal([*SSE, str(path)]) as terminal:
        terminal.wait_for("reading")
        terminal.finish()
        assert b"silent for" not in terminal.raw
        assert b"no event yet" not in terminal.raw


def test_a_pipe_with_a_name_may_be_silent(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    gate = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(ONE)
            assert gate.wait(PATIENCE)

    thread = threading.Thread(target=write)
    thread.start()
    with Terminal([*SSE, str(path)]) as terminal:
        terminal.wait_for("silent for 1.")
        gate.set()
        assert terminal.finish() == 0
    thread.join()
