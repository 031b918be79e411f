"""The signals of one request, made in process."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

from sse_cli.model.events import Chunk, Closed, Opened, Phase, Push, Signal
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect


def ask(url: str, **fields: Any) -> list[Signal]:
    """Return every signal of one request but its phases.

    An interrupt ends the request wherever it comes, as it does in a run.
    """
    with closing(reply_to(Request(url, **fields))) as signals:
        return list(signals)


def reply_to(request: Request, push: Push | None = None) -> Generator[Signal, None, None]:
    """Yield every signal of one request but its phases, as they come."""
    return without_phases(connect.connect(request, RunClock(), push=push))


def without_phases(signals: Iterable[Signal]) -> Generator[Signal, None, None]:
    """Yield all signals but the phases. Closing it closes `signals`, if that is a generator."""
    try:
        for signal in signals:
            if not isinstance(signal, Phase):
                yield signal
    finally:
        if isinstance(signals, Generator):
            signals.close()


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
