"""Runs `sse` as a person's shell would: a process of its own, its output caught as bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 60.0  # seconds until a hanging process fails its test
PROGRAM = (sys.executable, "-m", "sse_cli")


class Ran(NamedTuple):
    """How a run ended: the exit code (minus the signal's number if one killed it), its output."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Standard output."""
        return self.out.decode()

    @property
    def talk(self) -> str:
        """Standard error."""
        return self.err.decode()

    def objects(self, *drop: str) -> list[dict[str, Any]]:
        """The JSON Lines of standard output, without the keys `drop`."""
        lines = [json.loads(line) for line in self.out.splitlines()]
        return [{k: v for k, v in line.items() if k not in drop} for line in lines]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of this machine's but the PATH: no proxy, no colours, no completion.

    What a run leaves open or uses against its deprecation is an error there, as it is here.
    """
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return clean | {"PYTHONWARNINGS": "error"} | dict(more or {})


def sse(
    *words: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    program: Sequence[str] = PROGRAM,
) -> Ran:
    """Run `sse WORDS` to its end."""
    done = subprocess.run(
        [*program, *map(str, words)],
        input=stdin,
        env=environment(env),
        cwd=cwd,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def start(*words: str | Path) -> subprocess.Popen[bytes]:
    """Start `sse WORDS`; both outputs are pipes. Use it as a context manager.

    Give a stream that waits for something `-m 30`: then a bug fails its test and hangs nobody.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and a child would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def finish(process: subprocess.Popen[bytes]) -> Ran:
    """Wait for a started run; what it printed since it was last read."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ran(process.returncode, out, err)


def in_shell(script: str, *words: str | Path) -> Ran:
    """Run a bash script whose "$@" is `sse WORDS`."""
    done = subprocess.run(
        ["bash", "-c", script, "bash", *PROGRAM, *map(str, words)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def redirected(redirection: str, *words: str | Path) -> Ran:
    """Run `sse WORDS` with a shell's redirection."""
    return in_shell(f'exec "$@" {redirection}', *words)


def error_and_hint(ran: Ran) -> tuple[str, str]:
    """The two lines that a failure ends with; asserts that they are just that."""
    assert b"Traceback" not in ran.err, ran.talk
    lines = ran.talk.splitlines()
    assert [line.partition(" ")[0] for line in lines].count("error:") == 1, ran.talk
    assert [line.partition(" ")[0] for line in lines].count("hint:") == 1, ran.talk
    at = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    assert lines[-1].startswith("hint: "), ran.talk
    # Between the two stands nothing, or an expression and the caret below it.
    assert at == len(lines) - 2 or lines[-2].strip() == "^", ran.talk
    return lines[at].removeprefix("error: "), lines[-1].removeprefix("hint: ")
