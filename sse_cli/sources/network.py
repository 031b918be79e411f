"""A URL as a source of signals, over one connection or several.

It imports httpx, which takes 60 ms: import this module only for a URL.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from sse_cli.model.events import Push, Resume, Signal
from sse_cli.request.model import Request
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.clock import Clock
from sse_cli.transport import connect as transport
from sse_cli.transport.reconnect import ConnectionPace, Reconnector, ReconnectPolicy
from sse_cli.transport.watchdog import Patience, endless


def from_url(  # noqa: PLR0913 (one request, and the state of the run)
    request: Request,
    reading: Reading,
    clock: Clock,
    policy: ReconnectPolicy | None = None,
    resume: Resume | None = None,
    *,
    patience: Patience = endless,
    push: Push | None = None,
) -> Iterator[Signal]:
    """Return the signals of a request, over as many connections as `policy` allows.

    Chunks that are pushed are not among them. `patience` limits each wait for a signal.
    """
    cookies = transport.Cookies() if policy and policy.reconnect else None
    pace = ConnectionPace()

    def connect(request: Request, attempt: int) -> Generator[Signal, None, None]:
        return transport.connect(
            request,
            clock,
            reading.of_reply,
            attempt=attempt,
            cookies=cookies,
            spent=clock() if attempt > 1 else 0.0,
            admit=pace.admit,
            patience=patience,
            push=push,
        )

    policy, resume = policy or ReconnectPolicy(), resume or Resume()
    opener = Reconnector(connect, policy, resume, clock, pace=pace, patience=patience)
    return opener.signals(request)
