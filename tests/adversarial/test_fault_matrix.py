"""Every fault, seen through every output: its ending, the exit code, and each event that the
server's log lists as sent, printed once, in order, with nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import EXIT_CODES
from tests.support.broken_server import SMALLER, Broken, broken
from tests.support.fault_matrix import ALL, ELSEWHERE, LARGE, MATRIX, RECONNECT
from tests.support.peak_memory import measured
from tests.support.program import Ran, sse


class Way(NamedTuple):
    """A command to look at a stream, with readers of its events and its ending."""

    words: tuple[str, ...]
    shown: Callable[[Ran], list[str]]
    ending: Callable[[Ran], str]


def first_ending(text: str) -> str:
    """Return the ending at the start of a closing summary."""
    endings = {ending.value for ending in Ending}
    words = [line.split(" ")[0] for line in text.splitlines()]
    return next(word for word in words if word in endings)


def table_cells(ran: Ran) -> list[str]:
    """Return the text column of the rows, which begin with their number."""
    rows = [line.split() for line in ran.text.splitlines()]
    return [row[-1] for row in rows if row and row[0].isdecimal() and row[-1].startswith("<")]


def closing_line(ran: Ran) -> str:
    (closed,) = (line for line in ran.objects() if line["kind"] == "closed")
    return str(closed["ending"])


def messages(ran: Ran) -> list[str]:
    return [line["query"]["text"] for line in ran.objects() if line["kind"] == "message"]


def pieces(ran: Ran) -> list[str]:
    return [line["text"] for line in ran.objects() if line["kind"] == "text"]


def typed(ran: Ran) -> list[str]:
    """Return the text that was typed out, split at the end of each event's text."""
    return [f"{text}>" for text in ran.text.split(">")[:-1]] if ran.text else []


WAYS = {
    "watch-table": Way(
        ("watch", "-o", "table", "-q", "text=text"), table_cells, lambda ran: first_ending(ran.text)
    ),
    "watch-jsonl": Way(
        ("watch", "-o", "jsonl", "--all", "-q", "text=text", "--summary"), messages, closing_line
    ),
    "tail-text": Way(
        ("tail", "-q", "text", "--summary"), typed, lambda ran: first_ending(ran.talk)
    ),
    "tail-jsonl": Way(
        ("tail", "-q", "text", "-o", "jsonl", "--summary"),
        pieces,
        lambda ran: first_ending(ran.talk),
    ),
}


def texts(server: Broken) -> list[str]:
    """Return the text of every event that was sent."""
    return [json.loads(data)["text"] for data in server.sent()]


def test_the_matrix_has_every_fault() -> None:
    assert MATRIX.keys() | ELSEWHERE == FAULTS.keys()
    assert {name: FAULTS[name].expected for name in MATRIX} == {
        name: expected.once for name, expected in MATRIX.items()
    }


@pytest.mark.parametrize("again", [False, True], ids=["none", "reconnect"])
@pytest.mark.parametrize("name", MATRIX)
def test_a_fault_has_its_ending_and_shows_the_events_that_were_sent(
    name: str, again: bool, tmp_path: Path
) -> None:
    """Record the stream with one command, then read the recording with each."""
    expected, recording = MATRIX[name], tmp_path / "it.rec"
    ending, shown = (
        (expected.again, expected.shown_again) if again else (expected.once, expected.shown)
    )
    with broken(name, 1 if again else None) as server:
        words = (*expected.limits, *(RECONNECT if again else ()), "--record", recording)
        live = sse(*WAYS["watch-jsonl"].words, server.url, *words)
        assert texts(server) == shown
        assert not again or len(server.exchanges) == expected.connections
    assert sse(*WAYS["watch-jsonl"].words, recording) == live
    for way, look in WAYS.items():
        ran = sse(*look.words, recording)
        assert (look.ending(ran), ran.code) == (ending.value, EXIT_CODES[ending]), (way, ran)
        assert look.shown(ran) == shown, way
        assert b"Traceback" not in ran.err


CUTS = [name for name, row in MATRIX.items() if row.shown_again == ALL and row.connections == 3]


@pytest.mark.parametrize("name", CUTS)
def test_a_fault_on_every_connection_has_the_ending_of_the_last_one(name: str) -> None:
    with broken(name) as server:
        words = (*MATRIX[name].limits, *RECONNECT, "--max-reconnects", "1")
        ran = sse(*WAYS["watch-jsonl"].words, server.url, *words)
        assert closing_line(ran) in (FAULTS[name].expected, Ending.DONE), ran
        # Events repeated, or lost by resuming, would show here.
        assert messages(ran) == texts(server) == ALL[: len(messages(ran))]


# Large faults: an endless line or comment must not be kept in memory

# Bytes above a run over a harmless stream. A line is kept twice, up to its limit of 16 MiB.
MEMORY = {"comments": 16 * 2**20}
MEMORY_OF_A_LINE = 48 * 2**20
LARGE_MATRIX = {
    "comments": Ending.EOF,
    "long-line": Ending.TOO_LARGE,
    "gzip-bomb": Ending.TOO_LARGE,
    "deflate-bomb": Ending.TOO_LARGE,
}


@pytest.fixture(scope="module")
def idle() -> dict[str, int]:
    """The peak memory of each command over a harmless stream."""
    with broken(None) as server:
        return {way: measured(*look.words, server.url)[1] for way, look in WAYS.items()}


@pytest.mark.parametrize(
    "full_size", [False, pytest.param(True, marks=pytest.mark.interop)], ids=["small", "full"]
)
@pytest.mark.parametrize(
    ("way", "again"), [*((way, False) for way in WAYS), ("watch-table", True)], ids=str
)
@pytest.mark.parametrize("name", LARGE_MATRIX)
def test_a_large_fault_stays_within_its_memory_limit(
    name: str, way: str, again: bool, full_size: bool, idle: dict[str, int]
) -> None:
    look = WAYS[way]
    ending = Ending.DONE if again and name == "comments" else LARGE_MATRIX[name]
    words = [word for word in look.words if word != "--all"]  # Avoid printing a million lines.
    with broken(name, 1 if again else None, full_size=full_size) as server:
        ran, peak = measured(*words, server.url, *(RECONNECT if again else ()))
        assert ran.code == EXIT_CODES[ending], ran
        assert look.shown(ran) == texts(server) == ALL
        assert way == "watch-jsonl" or look.ending(ran) == ending.value
    growth = peak - idle[way]
    assert growth <= MEMORY.get(name, MEMORY_OF_A_LINE), f"{growth / 2**20:.0f} MiB"


def test_an_exceeded_memory_limit_would_be_detected(idle: dict[str, int]) -> None:
    with broken("long-line") as server:
        words = ("watch", "-o", "jsonl", "-q", "text=text", "--max-size", "64M")
        _, peak = measured(*words, server.url)
    assert peak - idle["watch-jsonl"] > MEMORY_OF_A_LINE


def test_all_large_faults_are_measured() -> None:
    assert LARGE_MATRIX.keys() == LARGE == SMALLER.keys()
    assert {name: FAULTS[name].expected for name in LARGE} == LARGE_MATRIX
