"""`sse` as a process, run to its end or read while it runs."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from tests.interop.expected import Line, told

SSE = (sys.executable, "-m", "sse_cli")
PATIENCE = 30.0  # seconds until something that hangs fails its test


def environment(**more: str) -> dict[str, str]:
    """Ours without its proxies, which would take loopback, too, and without
    PYTHONUNBUFFERED, which would hide a flush that is missing."""
    kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    kept.pop("PYTHONUNBUFFERED", None)
    return {**kept, **more}


def watch(
    *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`sse watch` with these arguments, run to its end."""
    return subprocess.run(
        [*SSE, "watch", *arguments],
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def events(*arguments: str, env: Mapping[str, str] | None = None) -> list[Line]:
    """All that `sse watch -o jsonl --all` says of a stream that ends well."""
    done = watch(*arguments, "-o", "jsonl", "--all", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return lines(done.stdout)


def lines(text: str) -> list[Line]:
    """JSON Lines without what varies."""
    return [told(json.loads(line)) for line in text.splitlines()]


class Reader:
    """A pipe that is read as far as a test needs, in `PATIENCE` at most."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._descriptor = pipe.fileno()
        self._until = time.monotonic() + PATIENCE
        self._left = b""

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end. Raises AssertionError when none come."""
        while len(self._left) < size and self._more():
            pass
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def line(self) -> bytes:
        """The next line, its end included."""
        while b"\n" not in self._left and self._more():
            pass
        line, end, self._left = self._left.partition(b"\n")
        return line + end

    def rest(self) -> bytes:
        """All up to the end."""
        while self._more():
            pass
        return self._left

    def _more(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            ready = selector.select(self._until - time.monotonic())
        assert ready, f"nothing more arrived; there was {self._left!r}"
        data = os.read(self._descriptor, 65536)
        self._left += data
        return bool(data)


@contextmanager
def reading(*command: str) -> Iterator[Reader]:
    """A command whose output is read while it runs; it must end well."""
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        try:
            yield Reader(process.stdout)
        except BaseException:
            process.kill()
            raise
        process.stdout.read()
        assert process.wait(PATIENCE) == 0
