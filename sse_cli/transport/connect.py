"""The entry point of the transport: one request in, the signals of one connection out.

The package's docstring lists the rules.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from sse_cli.model import media_type
from sse_cli.model.events import Phase, Push, Signal
from sse_cli.request.model import Request
from sse_cli.transport.body import REFUSED_BODY_LIMIT, MediaOf, opened_by, read_body
from sse_cli.transport.error_mapping import Failed
from sse_cli.transport.exchange import Cookies
from sse_cli.transport.httpx_request import parse_url
from sse_cli.transport.redirects import follow
from sse_cli.transport.watchdog import Patience, Watchdog, endless

__all__ = ["REFUSED_BODY_LIMIT", "Cookies", "connect"]


def connect(  # noqa: PLR0913 (one request, and the state of earlier connections)
    request: Request,
    clock: Callable[[], float],
    media_of: MediaOf = media_type.of_reply,
    *,
    attempt: int = 1,
    cookies: Cookies | None = None,
    spent: float = 0.0,
    admit: Callable[[float | None], None] = lambda _left: None,
    patience: Patience = endless,
    push: Push | None = None,
) -> Generator[Signal, None, None]:
    """Yield the signals of one exchange: `Phase`s, `Opened`, `Chunk`s and `Closed`.

    Without a reply, there are only `Phase`s and `Closed`.

    `clock` returns the seconds since the run began; it is read once for each signal. `attempt` is
    the number of the connection. `cookies` are shared by all connections. `spent` is the part of
    the time limit (seconds) that earlier connections used. `admit` may delay a connection to which
    a redirect leads. `patience` limits how long the caller waits for an event. Raises UsageError
    for a request that can't be sent (an invalid URL, an unusable certificate).
    """
    watchdog = Watchdog(request.max_time, request.idle_timeout, spent=spent, patience=patience)
    with contextlib.ExitStack() as stack:
        stack.callback(watchdog.close)
        watchdog.start()
        try:
            yield Phase(clock() if attempt > 1 else 0.0, "setup")  # the run began at 0
            url = parse_url(request.url)
            reply = yield from follow(request, url, watchdog, stack, clock, cookies, admit)
            opened = opened_by(reply, clock(), media_of)._replace(attempt=attempt)
            watchdog.received()
            yield opened
            closed = yield from read_body(opened, reply, watchdog, clock, push)
        except Failed as failed:
            closed = failed.closed()
        yield closed._replace(at=clock())
