"""Exceptions, each with its exit code.

    SSEError                    message, hint or cause, exit code
    ├── UsageError              2: an option, an expression, a file, a URL
    │   └── ExpressionError     2: JMESPath that does not parse, with the column
    └── OutputError             7: standard output or a file can't be written

Three more are caught at the entry point only. Two make the process end by a signal: `ReaderGone`
(SIGPIPE) and `Terminated` (SIGTERM, SIGHUP, SIGQUIT; a BaseException like KeyboardInterrupt).
`Crashed` reports a bug in another thread.

The failure of a *stream* is not an exception. It is the `Ending` of its last `Closed` signal, so a
recording fails in the same way.
"""

from __future__ import annotations

from sse_cli.model.exit_codes import ExitCode


class SSEError(Exception):
    """An error that people can act on. `message` says what happened, `hint` what to do next.

    In packages that know no options, `hint` is a `Cause`; elsewhere it is the advice itself.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SSEError):
    """An error in the arguments: an invalid option, expression, file or URL."""

    exit_code = ExitCode.USAGE


class ExpressionError(UsageError):
    """A JMESPath expression that does not parse. `column` counts characters from 0."""

    def __init__(self, message: str, expression: str, column: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.expression = expression
        self.column = column


class OutputError(SSEError):
    """An error of writing to standard output or to a file: full, closed or not writable."""

    exit_code = ExitCode.OUTPUT


class ReaderGone(Exception):  # noqa: N818 (not an error: the reader has enough)
    """The reader of our output has closed its end of the pipe."""


class Crashed(BaseException):
    """The crash of another thread by `error`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)  # not its message, which may quote a secret
        self.error = error


class Terminated(BaseException):
    """A signal that ends the program, as KeyboardInterrupt does for Ctrl-C."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
