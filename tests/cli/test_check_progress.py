"""The progress lines of `sse check`: shown on a real terminal, and nowhere else."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.terminal import SSE, Terminal

TICK = b"data: 1\n\n"
ERASE = b"\x1b[2K"
LIVE = re.compile(r"\d\.\ds  \d+ events?")
NO_CI = {"CI": ""}


@contextmanager
def held() -> Iterator[tuple[str, threading.Event]]:
    """Serve streams that send two events and end when the gate is opened, and a quick one."""
    gate = threading.Event()
    slow = Scenario.of("slow", [(0, TICK), (0, TICK), (gate, TICK)])
    other = Scenario.of("quick", [(0, TICK)])
    with running(Server({"slow": slow, "quick": other})) as url:
        try:
            yield url, gate
        finally:
            gate.set()


def checking(target: str) -> Terminal:
    """Run `sse check` on one stream on a terminal."""
    return Terminal([*SSE, "check", target, "-m", "60"], env=NO_CI)


def test_a_running_stream_has_a_line_that_is_erased_before_the_report() -> None:
    with (
        held() as (url, gate),
        checking(f"{url}/slow") as it,
    ):
        it.wait_for("2 events")
        assert len(it.lines) == 1
        assert LIVE.search(it.text)
        assert f"{url}/slow" in it.text
        gate.set()
        assert it.finish() == 0
        assert not LIVE.search("\n".join(it.scrolled))
        assert it.lines[0].startswith("✓ GET ")


def test_a_finished_stream_is_reported_above_the_running_ones() -> None:
    with held() as (url, gate):
        words = ["check", f"{url}/quick", f"{url}/slow", "--jobs", "2", "-m", "60"]
        with Terminal([*SSE, *words], env=NO_CI) as it:
            it.wait_for(lambda: "/quick" in it.text and bool(LIVE.search(it.lines[-1])))
            gate.set()
            assert it.finish() == 0
            assert not LIVE.search("\n".join(it.scrolled))
            assert it.lines[-1] == "2 streams: 2 passed"
            assert sum("/slow" in line for line in it.scrolled) == 1


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 5), (20, 6), (80, 2)])
def test_twenty_streams_stay_within_the_terminal(columns: int, rows: int) -> None:
    with held() as (url, gate):
        words = [*[f"{url}/slow?{n}" for n in range(20)], "--jobs", "8", "-m", "60"]
        with Terminal([*SSE, "check", *words], env=NO_CI, columns=columns, rows=rows) as it:
            shown, lines = (8, 8) if rows > 8 else (rows - 2, rows - 1)
            rest = f"and {8 - shown} more" if shown else "8 streams"
            it.wait_for(lambda: it.text.count("2 events") == shown and len(it.lines) == lines)
            assert (rest in it.text) == (shown < 8)
            assert not it.screen.history.top
            gate.set()
            assert it.finish() == 0
            text = "\n".join(it.scrolled)
            assert not LIVE.search(text)
            assert " more" not in text
            assert "20 streams: 20 passed" in text.replace("\n", "")


def test_ctrl_c_erases_the_lines() -> None:
    with held() as (url, _), checking(f"{url}/slow") as it:
        it.wait_for("2 events")
        it.type(b"\x03")
        assert it.finish() == -2
        assert not LIVE.search("\n".join(it.scrolled))
        assert "not judged: stopped before it finished" in it.text
        assert it.modes() == it.modes_before


@pytest.mark.parametrize(
    ("env", "shell"),
    [
        ({"TERM": "dumb", **NO_CI}, "$SSE"),
        ({"CI": "true"}, "$SSE"),
        (NO_CI, "$SSE -v"),
        (NO_CI, "$SSE 2>&1 | cat"),
    ],
)
def test_nothing_is_shown_where_it_could_not_be_erased(env: dict[str, str], shell: str) -> None:
    """End the stream only once it has run for longer than a progress line takes to appear."""
    steps = [(0.0, TICK), (0.3, TICK)]
    with running(Server({"s": Scenario.of("s", steps)})) as url:
        line = shell.replace("$SSE", shlex.join([*SSE, "check", f"{url}/s", "-m", "60"]))
        with Terminal(["/bin/sh", "-c", line], env=env) as it:
            assert it.finish() == 0
            assert "✓ reply" in it.text
            assert ERASE not in it.raw
            assert not LIVE.search(it.raw.decode())


def test_the_lines_have_no_colours_if_colours_are_off() -> None:
    with held() as (url, gate):
        env = {"NO_COLOR": "1", **NO_CI}
        with Terminal([*SSE, "check", f"{url}/slow", "-m", "60"], env=env) as it:
            it.wait_for("2 events")
            assert not re.search(rb"\x1b\[[0-9;]*3\dm", bytes(it.raw))
            gate.set()
            assert it.finish() == 0


def test_the_name_of_a_stream_is_escaped() -> None:
    with held() as (url, gate):
        target = f"{url}/slow?\u202e"
        with Terminal([*SSE, "check", target, "-m", "60"], env=NO_CI) as it:
            it.wait_for("2 events")
            gate.set()
            assert it.finish() == 0
            assert "\u202e".encode() not in it.raw
