"""What was named on the command line, as an iterator of signals.

A target is read in this order: `-` is standard input; anything with `://` a URL; an existing
path a file; a missing path-like word "no such file"; a bare host a URL; all else no target.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
import select
import stat
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sse_cli.model import media_type
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Media, Opened, Push, Resume, Signal
from sse_cli.recording import reader, writer
from sse_cli.request.model import Request
from sse_cli.transport.reconnect import ConnectionPace, Reconnector, ReconnectPolicy
from sse_cli.transport.watchdog import Patience, endless

READ_SIZE: Final = 64 * 1024
_FILE_ENDINGS: Final = (".sse", ".ndjson", ".jsonl", ".rec", ".toml")
# No top-level domain is called so (but .md, .py, .sh and .zip are ones).
_NO_DOMAINS: Final = frozenset(
    {".csv", ".gz", ".har", ".json", ".log", ".out", ".raw", ".txt", ".xml", ".yaml", ".yml"}
)
_HOST_LIKE: Final = re.compile(r"[.:/]")

Kind = Literal["stdin", "url", "file"]
Clock = Callable[[], float]


class RunClock:
    """The seconds since it was first asked: what was imported before that is not its time.

    Whole microseconds, as recordings and JSON Lines hold them, so that all figures of a run
    come out the same from its recording. `speed` is that of a recording which is played.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._start = 0
        self._unit = 1000 / (speed or 1.0)  # nanoseconds in a microsecond of ours

    def __call__(self) -> float:
        now = time.perf_counter_ns()
        self._start = self._start or now
        return (now - self._start) // self._unit / 1_000_000


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
    if _is_path(target):
        raise UsageError(f"no such file: {target}", "check the path; - reads standard input")
    if target.lower() == "localhost" or _HOST_LIKE.search(target):
        return "url"
    raise UsageError(f"{target!r} is no command, file or URL", _hint(target, commands))


def _hint(word: str, commands: Sequence[str]) -> str:
    """What may be meant by a word that is nothing."""
    from sse_cli.mockserver import scenarios  # noqa: PLC0415 (for those who mistake one for a target)

    if word in scenarios.names():
        return f"sse demo {word} plays that scenario, sse serve {word} serves it"
    close = difflib.get_close_matches(word, commands, n=1)
    return f"did you mean {close[0]!r}?" if close else "sse --help lists the commands"


def _is_path(target: str) -> bool:
    """Whether a word that is no file can't be anything else."""
    if target.startswith(("./", "../", "/", "~")) or target.endswith(_FILE_ENDINGS):
        return True
    return "/" not in target and Path(target).suffix.lower() in _NO_DOMAINS


class Reading(NamedTuple):
    """How bodies are read whatever they say they are; `speed` is for recordings, 0 at once."""

    any_type: bool = False
    ndjson: bool = False
    speed: float | None = None

    def of_reply(self, status: int, content_type: str | None) -> Media:
        """How a reply's body is read."""
        return media_type.media(status, content_type, any_type=self.any_type, ndjson=self.ndjson)

    def of_start(self, start: bytes) -> Media:
        """How a body without a type is read, by its first bytes."""
        if self.ndjson:
            return "ndjson"
        return "event-stream" if self.any_type else media_type.sniff(start)


def from_url(  # noqa: PLR0913 (one request, and what the run knows)
    request: Request,
    reading: Reading,
    clock: Clock,
    policy: ReconnectPolicy | None = None,
    resume: Resume | None = None,
    *,
    patience: Patience = endless,
    push: Push | None = None,
) -> Iterator[Signal]:
    """The signals of a request, over as many connections as `policy` asks for, but those that
    are pushed; none is waited for longer than `patience` says."""
    # Imported here: httpx costs 60 ms, which files and standard input need not pay.
    from sse_cli.transport import connect as transport  # noqa: PLC0415

    cookies = transport.Cookies() if policy and policy.reconnect else None
    pace = ConnectionPace()

    def connect(request: Request, attempt: int) -> Generator[Signal, None, None]:
        return transport.connect(
            request,
            clock,
            reading.of_reply,
            attempt=attempt,
            cookies=cookies,
            spent=clock() if attempt > 1 else 0.0,
            admit=pace.admit,
            patience=patience,
            push=push,
        )

    opener = Reconnector(
        connect,
        policy or ReconnectPolicy(),
        resume or Resume(),
        clock,
        pace=pace,
        patience=patience,
    )
    return opener.signals(request)


def from_file(
    path: str,
    reading: Reading,
    clock: Clock | None = None,
    resume: Resume | None = None,
    patience: Patience = endless,
) -> Iterator[Signal]:
    """The signals of a recording, or of a raw stream in a file.

    Those of a recording have the stamps they had; they come at once, or at `reading.speed` by
    `clock`. Those of a raw stream have the stamp 0, but a pipe with a name
    (`sse <(curl -N URL)`) is read as it arrives. Raises UsageError when the file can't be
    opened; the signals do so where a recording is bad.
    """
    file = _opened(path)._replace(patience=patience)
    signals = _read(file, reading, clock or RunClock(), resume or Resume())
    return _close_after(file.descriptor, signals)


def from_stdin(
    reading: Reading, clock: Clock, resume: Resume | None = None, patience: Patience = endless
) -> Iterator[Signal]:
    """The signals of standard input, as it arrives; of a recording as `from_file` has them.
    Raises UsageError when it is closed."""
    file = _standard_input()._replace(patience=patience)
    return _read(file, reading, clock, resume or Resume())


def recorded(target: str, reading: Reading) -> reader.Recording:
    """A file, or standard input for `-`, as a recording: what it is, or one made of a raw stream.

    Raises UsageError as `from_file` and `reader.read` do.
    """
    file = _standard_input() if target == "-" else _opened(target)
    start = file.start()
    if reader.is_recording(start):
        return reader.read(chain([start], iter(file.read, b"")), file.name)
    signals = _raw(file, start, reading, _stand_still)
    return reader.Recording(writer.header_of(), signals)


class _Input(NamedTuple):
    """What signals are read from. The time of a regular file stands still."""

    descriptor: int
    name: str
    is_regular: bool
    patience: Patience = endless

    def read(self) -> bytes:
        """What comes next, b"" at the end. Raises TimeoutError, an OSError, when nothing came for
        as long as the reader wants to wait; what has come counts, however late it is."""
        left = None if self.is_regular else self.patience()
        if left is not None and not select.select([self.descriptor], [], [], max(left, 0.0))[0]:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return os.read(self.descriptor, READ_SIZE)

    def start(self) -> bytes:
        """Enough of its beginning to tell what it is."""
        start = b""
        while len(start) < len(reader.MARK) and reader.MARK.startswith(start):
            if not (data := self.read()):
                break
            start += data
        return start


def _opened(path: str) -> _Input:
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
    return _Input(descriptor, path, is_regular=stat.S_ISREG(mode))


def _standard_input() -> _Input:
    if sys.stdin is None:
        raise UsageError("standard input is closed", "pipe a stream into it: curl -N URL | sse -")
    return _Input(sys.stdin.fileno(), "standard input", is_regular=False)


def _read(file: _Input, reading: Reading, clock: Clock, resume: Resume) -> Iterator[Signal]:
    now = _stand_still if file.is_regular else clock
    try:
        start = file.start()
    except OSError as error:
        yield _failed(file, error, now())
        return
    if reader.is_recording(start):
        yield from _replayed(file, start, reading, clock, resume)
        return
    if reading.speed is not None:
        raise UsageError(f"--speed is for recordings, and {file.name} is none", "drop it")
    yield from _raw(file, start, reading, now)


def _raw(file: _Input, data: bytes, reading: Reading, now: Clock) -> Iterator[Signal]:
    media = reading.of_start(data)
    hint = media_type.OWN_LINES if media_type.is_own(data) else ""
    yield Opened(now(), file.name, media=media)
    try:
        while data:
            yield Chunk(now(), data)
            data = file.read()
    except OSError as error:
        yield _failed(file, error, now())
        return
    if media == "other":
        detail = f"{file.name} is a web page or XML, and no event stream"
        yield Closed(now(), Ending.REFUSED, detail, media_type.ANY_TYPE)
    else:
        yield Closed(now(), Ending.EOF, "the input ended", hint)


def _failed(file: _Input, error: OSError, at: float) -> Closed:
    reason = (error.strerror or "read error").lower()
    return Closed(at, Ending.TRUNCATED, f"reading {file.name} failed: {reason}")


def _stand_still() -> float:
    return 0.0


def _replayed(
    file: _Input, start: bytes, reading: Reading, clock: Clock, resume: Resume
) -> Iterator[Signal]:
    if reading.any_type or reading.ndjson:
        raise UsageError(
            f"{file.name} is a recording, which knows how its body is read",
            "drop --any-type and --ndjson",
        )
    found = reader.read(chain([start], iter(file.read, b"")), file.name)
    resume.last_event_id = found.header.last_event_id
    speed = reading.speed or 0.0
    for signal in found.signals:
        while speed and (ahead := signal.at - clock()) > 0:
            time.sleep(ahead / speed)
        yield signal


def _close_after(descriptor: int, signals: Iterator[Signal]) -> Iterator[Signal]:
    try:
        yield from signals
    finally:
        os.close(descriptor)


def _exists(path: Path) -> bool:
    """Return whether there is a file, as far as can be seen."""
    try:
        path.stat()  # `exists` swallows all errors from Python 3.14 on
    except PermissionError:  # opening it will say so, by name
        return True
    except (OSError, ValueError):  # a name too long for a file may be a URL
        return False
    return True
