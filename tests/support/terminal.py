"""A real terminal for tests: a command on a pty, with pyte as its screen.

Nothing here sleeps: the output is read while a condition is waited for, and a deadline turns a
hang into a failure that shows the screen. Every byte is kept in `raw`.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeAlias

import pyte

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.process import PROGRAM, Process

SSE = PROGRAM
Steps: TypeAlias = Iterable[tuple[float | Gate, bytes]]
TIMEOUT = 20.0  # Seconds that any one wait may take.
READ_SIZE = 1 << 16
MOST_DRAWN = 1 << 20  # bytes that are drawn for a failure's sake: pyte takes a minute for ten MiB
HISTORY = 5000  # lines of scrollback
_OURS = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONWARNINGS": "error"}
_UNWANTED = (
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLORTERM", "TERM_PROGRAM"),
    *("TTY_COMPATIBLE", "TTY_INTERACTIVE", "LC_ALL", "LC_CTYPE"),
    *("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of an ordinary shell: a UTF-8 terminal, no proxy, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _UNWANTED and not name.startswith("PYTHON")
    }
    return {**kept, **_OURS, **(extra or {})}


class Terminal:
    """`command` running on a terminal of `columns` x `rows` cells; killed at the block's end.

    `screen` is the present screen, `raw` every byte that the command ever wrote. The command's
    exit status is as subprocess gives it: negative for the signal that killed it.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.raw = bytearray()
        self._screen = pyte.HistoryScreen(columns, rows, history=HISTORY)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0  # Bytes of `raw` that the screen has processed.
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        self.modes_before = self.modes()
        try:
            ours = tuple(command[: len(SSE)]) == SSE
            # Keys such as Ctrl-C become signals: the terminal is the controlling one.
            self._process = Process(
                command[len(SSE) :] if ours else (),
                program=() if ours else command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment(env),
                terminal=True,
            )
        finally:
            os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._master >= 0:
            os.close(self._master)

    @property
    def pid(self) -> int:
        """The command's process id."""
        return self._process.pid

    @property
    def screen(self) -> pyte.HistoryScreen:
        """The screen after every byte read so far."""
        self._stream.feed(bytes(self.raw[self._drawn :]))
        self._drawn = len(self.raw)
        return self._screen

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, without trailing blanks and empty last lines."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.lines)

    @property
    def cells(self) -> list[list[str]]:
        """Every line from the top of the scrollback down, as one item for each column; the second
        column of a wide character is empty.
        """
        screen = self.screen
        lines = [*screen.history.top, *(screen.buffer[row] for row in range(screen.lines))]
        return [[line[column].data for column in range(screen.columns)] for line in lines]

    @property
    def scrolled(self) -> list[str]:
        """The whole scrollback and screen: all the lines of `cells`, blanks trimmed."""
        lines = ["".join(cells).rstrip() for cells in self.cells]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def wrote(self, wanted: bytes) -> bool:
        """Return whether a few bytes are among the latest output."""
        return self.raw.find(wanted, max(0, len(self.raw) - 2 * READ_SIZE)) >= 0

    def wait_for(self, wanted: str | Callable[[], bool], timeout: float = TIMEOUT) -> None:
        """Read until a text is on the screen, or a condition holds."""
        met = wanted if callable(wanted) else lambda: wanted in self.text
        deadline = time.monotonic() + timeout
        while not met():
            if not self._read(deadline):
                raise AssertionError(f"the command ended, or hangs; {self._last_words()}")

    def finish(self, timeout: float = TIMEOUT) -> int:
        """Read until the command ends; return its exit status."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        return self._process.wait(max(0.1, deadline - time.monotonic()))

    def hang_up(self) -> int:
        """Close the window; return the exit status of the command in it."""
        os.close(self._master)
        self._master = -1
        return self._process.wait(TIMEOUT)

    def type(self, keys: bytes) -> None:
        """Press keys: b"\\x03" is Ctrl-C."""
        os.write(self._master, keys)

    def signal(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self._process.send_signal(number)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size; the kernel tells the command (SIGWINCH)."""
        self._screen = self.screen
        self._set_size(columns, rows)
        self._screen.resize(rows, columns)

    def modes(self) -> list[Any]:
        """Return the terminal's modes, which `stty -a` shows."""
        return termios.tcgetattr(self._master)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _last_words(self) -> str:
        if len(self.raw) - self._drawn > MOST_DRAWN:
            return f"the last bytes:\n{bytes(self.raw[-2000:])!r}"
        return f"the screen:\n{self.text}"

    def _read(self, deadline: float) -> bool:
        """Read some of what the command wrote; False when it has closed the terminal."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._master], [], [], left)[0]:
            raise AssertionError(f"nothing more within the time; {self._last_words()}")
        try:
            data = os.read(self._master, READ_SIZE)
        except OSError:  # Linux: EIO once no process has the terminal open.
            return False
        self.raw += data
        return bool(data)


@contextmanager
def watching(
    steps: Steps,
    *options: str,
    columns: int = 80,
    rows: int = 24,
    env: Mapping[str, str] | None = None,
    shell: str = "",
    **reply: Any,
) -> Iterator[Terminal]:
    """Run `sse URL options…` on a terminal, while a server sends `steps` as `reply` says.

    `shell` wraps it: the shell command to run, in which `$SSE` stands for the command line.
    """
    with running(Server({"s": Scenario.of("s", steps, **reply)})) as url:
        command = [*SSE, f"{url}/s", *options]
        if shell:
            command = ["/bin/sh", "-c", shell.replace("$SSE", shlex.join(command))]
        with Terminal(command, columns=columns, rows=rows, env=env) as terminal:
            yield terminal
