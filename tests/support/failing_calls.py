"""Runs of `sse` in which one call to the system fails: the first of its kind in the first run,
the second in the second, until there is no k-th.

Nothing of `sse` is replaced, only what Python asks of the system below it: the raw writes under
standard output and error, `os.read`, `os.open`, and the methods of sockets. A socket whose call
failed is shut down, as it would be.
"""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import signal
import socket
import stat
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from tests.support.process import PIPE, Process, Setup, environment

MOST: Final = 100  # runs for one kind of call: a k-th call that always comes is a bug
SECONDS: Final = 60  # until a run that hangs is killed, by SIGALRM
TOLD: Final = 3  # the descriptor that is told of the failing call
BUFFER: Final = 1024  # bytes; small, so that there are many writes
SMALL: Final = 192  # bytes of a socket that come at once, so that there are many reads
SOCKET_CALLS: Final = {
    "recv": ("recv", "recv_into"),
    "send": ("send", "sendall"),
    "connect": ("connect",),
    "accept": ("accept",),
    "setsockopt": ("setsockopt",),
    "dup": ("dup",),
}


class Run(NamedTuple):
    """How the run ended whose k-th call failed; there was none if it was not `reached`."""

    k: int
    reached: bool
    code: int
    out: str
    err: str


def runs(
    words: Sequence[str],
    call: str,
    number: int,
    *,
    for_good: bool = False,
    terminal: bool = False,
    lines: int = 0,
    stdin: str = os.devnull,
) -> list[Run]:
    """Run `sse WORDS` once for each call of a kind that can fail, and once with none: the last.

    `number` is the error's; `for_good` lets all later calls fail, too. A run that does not end
    by itself is interrupted after so many `lines` of output.
    """
    found: list[Run] = []
    while not found or (found[-1].reached and len(found) < MOST):
        k = len(found) + 1
        setup = Setup.of(fail_call, call=call, k=k, number=number, for_good=for_good)
        found.append(_run(words, setup, k, terminal=terminal, lines=lines, stdin=stdin))
    assert not found[-1].reached, f"more than {MOST} calls"
    return found


def _run(
    words: Sequence[str], setup: Setup, k: int, *, terminal: bool, lines: int, stdin: str
) -> Run:
    env = environment({"TERM": "xterm-256color", "NO_PROXY": "*"})
    reader, told = os.pipe()
    theirs = [os.open(stdin, os.O_RDONLY), told]
    master, out = -1, PIPE
    if terminal:
        master, out = pty.openpty()
        theirs.append(out)
    process = Process(words, stdin=theirs[0], stdout=out, env=env, setup=setup, more=[told])
    for descriptor in theirs:
        os.close(descriptor)
    with process, os.fdopen(reader, "rb") as reached:
        shown = _read_terminal(master) if terminal else _read_lines(process, lines, reader)
        rest, err = process.communicate()
        assert process.returncode is not None
        was_reached = reached.read(1) != b""
        return Run(k, was_reached, process.returncode, (shown + rest).decode(), err.decode())


def _read_terminal(master: int) -> bytes:
    """Read all that is written to the terminal until nobody has it open any more."""
    got = b""
    with contextlib.suppress(OSError):  # Linux: EIO is its end
        while data := os.read(master, 65536):
            got += data
    os.close(master)
    return got


def _read_lines(process: Process, lines: int, reached: int) -> bytes:
    """Read so many lines, if there are as many, and then interrupt the run.

    That is once something was said on standard error, or could not be.
    """
    assert process.stdout
    assert process.stderr
    got = [process.stdout.readline() for _ in range(lines)]
    if lines and got[-1]:
        select.select([process.stderr.fileno(), reached], [], [], SECONDS)
        process.send_signal(signal.SIGINT)
    return b"".join(got)


# In the process of the run


def fail_call(*, call: str, k: int, number: int, for_good: bool) -> None:
    """Let the k-th call of a kind fail with an error's number."""
    signal.alarm(SECONDS)
    failing = Failing(k, number, for_good=for_good)
    _open_outputs(call, failing)
    _break_files(call, failing)
    _break_sockets(call, failing)


class Failing:
    """Counts calls of one kind, and fails the k-th; `for_good` all that come after, too."""

    def __init__(self, k: int, number: int, *, for_good: bool) -> None:
        self._k, self._number, self._for_good = k, number, for_good
        self._count = 0

    def strike(self, before: Callable[[], object] = lambda: None) -> None:
        """Note a call; raises OSError if it is the one, after `before`."""
        self._count += 1
        if self._count == self._k or (self._for_good and self._count > self._k):
            os.write(TOLD, b"x")
            before()
            raise OSError(self._number, os.strerror(self._number))


class Raw(io.RawIOBase):
    """A descriptor for writing, each write of which may fail."""

    def __init__(self, descriptor: int, strike: Callable[[], object], name: str) -> None:
        self._descriptor, self._strike, self.name = descriptor, strike, name

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._strike()
        return os.write(self._descriptor, data)


def _nothing() -> None:
    """What befalls a call of another kind."""


def _open_outputs(call: str, failing: Failing) -> None:
    out = Raw(1, failing.strike if call == "write" else _nothing, "<stdout>")
    err = Raw(2, failing.strike if call == "talk" else _nothing, "<stderr>")
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(out, BUFFER), encoding="utf-8", line_buffering=out.isatty()
    )
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(err, BUFFER),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def _break_files(call: str, failing: Failing) -> None:
    read, open_ = os.read, os.open

    def reading(descriptor: int, size: int, /) -> bytes:
        # Not the pipe that signals wake us by.
        if descriptor == 0 or stat.S_ISREG(os.fstat(descriptor).st_mode):
            failing.strike()
        return read(descriptor, size)

    def opening(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if path != os.devnull:
            failing.strike()
        return open_(path, flags, *more, **named)

    if call == "read":
        os.read = reading
    elif call == "open":
        os.open = opening


def _break_sockets(call: str, failing: Failing) -> None:
    for name in SOCKET_CALLS.get(call, ()):
        method = getattr(socket.socket, name)

        def broken(
            self: Any, *given: Any, name: str = name, method: Any = method, **named: Any
        ) -> Any:
            def shut_down() -> None:
                if call in ("recv", "send"):
                    with contextlib.suppress(OSError):
                        self.shutdown(socket.SHUT_RDWR)

            if self.family != socket.AF_UNIX:  # by which an event loop wakes itself
                failing.strike(shut_down)
            if name == "recv":
                given = (min(given[0], SMALL), *given[1:])
            return method(self, *given, **named)

        setattr(socket.socket, name, broken)
