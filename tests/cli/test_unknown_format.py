"""`sse tail` on a stream of no known format: it says so while the stream goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.events import Chunk, Closed, Ending, Opened
from tests.support.program import error_and_hint, finish, sse, start
from tests.support.recordings import written
from tests.support.terminal import SSE, Terminal

UNKNOWN: Final = b'data: {"unheard": "of"}\n\n'
CHAT: Final = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
ADVICE: Final = "use -q EXPR or --format NAME"
every_output = pytest.mark.parametrize("form", ["text", "json", "jsonl"])


@contextmanager
def serving(*steps: tuple[float | Gate, bytes]) -> Iterator[str]:
    with running(Server({"s": Scenario.of("s", steps)})) as url:
        yield f"{url}/s"


@every_output
def test_it_is_said_while_the_stream_waits(form: str) -> None:
    never = threading.Event()
    steps = ((0.0, UNKNOWN * 12), (never, b""))
    with serving(*steps) as url, start("tail", url, "-m", "30", "-o", form) as process:
        assert process.stderr is not None
        assert process.stderr.readline().decode() == (
            f"note: 12 events, no known format yet: {ADVICE}\n"
        )
        process.send_signal(signal.SIGINT)
        ran = finish(process)
    assert ran.code == -signal.SIGINT
    if form != "json":
        assert ran.out == b""


def test_a_deadline_keeps_its_code_and_the_count_is_said() -> None:
    never = threading.Event()
    with serving((0.0, UNKNOWN * 3), (never, b"")) as url:
        ran = sse("tail", url, "-m", "0.5")
    assert (ran.code, ran.out) == (6, b"")
    assert ran.talk.startswith(f"note: 3 events, no known format: {ADVICE}\n")
    assert error_and_hint(ran)


def test_a_count_that_has_been_said_is_not_repeated() -> None:
    never = threading.Event()
    with serving((0.0, UNKNOWN * 12), (never, b"")) as url:
        ran = sse("tail", url, "-m", "0.5")
    assert ran.code == 6
    assert ran.talk.count("12 events, no known format") == 1


def test_a_slow_stream_gets_it_after_some_seconds_by_its_stamps(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    chunks = [Chunk(at, UNKNOWN) for at in (1.0, 3.0, 8.0)]
    file.write_bytes(written([Opened(0.5, "x"), *chunks, Closed(9.0, Ending.EOF)]))
    ran = sse("tail", file, "--speed", "1000")
    assert ran.code == 2
    assert ran.talk.startswith(f"note: 3 events, no known format yet: {ADVICE}\n")
    assert error_and_hint(ran)[0] == "the format is unknown: none fits the 3 events that came"


def test_the_count_of_all_events_is_said_at_the_end() -> None:
    never = threading.Event()
    with serving((0.0, UNKNOWN * 12), (0.1, UNKNOWN * 3), (never, b"")) as url:
        ran = sse("tail", url, "-m", "1")
    assert ran.code == 6
    notes = [line for line in ran.talk.splitlines() if line.startswith("note: ")]
    assert notes == [
        f"note: 12 events, no known format yet: {ADVICE}",
        f"note: 15 events, no known format: {ADVICE}",
    ]


def test_ctrl_c_on_a_terminal_kills_it_below_the_note() -> None:
    never = threading.Event()
    steps = ((0.0, UNKNOWN * 12), (never, b""))
    with serving(*steps) as url, Terminal([*SSE, "tail", url]) as terminal:
        terminal.wait_for("12 events, no known format yet")
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT
    assert terminal.lines[0].startswith("note: 12 events")
    assert any(line.startswith("interrupted") for line in terminal.lines)


def test_a_file_gets_only_the_error(tmp_path: Path) -> None:
    path = tmp_path / "s.sse"
    path.write_bytes(UNKNOWN * 50)
    ran = sse("tail", path)
    assert (ran.code, ran.out) == (2, b"")
    assert "note:" not in ran.talk
    assert error_and_hint(ran)[0] == "the format is unknown: none fits the 50 events that came"


@pytest.mark.parametrize("words", [(), ("-q", "unheard"), ("--format", "openai-chat")])
def test_a_stream_whose_format_is_known_or_named_gets_no_note(words: tuple[str, ...]) -> None:
    events = UNKNOWN * 5 + CHAT * 20 if not words else UNKNOWN * 20
    with serving((0.0, events), (0.0, b"data: [DONE]\n\n")) as url:
        ran = sse("tail", url, *words)
    assert "note:" not in ran.talk


def test_an_error_event_is_enough_said() -> None:
    with serving((0.0, b'data: {"error": {"message": "no credit"}}\n\n')) as url:
        ran = sse("tail", url)
    assert ran.code == 5
    assert "note:" not in ran.talk
