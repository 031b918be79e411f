"""Runs of `sse` in which one system call fails: the first of its kind in the first run, the second
in the second, until there is no k-th.

Nothing of `sse` is replaced, only the system calls that Python makes below it: the raw writes
under standard output and error, `os.read`, `os.open`, and the methods of sockets. A socket whose
call failed is shut down, as a real failure would do.
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

MOST: Final = 100  # Runs for one kind of call: a k-th call that always comes is a bug.
SECONDS: Final = 60  # Until SIGALRM kills a run that hangs.
REPORT: Final = 3  # The descriptor on which the failing call is reported.
BUFFER: Final = 1024  # Bytes; small, so that there are many writes.
SMALL: Final = 192  # Bytes that a socket returns at once; small, so that there are many reads.
SOCKET_CALLS: Final = {
    "recv": ("recv", "recv_into"),
    "send": ("send", "sendall"),
    "connect": ("connect",),
    "accept": ("accept",),
    "setsockopt": ("setsockopt",),
    "dup": ("dup",),
}


class Run(NamedTuple):
    """The result of the run whose k-th call failed; `reached` is False if it made no k-th call."""

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
    """Run `sse WORDS` once for each call of a kind, which fails, and once more with no failure.

    `number` is the error's; `for_good` makes all later calls fail, too. A run that does not end
    by itself is interrupted after `lines` lines of output.
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
    """Read all that is written to the terminal until no process has it open."""
    got = b""
    with contextlib.suppress(OSError):  # Linux: EIO is its end
        while data := os.read(master, 65536):
            got += data
    os.close(master)
    return got


def _read_lines(process: Process, lines: int, reached: int) -> bytes:
    """Read `lines` lines, or fewer if the output ends, and then interrupt the run.

    The interrupt waits for a write to standard error, or for the failure of one.
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
    """Make the k-th call of a kind fail with an error's number."""
    signal.alarm(SECONDS)
    failing = Failing(k, number, for_good=for_good)
    _open_outputs(call, failing)
    _break_files(call, failing)
    _break_sockets(call, failing)


class Failing:
    """A counter of calls of one kind that fails the k-th; with `for_good` the later ones, too."""

    def __init__(self, k: int, number: int, *, for_good: bool) -> None:
        self._k, self._number, self._for_good = k, number, for_good
        self._count = 0

    def strike(self, before: Callable[[], object] = lambda: None) -> None:
        """Count a call; raise OSError, after `before`, if it has to fail."""
        self._count += 1
        if self._count == self._k or (self._for_good and self._count > self._k):
            os.write(REPORT, b"x")
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
    """Leave a call of another kind alone."""


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
        # Leave out the pipe by which signals wake us.
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

            if self.family != socket.AF_UNIX:  # An event loop wakes itself by this one.
                failing.strike(shut_down)
            if name == "recv":
                given = (min(given[0], SMALL), *given[1:])
            return method(self, *given, **named)

        setattr(socket.socket, name, broken)
