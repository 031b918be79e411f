"""A run of `sse`, started by the fork server, with the interface of `subprocess.Popen`."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self, cast

from tests.support.paths import ROOT

PATIENCE = 60.0  # Seconds until a hanging process fails its test.
PIPE, DEVNULL, STDOUT = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT
PROGRAM = (sys.executable, "-m", "sse_cli")
COLD: Final = os.environ.get("SSE_COLD") == "1" or not sys.platform.startswith("linux")
# Variables that the fork server was started with; Python reads them only at its start.
AS_SERVED: Final = {"PYTHONWARNINGS": "error", "PYTHONPATH": str(ROOT)}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment with only this machine's PATH: no proxy, no colours, no completion.

    Resources left open and deprecated calls are errors in the run, as they are in the tests.
    """
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return clean | {"PYTHONWARNINGS": "error"} | dict(more or {})


def needs_a_new_python(env: Mapping[str, str]) -> bool:
    """Return whether Python itself would behave differently in this environment."""
    own = {name: value for name, value in env.items() if name.startswith("PYTHON")}
    return "PYTHONWARNINGS" not in own or not own.items() <= AS_SERVED.items()


class Setup(NamedTuple):
    """A function of the tests that runs in the process before `sse` does."""

    module: str
    function: str
    arguments: dict[str, Any]

    @classmethod
    def of(cls, function: Callable[..., object], **arguments: Any) -> Self:
        """Return a setup that calls `function`, of a module's top level, with these arguments."""
        return cls(function.__module__, function.__name__, arguments)


class Process:
    """`sse WORDS` as a process; `program` is another one to run with these words.

    `terminal` makes standard input the controlling terminal of a session of its own. The process
    has the descriptors `more` as 3, 4 and so on.
    """

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        stdin: int = DEVNULL,
        stdout: int = PIPE,
        stderr: int = PIPE,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        program: Sequence[str] = (),
        terminal: bool = False,
        setup: Setup | None = None,
        more: Sequence[int] = (),
    ) -> None:
        env = environment() if env is None else env
        if not program and not setup and (COLD or needs_a_new_python(env)):
            program = PROGRAM
        request = {
            "words": [*map(str, words)],
            "program": [*program, *map(str, words)] if program else [],
            "env": dict(env),
            "cwd": str(cwd or Path.cwd()),
            "terminal": terminal,
            "setup": setup and setup._asdict(),
        }
        self.returncode: int | None = None
        with contextlib.ExitStack() as stack:
            ends = [_open(stack, stdin, "r"), _open(stack, stdout, "w")]
            ends.append(ends[1] if stderr == STDOUT else _open(stack, stderr, "w"))
            answer = _open(stack, PIPE, "w")
            _ask(request, [*(end.theirs for end in ends), *more, answer.theirs])
        self.stdin, self.stdout = ends[0].ours, ends[1].ours
        self.stderr = None if stderr == STDOUT else ends[2].ours
        assert answer.ours
        self._answer = answer.ours
        pid = self._answer.readline()
        assert pid, "the fork server is gone; its traceback is on standard error"
        self.pid = int(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure:  # of the test: nobody tells the process to end
            self.kill()
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self.wait()

    def poll(self) -> int | None:
        """Return the exit status, minus the number if a signal killed it; None if it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for the end of the process; return its exit status."""
        if self.returncode is None:
            if not select.select([self._answer], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("sse", timeout)
            self.returncode = int(self._answer.readline())
            self._answer.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: bytes = b"", timeout: float = PATIENCE) -> tuple[bytes, bytes]:
        """Write to standard input, read both outputs to their ends, and wait."""
        deadline = time.monotonic() + timeout
        feeder = threading.Thread(target=self._feed, args=(given,))
        feeder.start()
        out, err = self._read_outputs(deadline)
        feeder.join()
        self.wait(max(0.0, deadline - time.monotonic()))
        return out, err

    def _feed(self, given: bytes) -> None:
        if self.stdin and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(given)

    def _read_outputs(self, deadline: float) -> list[bytes]:
        got = [bytearray(), bytearray()]
        with selectors.DefaultSelector() as selector:
            for pipe, data in zip((self.stdout, self.stderr), got, strict=True):
                if pipe and not pipe.closed:
                    os.set_blocking(pipe.fileno(), False)
                    data.extend(pipe.read() or b"")  # the output that an earlier call has buffered
                    selector.register(pipe, selectors.EVENT_READ, data)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    self.kill()
                    raise subprocess.TimeoutExpired("sse", PATIENCE, b"".join(got))
                for key, _ in ready:
                    pipe = cast("IO[bytes]", key.fileobj)
                    piece = pipe.read()
                    key.data.extend(piece or b"")
                    if piece == b"":
                        selector.unregister(pipe)
        return [*map(bytes, got)]


class _End(NamedTuple):
    """A descriptor for the process, and the other end of the pipe if it is one."""

    theirs: int
    ours: IO[bytes] | None = None


def _open(stack: contextlib.ExitStack, which: int, mode: str) -> _End:
    """Open a standard stream of the process; the stack closes our copy of it."""
    if which == DEVNULL:
        end = _End(os.open(os.devnull, os.O_RDWR))
    elif which == PIPE:
        reader, writer = os.pipe()
        theirs, ours = (reader, writer) if mode == "r" else (writer, reader)
        end = _End(theirs, os.fdopen(ours, "wb" if ours == writer else "rb"))
    else:
        return _End(which)
    stack.callback(os.close, end.theirs)
    return end


_asking = threading.Lock()


def _ask(request: dict[str, Any], descriptors: list[int]) -> None:
    data = json.dumps(request).encode()
    with _asking:
        server = start_server()
        socket.send_fds(server, [len(data).to_bytes(8, "big")], descriptors)
        server.sendall(data)


@functools.cache
def start_server() -> socket.socket:
    """Start the fork server, once; return the socket that it reads requests from."""
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(number)],
            cwd=ROOT,
            env=environment(AS_SERVED),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[number],
            start_new_session=True,  # Ctrl-C is meant for pytest.
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
