"""A process that has imported all of `sse`, and forks for every run of it.

Starting Python and importing modules take most of a short run's time. A fork is an ordinary
process, with its own descriptors, environment, terminal, signals and exit status; only the
imports are done before. A run whose environment Python itself reads at its start, and every run
with SSE_COLD=1, replaces the fork by a new Python (`execve`).

Request, over a stream socket: the length of a JSON object (8 bytes), with descriptors attached,
then the object. The descriptors are standard input, output and error, any further ones of the
run, and a pipe on which the server answers: the pid in a line, and the exit status in a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import termios
import traceback
from typing import Any, NoReturn

import sse_cli
from sse_cli.__main__ import main

LENGTH = 8  # bytes
MOST_DESCRIPTORS = 8  # of one request
OUT_OF_THE_WAY = 64  # No run asks for descriptors from here on.
MOST_OPEN = 4096


def serve(channel: socket.socket) -> None:
    """Fork for each request, until the other end closes the channel."""
    _import_everything()
    gc.collect()
    gc.freeze()  # Freezing keeps a fork's collections from touching, and so copying, these objects.
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    answers: dict[int, int] = {}  # the answer pipe of each child
    while True:
        ready, _, _ = select.select([channel.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_the_dead(answers)
        if channel.fileno() in ready:
            header, descriptors, _, _ = socket.recv_fds(channel, LENGTH, MOST_DESCRIPTORS)
            if not header:
                return
            request = json.loads(_read(channel, int.from_bytes(header)))
            *given, answer = descriptors
            if request["setup"]:
                importlib.import_module(request["setup"]["module"])
            pid = os.fork()
            if pid == 0:
                _run(request, given)
            answers[pid] = answer
            for descriptor in given:
                os.close(descriptor)
            os.write(answer, b"%d\n" % pid)


def _import_everything() -> None:
    for module in pkgutil.walk_packages(sse_cli.__path__, "sse_cli."):
        if not module.name.endswith(("__main__", "pytest_plugin")):
            importlib.import_module(module.name)


def _read(channel: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += channel.recv(size - len(received))
    return received


def _report_the_dead(answers: dict[int, int]) -> None:
    while answers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        answer = answers.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # The test no longer reads the status.
            os.write(answer, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(answer)


def _run(request: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Become the requested run."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup pytest` ignores SIGHUP.
        kept = [fcntl.fcntl(number, fcntl.F_DUPFD, OUT_OF_THE_WAY) for number in descriptors]
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
        os.closerange(len(kept), MOST_OPEN)
        if request["terminal"]:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.chdir(request["cwd"])
        if request["program"]:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these signals.
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(request["program"][0], request["program"], request["env"])
        os.environ.clear()  # In place, because default arguments refer to it.
        os.environ.update(request["env"])
        sys.argv = ["sse", *request["words"]]
        _open_standard_streams()
        if request["setup"]:
            _set_up(**request["setup"])
        main()
    except SystemExit as error:
        _leave(int(error.code or 0))
    except BaseException:
        traceback.print_exc()
    _leave(1)


def _open_standard_streams() -> None:
    """Open standard streams as Python does at its start (`create_stdio` in pylifecycle.c)."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name)
        raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        buffer = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
        text = io.TextIOWrapper(
            buffer,
            before.encoding,
            before.errors,
            newline=None if number == 0 else "\n",
            line_buffering=number == 2 or raw.isatty(),
        )
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)


def _set_up(module: str, function: str, arguments: dict[str, Any]) -> None:
    getattr(importlib.import_module(module), function)(**arguments)


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)
