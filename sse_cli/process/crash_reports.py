"""Reports of bugs in our own code, without the data that was being processed.

Rule 1: the message of an exception is never shown, not even in a traceback. It may quote a header,
a URL or a body, raw or encoded, and redaction cannot find them all in arbitrary text. The type, the
error number and the lines of our own source are enough to locate the bug.
Rule 2: a crash in any thread ends the program as one in the main thread does. Otherwise a crash of
the watchdog would leave the program without its deadline.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import threading
from typing import Any, Final

from sse_cli.process import signals

MOST_CAUSES: Final = 10


def install(*, debug: bool) -> None:
    """Replace Python's own tracebacks, which show the messages of exceptions.

    With `debug`, or if Python's warnings are on, a failed clean-up is traced as in `show`.
    """
    threading.excepthook = _in_a_thread
    sys.unraisablehook = _unraisable if debug or sys.warnoptions else _ignore


def show(error: BaseException) -> None:
    """Print a traceback of `error` and of the errors that caused it, without their messages."""
    _trace(error, "Traceback (most recent call last):")


def words(error: BaseException) -> str:
    """Return the description of a bug: the type, and the name of a system error number."""
    number = errno.errorcode.get(getattr(error, "errno", None) or 0)
    return f"a bug in sse: {type(error).__name__}" + (f" ({number})" if number else "")


def say(text: str) -> None:
    """Print to standard error without Rich, because the bug may be in there. Never raises."""
    if sys.stderr is None:
        return
    with contextlib.suppress(Exception):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def _trace(error: BaseException, title: str) -> None:
    import traceback  # noqa: PLC0415 (takes 3 ms, and is rarely needed)

    for link in _chain(error):
        frames = "".join(traceback.format_list(traceback.extract_tb(link.__traceback__)))
        say(f"{title}\n{frames}{type(link).__name__}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return `error` after the exceptions that caused it, as Python orders them in a traceback."""
    chain = [error]
    while len(chain) < MOST_CAUSES:
        last = chain[-1]
        inner = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if inner is None or inner in chain:
            break
        chain.append(inner)
    return chain[::-1]


def _in_a_thread(args: Any) -> None:
    """Pass the exception that ended a thread to the main thread (`threading.excepthook`)."""
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        signals.crash(args.exc_value)


def _unraisable(args: Any) -> None:
    """Trace a failed clean-up (`sys.unraisablehook`)."""
    if args.exc_value is not None:
        _trace(args.exc_value, "Exception ignored:")


def _ignore(_: Any) -> None:
    """Ignore a failed clean-up (`sys.unraisablehook`): it does not affect the output."""
