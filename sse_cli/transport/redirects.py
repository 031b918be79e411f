"""Redirects (Fetch, "HTTP-redirect fetch"): within the origin, beyond it only with `location`.

Nothing of the caller's crosses to another origin.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Final

import httpx

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending, Phase
from sse_cli.request.model import Request
from sse_cli.request.url import checked
from sse_cli.text import redaction
from sse_cli.transport.error_mapping import Failed
from sse_cli.transport.exchange import Clock, Cookies, Reply, exchange
from sse_cli.transport.httpx_request import origin
from sse_cli.transport.watchdog import Watchdog

MAX_REDIRECTS: Final = 20
# The only headers that are sent to another origin (rule 4): none identifies the caller.
_ANONYMOUS: Final = frozenset({"accept", "accept-encoding", "cache-control", "user-agent"})


def follow(  # noqa: PLR0913, PLR0917 (a request, and the state that its connections share)
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    clock: Clock,
    cookies: Cookies | None = None,
    admit: Callable[[float | None], None] = lambda _left: None,
) -> Generator[Phase, None, Reply]:
    """Return the first reply that is not a redirect to follow; yield the phases on the way to it.

    Raises Failed.
    """
    for _ in range(MAX_REDIRECTS + 1):
        hop = stack.enter_context(contextlib.ExitStack())
        reply = yield from exchange(request, url, watchdog, hop, clock, cookies)
        response = reply.response
        target = _target(response, url)
        if target is None:
            return reply
        # A server that serves one connection at a time waits for the end of this one.
        hop.close()
        watchdog.release()
        watchdog.received()  # a redirect is an answer, and the pause that may follow is our own
        if origin(target) != origin(url):
            if not request.location:
                raise _blocked(response.status_code, target).with_head(bytes(reply.tap.start))
            request = _anonymous(request)
        elif _turns_into_get(response.status_code, request.method):
            request = _without_body(request)
        url = target
        yield Phase(clock(), "redirect")
        admit(watchdog.remaining())
        watchdog.waiting()
    raise Failed(
        Ending.REFUSED,
        f"more than {MAX_REDIRECTS} redirects, the last to {redaction.url(str(url))}",
        Cause.REDIRECT_LOOP,
    )


def _target(response: httpx.Response, url: httpx.URL) -> httpx.URL | None:
    """Return the target of a redirect; None if the reply is not one or its target is invalid."""
    location = response.headers.get("location", "")
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        given = httpx.URL(location)
        target = url.join(given)
        checked(str(target))
    except (httpx.InvalidURL, ValueError, UsageError):
        return None
    # httpx would read "http://" as the URL that it is joined to, and escape an invalid host.
    return None if (given.scheme and not given.host) or "%" in target.host else target


def _blocked(status: int, target: httpx.URL) -> Failed:
    return Failed(
        Ending.REFUSED,
        f"{status} redirects to another origin, {redaction.url(str(target))}",
        Cause.REDIRECT_ORIGIN,
    )


def _turns_into_get(status: int, method: str) -> bool:
    return (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    )


def _without_body(request: Request) -> Request:
    headers = tuple(h for h in request.headers if not h[0].lower().startswith("content-"))
    return request._replace(method="GET", body=None, headers=headers)


def _anonymous(request: Request) -> Request:
    headers = tuple(h for h in request.headers if h[0].lower() in _ANONYMOUS)
    return request._replace(method="GET", body=None, headers=headers, cert=None, key=None)
