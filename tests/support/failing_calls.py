"""Runs `sse` again and again, and has one call to the system fail each time: the first of its
kind, then the second, until there is no k-th.

    {"words": […], "call": "write", "errno": 28, "for_good": false, "terminal": false, "lines": 0}

is read as a line of JSON from standard input, and answered by a line: a list of how each run
ended. Nothing of `sse` is replaced, only what Python asks of the system below it: the raw
writes under standard output and error, `os.read`, `os.open`, and the methods of sockets. A
socket whose call failed is shut down, as it would be. Each run is a fork of a process that has
imported everything, which is why hundreds of them take seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

import sse_cli.cli.commands
import sse_cli.mockserver
import sse_cli.render.live_table
import sse_cli.render.markdown
import sse_cli.transport.connect
from sse_cli.__main__ import main
from tests.support.process import environment
from tests.support.program import Ran

# All that a run would import, so that it does not: it costs half a second.
IMPORTED: Final = (
    sse_cli.cli.commands,
    sse_cli.render,
    sse_cli.mockserver,
    sse_cli.transport.connect,
)

MOST: Final = 100  # runs for one request: a k-th call that always comes is a bug
SECONDS: Final = 60  # until a run that hangs is killed, by SIGALRM
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


class Failing:
    """Counts calls of one kind, and fails the k-th; `for_good` all that come after, too."""

    def __init__(self, k: int, number: int, *, for_good: bool, reached: int) -> None:
        self._k, self._number, self._for_good = k, number, for_good
        self._reached = reached  # a descriptor that is told
        self._count = 0

    def strike(self, before: Callable[[], object] = lambda: None) -> None:
        """Note a call; raises OSError if it is the one, after `before`."""
        self._count += 1
        if self._count == self._k or (self._for_good and self._count > self._k):
            os.write(self._reached, b"x")
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


def _child(asked: dict[str, Any], k: int, out: int, err: int, reached: int) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(SECONDS)
    nothing = os.open(asked.get("stdin") or os.devnull, os.O_RDONLY)
    for given, descriptor in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(given, descriptor)
    failing = Failing(k, asked["errno"], for_good=asked["for_good"], reached=reached)
    _open_outputs(asked["call"], failing)
    _break_files(asked["call"], failing)
    _break_sockets(asked["call"], failing)
    sys.argv = ["sse", *asked["words"]]
    main()


def _read_terminal(master: int) -> bytes:
    """All that is written to the terminal until nobody has it open any more."""
    got = b""
    with contextlib.suppress(OSError):  # Linux: EIO is its end
        while data := os.read(master, 65536):
            got += data
    os.close(master)
    return got


def _read_lines(reader: int, lines: int, press: Callable[[], None]) -> bytes:
    """What comes through a pipe; after so many lines Ctrl-C is pressed."""
    got = b""
    while data := os.read(reader, 65536):
        before, got = got, got + data
        if before.count(b"\n") < lines <= got.count(b"\n"):
            press()
    os.close(reader)
    return got


def _interrupter(pid: int, reached: int, err: IO[bytes]) -> Callable[[], None]:
    """Presses Ctrl-C once something was said on standard error, or could not be."""

    def press() -> None:
        while not os.fstat(err.fileno()).st_size and not select.select([reached], [], [], 0.01)[0]:
            pass
        os.kill(pid, signal.SIGINT)

    return press


def _run(asked: dict[str, Any], k: int, files: tuple[IO[bytes], IO[bytes]]) -> Run:
    out_file, err_file = files
    for file in files:
        file.seek(0)
        file.truncate()
    reader, reached = os.pipe()
    end, out = -1, out_file.fileno()
    if asked["terminal"]:
        end, out = pty.openpty()
    elif asked["lines"]:
        end, out = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _child(asked, k, out, err_file.fileno(), reached)
        finally:
            os._exit(99)
    os.close(reached)
    if end >= 0:
        os.close(out)
        press = _interrupter(pid, reader, err_file)
        read = _read_terminal(end) if asked["terminal"] else _read_lines(end, asked["lines"], press)
        out_file.write(read)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    was_reached = os.read(reader, 1) == b"x"
    os.close(reader)
    for file in files:
        file.seek(0)
    return Run(k, was_reached, code, out_file.read().decode(), err_file.read().decode())


def _serve() -> None:
    """Answer requests until there are no more."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        for line in sys.stdin.buffer:
            runs: list[Run] = []
            while not runs or (runs[-1].reached and len(runs) < MOST):
                runs.append(_run(json.loads(line), len(runs) + 1, (out, err)))
            sys.stdout.write(json.dumps(runs) + "\n")
            sys.stdout.flush()


class Rig:
    """The process that forks, as a test asks it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def runs(
        self,
        words: list[str],
        call: str,
        number: int,
        *,
        for_good: bool = False,
        terminal: bool = False,
        lines: int = 0,
        stdin: str = "",
    ) -> list[Run]:
        """`sse WORDS` once for each call of a kind that can fail, and once with none: the last.

        `lines` is how many come from one that does not end by itself.
        """
        asked = {"words": words, "call": call, "errno": number, "for_good": for_good}
        asked |= {"terminal": terminal, "lines": lines, "stdin": stdin}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        found = [Run(*run) for run in json.loads(self._process.stdout.readline())]
        assert not found[-1].reached, f"more than {MOST} calls"
        return found

    def sse(self, *words: str) -> Ran:
        """`sse WORDS`, of which nothing fails."""
        (run,) = self.runs([*words], "none", 0)
        return Ran(run.code, run.out.encode(), run.err.encode())


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """The process, for a `with` block."""
    # Its warnings would be of the forks that are killed in mid-run.
    env = environment({"TERM": "xterm-256color", "NO_PROXY": "*"})
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.failing_calls"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
    ) as process:
        yield Rig(process)
        assert process.stdin
        process.stdin.close()


if __name__ == "__main__":
    _serve()
