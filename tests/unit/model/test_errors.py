"""The tree of errors, and the exit codes that scripts rely on."""

from __future__ import annotations

import pytest

from sse_cli.model import exit_codes
from sse_cli.model.errors import (
    ExpressionError,
    OutputError,
    ReaderGone,
    SSEError,
    Terminated,
    UsageError,
)
from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import ExitCode
from tests.support.terminal import SSE, Terminal


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0, "EXPECTATION": 1, "USAGE": 2, "UNREACHABLE": 3, "REFUSED": 4, "BROKEN": 5,
        "TIMEOUT": 6, "OUTPUT": 7, "BUG": 70,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SSEError("m", "h"), 70),
        (UsageError("m", "h"), 2),
        (ExpressionError("m", "a..b", 2, "h"), 2),
        (OutputError("m", "h"), 7),
    ],
)
def test_every_error_has_a_code_a_message_and_a_hint(error: SSEError, code: int) -> None:
    assert (error.exit_code, error.message, error.hint, str(error)) == (code, "m", "h", "m")


def test_a_closed_pipe_and_a_signal_are_not_errors_of_the_program() -> None:
    assert not issubclass(ReaderGone, SSEError | OSError)
    assert not issubclass(Terminated, Exception)
    assert Terminated(15).signal_number == 15


def test_every_ending_has_an_exit_code() -> None:
    assert {ending.value: int(code) for ending, code in exit_codes.EXIT_CODES.items()} == {
        "done": 0, "eof": 0, "eof-unverified": 0, "limit": 0, "error-event": 5, "truncated": 5,
        "malformed": 5, "too-large": 5, "refused": 4, "unreachable": 3, "stalled": 6,
        "deadline": 6, "interrupted": 130, "empty": 5,
    }  # fmt: skip
    assert set(exit_codes.EXIT_CODES) == set(Ending)


@pytest.mark.parametrize("columns", [40, 60, 79])
def test_a_terminal_gets_long_errors_wrapped_between_words(columns: int) -> None:
    words = "nothing listens on 127.0.0.1:1: connection refused"
    with Terminal([*SSE, "tail", "http://127.0.0.1:1/"], columns=columns) as terminal:
        assert terminal.finish() == 3
        lines = [line.rstrip() for line in terminal.lines if line.strip()]
    start = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    end = next(n for n, line in enumerate(lines) if line.startswith("hint: "))
    first, *others = lines[start:end]
    assert " ".join([first.removeprefix("error: "), *(line.strip() for line in others)]) == words
    assert all(line.startswith("       ") and line[7] != " " for line in others)
    assert (len(others) > 0) == (columns < len("error: ") + len(words))


def test_a_long_word_is_not_broken_so_that_it_can_be_copied() -> None:
    path = "/".join(["long"] * 30)
    with Terminal([*SSE, f"./{path}.sse"], columns=60) as terminal:
        assert terminal.finish() == 2
        assert f"error: no such file: ./{path}.sse" in "".join(terminal.lines)
