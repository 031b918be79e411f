"""A bug of ours, told without what it was at work on.

Rule 1: no message of an exception is shown, not even in a trace: it may quote a header, a URL, a
body, raw or encoded, and no redactor can know them all in a text of unknown shape. A type, an
error number and the lines of our own source say where to look. Rule 2: a crash in a thread ends
the program as one in the main thread does; else it would go on without its deadline.
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
    """Keep Python's own tracebacks, which show messages, off standard error. With `debug`, or
    where Python's warnings were asked for, a clean-up that failed is traced by `show`'s rules."""
    threading.excepthook = _in_a_thread
    sys.unraisablehook = _unraisable if debug or sys.warnoptions else _ignore


def show(error: BaseException) -> None:
    """Print where `error` and the errors that led to it came from."""
    _trace(error, "Traceback (most recent call last):")


def words(error: BaseException) -> str:
    """What there is to say of a bug: the type, and the number of an error of the system's."""
    number = errno.errorcode.get(getattr(error, "errno", None) or 0)
    return f"a bug in sse: {type(error).__name__}" + (f" ({number})" if number else "")


def say(text: str) -> None:
    """Print to standard error without Rich, which may be what is broken. Never raises."""
    if sys.stderr is None:
        return
    with contextlib.suppress(Exception):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def _trace(error: BaseException, title: str) -> None:
    import traceback  # noqa: PLC0415 (costs 3 ms, and hardly anybody needs it)

    for one in _first_to_last(error):
        frames = "".join(traceback.format_list(traceback.extract_tb(one.__traceback__)))
        say(f"{title}\n{frames}{type(one).__name__}")


def _first_to_last(error: BaseException) -> list[BaseException]:
    chain = [error]
    while len(chain) < MOST_CAUSES:
        last = chain[-1]
        inner = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if inner is None or inner in chain:
            break
        chain.append(inner)
    return chain[::-1]


def _in_a_thread(given: Any) -> None:
    """`threading.excepthook`: hand what a thread died of to the main thread."""
    if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
        signals.crash(given.exc_value)


def _unraisable(given: Any) -> None:
    """Serve as `sys.unraisablehook` for people who want to know of a failed clean-up."""
    if given.exc_value is not None:
        _trace(given.exc_value, "Exception ignored:")


def _ignore(_: Any) -> None:
    """Serve as `sys.unraisablehook` for all others: a stream is not changed by it."""
