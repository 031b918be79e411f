"""Files and standard input as sources of signals: recordings and raw streams.

A limit on the time ends every wait: for the writer that a FIFO needs before it can be opened, and
for each read. A flood of bytes, or one event that never ends, has no waits: the limit is looked at
before each read, too.
"""

from __future__ import annotations

import os
import queue
import select
import stat
import sys
import threading
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
from sse_cli.transport.watchdog import FOREVER, Patience, endless

READ_SIZE: Final = 64 * 1024


class ReadingLimits(NamedTuple):
    """The limits on the time of reading: the patience of the reader, and the seconds in all."""

    patience: Patience = endless
    max_time: float | None = None


def from_file(
    path: str,
    reading: Reading,
    clock: Clock | None = None,
    resume: Resume | None = None,
    limits: ReadingLimits = ReadingLimits(),  # noqa: B008 (immutable)
) -> Iterator[Signal]:
    """Return the signals of a recording, or of a raw stream, in a file.

    The signals of a recording keep their stamps; they come all at once, or at `reading.speed` by
    `clock`. The signals of a raw stream have the stamp 0, except that a pipe with a name (a process
    substitution) is read as it arrives. Raises UsageError if the file cannot be opened; the signals
    raise it for an invalid recording, and for a FIFO, which is opened when its writer opens it.
    """
    file = _Input(-1, path, False, clock or RunClock(), *_limits(limits))
    resume = resume or Resume()
    if _is_fifo(path):
        return _read_fifo(file, reading, resume)
    file = _opened(file)
    return _close_after(file.descriptor, _read(file, reading, resume))


def from_stdin(
    reading: Reading,
    clock: Clock,
    resume: Resume | None = None,
    limits: ReadingLimits = ReadingLimits(),  # noqa: B008 (immutable)
) -> Iterator[Signal]:
    """Return the signals of standard input, as it arrives; a recording is read as in `from_file`.

    Raises UsageError if standard input is closed.
    """
    return _read(_standard_input(clock, limits), reading, resume or Resume())


def recorded(target: str, reading: Reading) -> reader.Recording:
    """Read a file, or standard input for `-`, as a recording; a raw stream becomes one.

    Raises UsageError as `from_file` and `reader.read` do.
    """
    if target == "-":
        file = _standard_input(_stand_still, ReadingLimits())
    else:
        file = _opened(_Input(-1, target, False, _stand_still))
    start = file.start()
    if reader.is_recording(start):
        return reader.read(chain([start], iter(file.read, b"")), file.name)
    signals = _raw(file, start, reading)
    from sse_cli.recording import writer  # noqa: PLC0415 (recordings do not need it)

    return reader.Recording(writer.header_of(), signals)


def is_regular(target: str) -> bool:
    """Return whether a file, or standard input for `-`, is a regular file; never raises."""
    return stat.S_ISREG(_mode(target))


class _LateError(Exception):
    """The end of reading by a limit."""


class _Input(NamedTuple):
    """A file or standard input, read until `until` (monotonic clock), None for no limit.

    Signals of a regular file all have the stamp 0.
    """

    descriptor: int
    name: str
    is_regular: bool
    clock: Clock
    patience: Patience = endless
    max_time: float | None = None
    until: float | None = None

    def now(self) -> float:
        """Return the stamp of a signal."""
        return 0.0 if self.is_regular else self.clock()

    def left(self) -> float | None:
        """Return the seconds until the first limit, None if there is none."""
        ends = [] if self.until is None else [self.until - time.monotonic()]
        if (patience := self.patience()) is not None:
            ends.append(patience)
        return min(ends) if ends else None

    def read(self) -> bytes:
        """Read the next bytes, b"" at the end.

        Raises _LateError if nothing arrives within the limits, and OSError. Bytes that are already
        there are read even if `patience` is over.
        """
        if self.until is not None and time.monotonic() >= self.until:
            raise _LateError
        left = None if self.is_regular else self.left()
        if left is not None and not select.select([self.descriptor], [], [], max(left, 0.0))[0]:
            raise _LateError
        return os.read(self.descriptor, READ_SIZE)

    def start(self) -> bytes:
        """Read enough bytes to tell a recording from a raw stream. Raises as `read` does."""
        start = b""
        while len(start) < len(reader.MARK) and reader.MARK.startswith(start):
            if not (data := self.read()):
                break
            start += data
        return start

    def failed(self, error: OSError | _LateError, state: str = "the input had not ended") -> Closed:
        """Return the end of reading by `error`; `state` is what a limit has ended."""
        if isinstance(error, OSError):
            reason = (error.strerror or "read error").lower()
            return Closed(self.now(), Ending.TRUNCATED, f"reading {self.name} failed: {reason}")
        patience = self.patience()
        if self.max_time is None or (patience is not None and patience <= 0):
            return Closed(self.clock(), Ending.DEADLINE, "the reader stopped waiting")
        detail = f"{state} when the time limit of {self.max_time:g} s was over"
        return Closed(self.clock(), Ending.DEADLINE, detail, Cause.MAX_TIME)


def _limits(limits: ReadingLimits) -> tuple[Patience, float | None, float | None]:
    """Return the limits with the moment at which the second ends."""
    seconds = limits.max_time
    until = None if seconds is None else time.monotonic() + min(seconds, FOREVER)
    return limits.patience, seconds, until


def _mode(target: str) -> int:
    """Return the mode of a file, or of standard input for `-`; 0 if there is none."""
    try:
        return os.stat(sys.stdin.fileno() if target == "-" else target).st_mode  # noqa: PTH116 (a str, as it is opened)
    except (OSError, ValueError, AttributeError):  # missing or closed: reported on opening
        return 0


def _is_fifo(path: str) -> bool:
    return stat.S_ISFIFO(_mode(path))


def _opened(file: _Input) -> _Input:
    path = file.name
    try:
        descriptor = os.open(path, os.O_RDONLY)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            os.close(descriptor)
            raise UsageError(f"{path} is a directory", "name a file in it")
    except OSError as error:
        raise _unreadable(path, error) from None
    return file._replace(descriptor=descriptor, is_regular=stat.S_ISREG(mode))


def _unreadable(path: str, error: OSError) -> UsageError:
    reason = (error.strerror or "unreadable").lower()
    return UsageError(f"can't read {path}: {reason}", "check its permissions")


def _standard_input(clock: Clock, limits: ReadingLimits) -> _Input:
    if sys.stdin is None:
        raise UsageError("standard input is closed", Cause.STDIN_CLOSED)
    return _Input(sys.stdin.fileno(), "standard input", False, clock, *_limits(limits))


def _read_fifo(file: _Input, reading: Reading, resume: Resume) -> Iterator[Signal]:
    """Yield the signals of a FIFO, once a writer has opened it.

    A thread waits for the writer, because the system knows no time limit for that.
    """
    results: queue.SimpleQueue[int | OSError] = queue.SimpleQueue()

    def work() -> None:
        try:
            results.put(os.open(file.name, os.O_RDONLY))
        except OSError as error:
            results.put(error)

    threading.Thread(target=work, daemon=True, name="sse-open").start()
    left = file.left()
    try:
        result = results.get(timeout=FOREVER if left is None else max(left, 0.0))
    except queue.Empty:
        yield file.failed(_LateError(), f"no program had opened {file.name} to write")
        return
    if isinstance(result, OSError):
        raise _unreadable(file.name, result)
    yield from _close_after(result, _read(file._replace(descriptor=result), reading, resume))


def _read(file: _Input, reading: Reading, resume: Resume) -> Iterator[Signal]:
    try:
        start = file.start()
    except (OSError, _LateError) as error:
        yield file.failed(error)
        return
    if reader.is_recording(start):
        yield from _replayed(file, start, reading, resume)
        return
    if reading.speed is not None:
        raise UsageError(f"{file.name} is not a recording, so it has no speed", Cause.NO_SPEED)
    yield from _raw(file, start, reading)


def _raw(file: _Input, data: bytes, reading: Reading) -> Iterator[Signal]:
    body = UndecidedBody(Opened(file.now(), file.name), reading.of_start)
    reads = _reads(file, data)
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
        yield Closed(file.now(), Ending.REFUSED, detail, Cause.TYPE_OTHER)
    else:
        cause = Cause.OWN_OUTPUT if media_type.is_own(bytes(body.held)) else ""
        yield Closed(file.now(), Ending.EOF, "the input ended", cause)


def _reads(file: _Input, data: bytes) -> Iterator[Chunk | Closed]:
    """Yield `data` and all that follows; `Closed` only if reading fails, or by a limit."""
    try:
        while data:
            yield Chunk(file.now(), data)
            data = file.read()
    except (OSError, _LateError) as error:
        yield file.failed(error)


def _stand_still() -> float:
    return 0.0


def _replayed(file: _Input, start: bytes, reading: Reading, resume: Resume) -> Iterator[Signal]:
    if reading.any_type or reading.ndjson:
        raise UsageError(
            f"{file.name} is a recording, which knows how its body is read",
            Cause.RECORDING_TYPE,
        )
    try:
        found = reader.read(chain([start], iter(file.read, b"")), file.name)
        resume.last_event_id = found.header.last_event_id
        for signal in found.signals:
            if reading.speed:
                _wait_until(signal.at, file, reading.speed)
            yield signal
    except (OSError, _LateError) as error:
        yield file.failed(error)


def _wait_until(at: float, file: _Input, speed: float) -> None:
    """Wait for the moment `at` of a recording. Raises _LateError by a limit before it."""
    while (ahead := at - file.clock()) > 0:
        left = file.left()
        if left is not None and left <= 0:
            raise _LateError
        # The clock runs at `speed`, and so does a reader's patience, but not the time limit.
        time.sleep(ahead / speed if left is None else min(ahead / speed, left, left / speed))


def _close_after(descriptor: int, signals: Iterator[Signal]) -> Iterator[Signal]:
    try:
        yield from signals
    finally:
        os.close(descriptor)
