"""Files and standard input as sources of signals: recordings and raw streams."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from sse_cli.model import media_type
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Resume, Signal
from sse_cli.parser.undecided import UndecidedBody
from sse_cli.recording import reader
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.clock import Clock, RunClock
from sse_cli.transport.watchdog import Patience, endless

READ_SIZE: Final = 64 * 1024


def from_file(
    path: str,
    reading: Reading,
    clock: Clock | None = None,
    resume: Resume | None = None,
    patience: Patience = endless,
) -> Iterator[Signal]:
    """Return the signals of a recording, or of a raw stream, in a file.

    The signals of a recording keep their stamps; they come all at once, or at `reading.speed` by
    `clock`. The signals of a raw stream have the stamp 0, except that a pipe with a name (a process
    substitution) is read as it arrives. Raises UsageError if the file cannot be opened; the signals
    raise it for an invalid recording.
    """
    file = _opened(path)._replace(patience=patience)
    signals = _read(file, reading, clock or RunClock(), resume or Resume())
    return _close_after(file.descriptor, signals)


def from_stdin(
    reading: Reading, clock: Clock, resume: Resume | None = None, patience: Patience = endless
) -> Iterator[Signal]:
    """Return the signals of standard input, as it arrives; a recording is read as in `from_file`.

    Raises UsageError if standard input is closed.
    """
    file = _standard_input()._replace(patience=patience)
    return _read(file, reading, clock, resume or Resume())


def recorded(target: str, reading: Reading) -> reader.Recording:
    """Read a file, or standard input for `-`, as a recording; a raw stream becomes one.

    Raises UsageError as `from_file` and `reader.read` do.
    """
    file = _standard_input() if target == "-" else _opened(target)
    start = file.start()
    if reader.is_recording(start):
        return reader.read(chain([start], iter(file.read, b"")), file.name)
    signals = _raw(file, start, reading, _stand_still)
    from sse_cli.recording import writer  # noqa: PLC0415 (recordings do not need it)

    return reader.Recording(writer.header_of(), signals)


def is_regular(target: str) -> bool:
    """Return whether a file, or standard input for `-`, is a regular file; never raises."""
    try:
        mode = (os.fstat(sys.stdin.fileno()) if target == "-" else os.stat(target)).st_mode  # noqa: PTH116 (a str, as it is opened)
    except (OSError, ValueError, AttributeError):  # closed or missing: reported on opening
        return False
    return stat.S_ISREG(mode)


class _Input(NamedTuple):
    """A file or standard input. Signals of a regular file all have the stamp 0."""

    descriptor: int
    name: str
    is_regular: bool
    patience: Patience = endless

    def read(self) -> bytes:
        """Read the next bytes, b"" at the end.

        Raises TimeoutError, an OSError, if nothing arrives within `patience`. Bytes that are
        already there are read even if `patience` is over.
        """
        left = None if self.is_regular else self.patience()
        if left is not None and not select.select([self.descriptor], [], [], max(left, 0.0))[0]:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return os.read(self.descriptor, READ_SIZE)

    def start(self) -> bytes:
        """Read enough bytes to tell a recording from a raw stream."""
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
        raise UsageError("standard input is closed", Cause.STDIN_CLOSED)
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
        raise UsageError(f"{file.name} is not a recording, so it has no speed", Cause.NO_SPEED)
    yield from _raw(file, start, reading, now)


def _raw(file: _Input, data: bytes, reading: Reading, now: Clock) -> Iterator[Signal]:
    body = UndecidedBody(Opened(now(), file.name), reading.of_start)
    reads = _reads(file, data, now)
    held: list[Chunk | Closed] = []
    opened: Opened | None = None
    for signal in reads:  # until it is certain how they are to be read
        held.append(signal)
        if isinstance(signal, Closed) or (opened := body.feed(signal.data)):
            break
    opened = opened or body.all()
    yield opened
    for signal in chain(held, reads):
        yield signal
        if isinstance(signal, Closed):
            return
    if opened.media == "other":
        detail = f"{file.name} is a web page or XML, not an event stream"
        yield Closed(now(), Ending.REFUSED, detail, Cause.TYPE_OTHER)
    else:
        cause = Cause.OWN_OUTPUT if media_type.is_own(bytes(body.held)) else ""
        yield Closed(now(), Ending.EOF, "the input ended", cause)


def _reads(file: _Input, data: bytes, now: Clock) -> Iterator[Chunk | Closed]:
    """Yield `data` and all that follows; `Closed` only if reading fails."""
    try:
        while data:
            yield Chunk(now(), data)
            data = file.read()
    except OSError as error:
        yield _failed(file, error, now())


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
            Cause.RECORDING_TYPE,
        )
    found = reader.read(chain([start], iter(file.read, b"")), file.name)
    resume.last_event_id = found.header.last_event_id
    speed = reading.speed or 0.0
    for signal in found.signals:
        while speed and (ahead := signal.at - clock()) > 0:
            left = file.patience()
            if left is not None and left <= 0:
                yield Closed(clock(), Ending.DEADLINE, "the reader stopped waiting")
                return
            time.sleep((ahead if left is None else min(ahead, left)) / speed)
        yield signal


def _close_after(descriptor: int, signals: Iterator[Signal]) -> Iterator[Signal]:
    try:
        yield from signals
    finally:
        os.close(descriptor)
