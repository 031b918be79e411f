"""Runs of `sse` as from a shell: a process of its own, its output captured as bytes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.process import DEVNULL, PATIENCE, PIPE, PROGRAM, Process, Setup, environment


class Ran(NamedTuple):
    """The result of a run: exit code (minus the signal's number if one killed it) and output."""

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
        """Return the JSON Lines of standard output, without the keys `drop`."""
        lines = [json.loads(line) for line in self.out.splitlines()]
        return [{k: v for k, v in line.items() if k not in drop} for line in lines]


def sse(
    *words: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    program: Sequence[str] = (),
    setup: Setup | None = None,
) -> Ran:
    """Run `sse WORDS` to its end."""
    more = environment(env)
    with Process(words, stdin=PIPE, env=more, cwd=cwd, program=program, setup=setup) as process:
        return finish(process, stdin)


def start(
    *words: str | Path, stdin: int = DEVNULL, stdout: int = PIPE, stderr: int = PIPE
) -> Process:
    """Start `sse WORDS`; both outputs are pipes by default. Use it as a context manager.

    Give a stream that waits for something `-m 30`, so that a bug fails its test instead of hanging.
    """
    return Process(words, stdin=stdin, stdout=stdout, stderr=stderr)


def finish(process: Process, given: bytes = b"") -> Ran:
    """Wait for a started run; return its remaining output."""
    out, err = process.communicate(given)
    assert process.returncode is not None
    return Ran(process.returncode, out, err)


def in_shell(script: str, *words: str | Path) -> Ran:
    """Run a bash script in which "$@" is `sse WORDS`."""
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
    """Return the last two lines of a failure; assert that they are an error and a hint."""
    assert b"Traceback" not in ran.err, ran.talk
    lines = ran.talk.splitlines()
    assert [line.partition(" ")[0] for line in lines].count("error:") == 1, ran.talk
    assert [line.partition(" ")[0] for line in lines].count("hint:") == 1, ran.talk
    at = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    assert lines[-1].startswith("hint: "), ran.talk
    # Between the two there is nothing, or an expression with a caret below it.
    assert at == len(lines) - 2 or lines[-2].strip() == "^", ran.talk
    return lines[at].removeprefix("error: "), lines[-1].removeprefix("hint: ")
