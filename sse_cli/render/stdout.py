"""Standard output for data: flushed at once, with every failure reported.

A pipe gets UTF-8 whatever the locale. A terminal gets its own encoding, with escapes for
characters that the encoding lacks.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

from sse_cli.model.errors import OutputError, ReaderGone
from sse_cli.text import escaping

PIPE_BUF: Final = getattr(select, "PIPE_BUF", 512)  # bytes; 512 is POSIX's minimum


def standard_output() -> BinaryIO:
    """Return the binary buffer of sys.stdout. Raises OutputError when it is closed."""
    if sys.stdout is None:
        raise OutputError("standard output is closed", "run it without >&-")
    return sys.stdout.buffer


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


class Output:
    """A buffer of text for standard output. The run flushes it after each read, so it stays
    small."""

    def __init__(self) -> None:
        self._file = standard_output()
        self._encoding = sys.stdout.encoding if is_terminal() else "utf-8"
        self._is_pipe = _is_pipe(self._file)
        # Joined, then encoded and written once: for short texts a call each costs more.
        self._texts: list[str] = []
        self.write: Callable[[str], None] = self._texts.append
        """Add text."""

    def write_bytes(self, data: bytes) -> None:
        """Add bytes unchanged; do not mix this with `write`.

        Raises OutputError, or ReaderGone when the pipe is closed.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise _failure(error) from None

    def flush(self) -> None:
        """Hand everything to the reader now. Raises the errors of `write_bytes`."""
        try:  # the same as failing_output, which costs more than the write
            if self._texts:
                text = "".join(self._texts)
                self._texts.clear()
                self._write(self._encoded(text))
            self._file.flush()
        except OSError as error:
            raise _failure(error) from None

    def _write(self, data: bytes) -> None:
        """Write lines; to a pipe, in pieces of at most PIPE_BUF bytes unless one line is longer.

        A pipe takes such a piece completely or not at all (POSIX, write), so that a slow reader
        gets only whole lines even when Ctrl-C interrupts.
        """
        start = 0
        while self._is_pipe and len(data) - start > PIPE_BUF:
            stop = data.rfind(b"\n", start, start + PIPE_BUF) + 1
            stop = stop or data.find(b"\n", start + PIPE_BUF) + 1 or len(data)
            self._file.write(data[start:stop])
            self._file.flush()
            start = stop
        self._file.write(data[start:] if start else data)

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self._encoding)
        except UnicodeEncodeError:
            return escaping.without_surrogates(text).encode(self._encoding, "backslashreplace")


def _is_pipe(file: BinaryIO) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
    except OSError:  # an object in memory, without a file descriptor
        return False


class failing_output:  # noqa: N801 (reads as a statement)
    """A context manager that turns an OSError into an OutputError, or ReaderGone for a broken
    pipe."""

    def __enter__(self) -> None:
        """Do nothing on entry."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate an OSError, and abandon the output: flushing it at exit would fail again."""
        if isinstance(error, OSError):
            raise _failure(error) from None


def _failure(error: OSError) -> Exception:
    """Return the exception for a failed write, and abandon standard output."""
    abandon_output()
    if isinstance(error, BrokenPipeError):
        return ReaderGone()
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"can't write to standard output: {reason}", "free some space, or write elsewhere"
    )


def abandon_output() -> None:
    """Redirect standard output to the null device, so that Python's flush at exit can't fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
