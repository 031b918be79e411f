"""Exceptions, for errors outside of a stream, and the exit codes.

    SSEError                    message, hint or cause, exit code
    ├── UsageError              2: an option, an expression, a file, a URL
    │   └── ExpressionError     2: JMESPath that does not parse, with the column
    └── OutputError             7: our output can't be written

Three more are caught only at the entry point. Two end the process by a signal: `ReaderGone`
(SIGPIPE) and `Terminated` (SIGTERM, a BaseException like KeyboardInterrupt). `Crashed` says that
one of our threads died of a bug.

The failure of a *stream* is not an exception. It is the `Ending` of its last `Closed` signal, so a
recording fails in the same way.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Every exit code of `sse`, as documented in the README."""

    OK = 0
    EXPECTATION = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    BROKEN = 5
    TIMEOUT = 6
    OUTPUT = 7
    BUG = 70


class SSEError(Exception):
    """An error that a person can act on: what happened, to what, and what to do next.

    `hint` is a `Cause` below the command line, where no option is known, or advice in words.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SSEError):
    """A command line that asks for something that can't be done."""

    exit_code = ExitCode.USAGE


class ExpressionError(UsageError):
    """A JMESPath expression that does not parse. `column` counts characters from 0."""

    def __init__(self, message: str, expression: str, column: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.expression = expression
        self.column = column


class OutputError(SSEError):
    """A failure to write standard output or one of our files: full, closed, unwritable."""

    exit_code = ExitCode.OUTPUT


class ReaderGone(Exception):  # noqa: N818 (not an error: the reader had enough)
    """The close of our output's pipe by its reader."""


class Crashed(BaseException):
    """The death of another thread, of `error`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)  # not its message: it may quote a secret
        self.error = error


class Terminated(BaseException):
    """A signal that asks the program to end, as Ctrl-C does by KeyboardInterrupt."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
