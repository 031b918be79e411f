"""The signals of one request, made in process."""

from __future__ import annotations

from typing import Any

from sse_cli.model.events import Chunk, Closed, Opened, Signal
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect


def ask(url: str, **fields: Any) -> list[Signal]:
    """Return every signal of one request."""
    return list(connect.connect(Request(url, **fields), RunClock()))


def opened(signals: list[Signal]) -> Opened:
    """Return the reply's head, which comes first."""
    assert isinstance(signals[0], Opened)
    return signals[0]


def closed(signals: list[Signal]) -> Closed:
    """Return the ending: the last signal, and the only one of its kind."""
    (found,) = (signal for signal in signals if isinstance(signal, Closed))
    assert signals[-1] is found
    return found


def chunks(signals: list[Signal]) -> list[bytes]:
    """Return the body, as the reads returned it."""
    return [signal.data for signal in signals if isinstance(signal, Chunk)]


def body(signals: list[Signal]) -> bytes:
    return b"".join(chunks(signals))
