"""What was named on the command line, as an iterator of signals.

A target is read in this order: `-` is standard input; anything with `://` a URL; an existing
path a file; a missing path-like word "no such file"; a bare host a URL; all else no target.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sse_cli import content
from sse_cli.errors import UsageError
from sse_cli.events import Chunk, Closed, Ending, Media, Opened, Resume, Signal
from sse_cli.reconnect import Pace, Policy, Reconnector
from sse_cli.request import Request

READ_SIZE: Final = 64 * 1024
_FILE_ENDINGS: Final = (".sse", ".ndjson", ".jsonl", ".toml")
_HOST_LIKE: Final = re.compile(r"[.:/]")

Kind = Literal["stdin", "url", "file"]
Clock = Callable[[], float]


def start_clock() -> Clock:
    """A clock that gives the seconds since now."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start


def kind_of(target: str, commands: Sequence[str] = ()) -> Kind:
    """What `target` names. Raises UsageError when it is nothing of the kind."""
    if target == "-":
        return "stdin"
    if "://" in target:
        return "url"
    if target and _exists(Path(target)):
        return "file"
    if target.lower().startswith("mailto:"):  # else a user with a password, at a host
        raise UsageError(f"{target} is an address to write to", "name an http or https URL")
    if target.startswith(("./", "../", "/", "~")) or target.endswith(_FILE_ENDINGS):
        raise UsageError(f"no such file: {target}", "check the path; - reads standard input")
    if target.lower() == "localhost" or _HOST_LIKE.search(target):
        return "url"
    close = difflib.get_close_matches(target, commands, n=1)
    raise UsageError(
        f"{target!r} is no command, file or URL",
        f"did you mean {close[0]!r}?" if close else "sse --help lists the commands",
    )


@dataclass(frozen=True)
class Reading:
    """How bodies are read whatever they say they are."""

    any_type: bool = False
    ndjson: bool = False

    def of_reply(self, status: int, content_type: str | None) -> Media:
        """How a reply's body is read."""
        return content.media(status, content_type, any_type=self.any_type, ndjson=self.ndjson)

    def of_start(self, start: bytes) -> Media:
        """How a body without a type is read, by its first bytes."""
        return "ndjson" if self.ndjson else content.sniff(start)


def from_url(
    request: Request,
    reading: Reading,
    clock: Clock,
    policy: Policy | None = None,
    resume: Resume | None = None,
) -> Iterator[Signal]:
    """The signals of a request, over as many connections as `policy` asks for."""
    # Imported here: httpx costs 60 ms, which files and standard input need not pay.
    from sse_cli import transport  # noqa: PLC0415

    cookies = transport.Cookies() if policy and policy.reconnect else None
    pace = Pace()

    def connect(request: Request, attempt: int) -> Generator[Signal, None, None]:
        return transport.connect(
            request,
            clock,
            reading.of_reply,
            attempt=attempt,
            cookies=cookies,
            spent=clock() if attempt > 1 else 0.0,
            admit=pace.admit,
        )

    opener = Reconnector(connect, policy or Policy(), resume or Resume(), clock, pace=pace)
    return opener.signals(request)


def from_file(path: str, reading: Reading) -> Iterator[Signal]:
    """The signals of a raw stream in a file, at once: every stamp is 0.

    A pipe with a name (`sse <(curl -N URL)`) is read as it arrives, by a clock of its own.
    Raises UsageError when the file can't be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            os.close(descriptor)
            raise UsageError(f"{path} is a directory", "name a file in it")
    except OSError as error:
        raise UsageError(
            f"can't read {path}: {(error.strerror or 'unreadable').lower()}",
            "check its permissions",
        ) from None
    clock = (lambda: 0.0) if stat.S_ISREG(mode) else start_clock()
    return _read(descriptor, path, reading, clock, close=True)


def from_stdin(reading: Reading, clock: Clock) -> Iterator[Signal]:
    """The signals of standard input, as it arrives. Raises UsageError when it is closed."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", "pipe a stream into it: curl -N URL | sse -")
    return _read(sys.stdin.fileno(), "standard input", reading, clock, close=False)


def _read(
    descriptor: int, name: str, reading: Reading, clock: Clock, *, close: bool
) -> Iterator[Signal]:
    try:
        data = os.read(descriptor, READ_SIZE)
        opened = Opened(clock(), name, media=reading.of_start(data))
        yield opened
        while data:
            yield Chunk(clock(), data)
            data = os.read(descriptor, READ_SIZE)
        yield Closed(clock(), Ending.EOF, "the input ended")
    except OSError as error:
        reason = (error.strerror or "read error").lower()
        yield Closed(clock(), Ending.TRUNCATED, f"reading {name} failed: {reason}")
    finally:
        if close:
            os.close(descriptor)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # opening it will say so, by name
        return True
    except OSError:  # a name too long for a file may be a URL
        return False
