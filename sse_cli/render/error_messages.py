"""The `error:`, `warning:` and `hint:` lines on standard error."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.text import Text

from sse_cli.model.errors import ExpressionError, SSEError
from sse_cli.render.console import prose
from sse_cli.text import escaping


def error_lines(message: str, hint: str = "") -> Iterable[Text]:
    """Yield `error: …` and `hint: …`, the last lines of every failure."""
    yield prose("error: ", "sse.bad", escaping.compact(message))
    if hint:
        yield prose("hint: ", "sse.heading", escaping.compact(hint))


def warning_lines(message: str, hint: str) -> Iterable[Text]:
    """Yield `warning: …` and `hint: …`, for an outcome that is not an error but unexpected."""
    yield prose("warning: ", "sse.stopped", escaping.compact(message))
    yield prose("hint: ", "sse.heading", escaping.compact(hint))


def error_of(error: SSEError, hint: str) -> Iterable[Text]:
    """Yield an error's lines; a faulty expression is shown with a caret below its column.

    `hint` is the advice for the error's cause.
    """
    message, *rest = error_lines(error.message, hint)
    yield message
    if isinstance(error, ExpressionError):
        before = escaping.compact(error.expression[: error.column])
        yield Text("  " + before + escaping.compact(error.expression[error.column :]))
        yield Text("  " + " " * cell_len(before) + "^", style="sse.bad")
    yield from rest
