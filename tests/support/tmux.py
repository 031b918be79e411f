"""tmux, a terminal that wraps its lines again when the width of its window changes.

pyte, the screen of terminal.py, cuts them. Both kinds of terminal are in use.
"""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

from tests.support.terminal import TIMEOUT, environment

_numbers = itertools.count()


class Tmux:
    """`command` in a window of `columns` x `rows` cells, on a tmux server of its own that ends with
    the block.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        start: str = "$ sse\n",
    ) -> None:
        self._socket: Final = (
            f"sse-test-{os.getpid()}-{next(_numbers)}"  # The last one may still be ending.
        )
        size = ("-x", str(columns), "-y", str(rows))
        # By default the command starts below a line, as below a prompt.
        shell = f"printf %s {shlex.quote(start)}; exec {shlex.join(command)}"
        self._tell("-f", "/dev/null", "new-session", "-d", "-s", "s", *size, shell)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell("kill-server", check=False)  # The server is gone once the command has ended.

    @property
    def lines(self) -> list[str]:
        """The lines of the scrollback and the screen, without the empty last ones."""
        return self._tell("capture-pane", "-t", "s", "-p", "-S", "-").rstrip("\n").split("\n")

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self._tell("resize-window", "-t", "s", "-x", str(columns), "-y", str(rows))

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tell("send-keys", "-t", "s", *keys)

    def wait_for(self, met: Callable[[], bool]) -> None:
        """Read the screen until a condition holds."""
        deadline = time.monotonic() + TIMEOUT
        while not met():
            assert time.monotonic() < deadline, "the screen:\n" + "\n".join(self.lines)

    def _tell(self, *words: str, check: bool = True) -> str:
        command = ["tmux", "-L", self._socket, *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment(), check=check, timeout=TIMEOUT
        )
        return done.stdout
