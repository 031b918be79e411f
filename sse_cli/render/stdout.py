"""Standard output for data: bytes out at once, every failure noticed.

A pipe gets UTF-8 whatever the locale; a terminal its own encoding, with what that can't show
as escapes.
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

PIPE_BUF: Final = getattr(select, "PIPE_BUF", 512)  # bytes; POSIX promises so many


def standard_output() -> BinaryIO:
    """The bytes below sys.stdout. Raises OutputError when it is closed."""
    if sys.stdout is None:
        raise OutputError("standard output is closed", "run it with an output: not >&-")
    return sys.stdout.buffer


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


class Output:
    """Writes what renderers yield; flushed once a read, which bounds what is kept until then."""

    def __init__(self) -> None:
        self._file = standard_output()
        self._encoding = sys.stdout.encoding if is_terminal() else "utf-8"
        self._is_pipe = _is_pipe(self._file)
        self._texts: list[str] = []  # encoded together: a call a piece costs more than its bytes
        self.write: Callable[[str], None] = self._texts.append
        """Add a piece."""

    def write_bytes(self, piece: bytes) -> None:
        """Add bytes as they are, to an output of nothing else. Raises OutputError, ReaderGone
        when the pipe is closed."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise _failure(error) from None

    def flush(self) -> None:
        """Hand everything to the reader now. Raises as `write_bytes` does."""
        try:  # as failing_output does, which costs more than the write
            if self._texts:
                text = "".join(self._texts)
                self._texts.clear()
                self._write(self._encoded(text))
            self._file.flush()
        except OSError as error:
            raise _failure(error) from None

    def _write(self, data: bytes) -> None:
        """Write lines so that Ctrl-C leaves whole ones to a reader who is slow: a pipe takes up to
        PIPE_BUF bytes at once or not at all (POSIX, write)."""
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
    except OSError:  # no file of the system's
        return False


class failing_output:  # noqa: N801 (reads as a statement)
    """Turns an OSError of a write into an OutputError, or ReaderGone for a broken pipe."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate `error`, and let go of an output that can't be flushed at exit either."""
        if isinstance(error, OSError):
            raise _failure(error) from None


def _failure(error: OSError) -> Exception:
    """What a failed write means; standard output is let go of."""
    abandon_output()
    if isinstance(error, BrokenPipeError):
        return ReaderGone()
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"can't write to standard output: {reason}", "make room, or send it elsewhere"
    )


def abandon_output() -> None:
    """Point standard output at nothing, so that the interpreter's own flush can't fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
