"""The wire: the only room that imports httpx. A request goes in, signals come out.

Rule 1: how a connection fails is its `Closed` signal, never an exception.
Rule 2: bytes are handed on as each read returned them, content coding undone, nothing held back:
where a read holds many HTTP chunks, the first is yielded and the others are pushed, together,
before the socket is asked for more.
Rule 3: deadlines are kept on the wall clock. Name lookup, connecting and waiting for headers
run in a thread that can be abandoned; a body that is being read is ended by shutting its
socket down, since a read timeout never sees a trickle.
Rule 4: nothing of the caller's crosses to another origin.

httpx's `Client` is passed over for its transport: a client adds headers of its own, prepares
redirects nobody asked for, and loads the CA store even for http (30 ms).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from sse_cli.model import media_type
from sse_cli.model.events import Push, Signal
from sse_cli.request.model import Request
from sse_cli.transport.body import REFUSED_BODY_LIMIT, MediaOf, opened_by, read_body
from sse_cli.transport.error_mapping import Failed
from sse_cli.transport.handshake import Cookies
from sse_cli.transport.httpx_request import parse_url
from sse_cli.transport.redirects import follow
from sse_cli.transport.watchdog import Patience, Watchdog, endless

__all__ = ["REFUSED_BODY_LIMIT", "Cookies", "connect"]


def connect(  # noqa: PLR0913 (one request, and what earlier connections leave)
    request: Request,
    clock: Callable[[], float],
    media_of: MediaOf = media_type.media,
    *,
    attempt: int = 1,
    cookies: Cookies | None = None,
    spent: float = 0.0,
    admit: Callable[[float | None], None] = lambda _left: None,
    patience: Patience = endless,
    push: Push | None = None,
) -> Generator[Signal, None, None]:
    """One exchange: `Opened`, `Chunk`s and `Closed`, or `Closed` alone.

    `clock` gives the seconds since the run began; it is read once for each signal. `attempt`
    is the number of the connection; `cookies` are kept from one to the next, and `spent` are
    the seconds that earlier ones took of its time limit; `admit` may hold back the connections
    that redirects ask for; nobody waits longer than `patience` says. Raises UsageError for what
    can't be asked at all (an invalid URL, an unusable certificate).
    """
    watchdog = Watchdog(request.max_time, request.idle_timeout, spent=spent, patience=patience)
    with contextlib.ExitStack() as stack:
        stack.callback(watchdog.close)
        watchdog.start()
        try:
            reply = follow(request, parse_url(request.url), watchdog, stack, cookies, admit)
            opened = opened_by(reply, clock(), media_of)._replace(attempt=attempt)
            watchdog.received()
            yield opened
            closed = yield from read_body(opened, reply, watchdog, clock, push)
        except Failed as failed:
            closed = failed.closed()
        yield closed._replace(at=clock())
