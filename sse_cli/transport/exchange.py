"""One exchange up to the reply's headers, in a thread that can be abandoned."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import httpx

from sse_cli.model.events import Phase
from sse_cli.request.model import Request
from sse_cli.transport.error_mapping import Failed, failed_head, late_connection, late_reply
from sse_cli.transport.httpx_request import build_request, origin, proxy_of
from sse_cli.transport.httpx_transport import TappedTransport, build_transport, is_tunnel
from sse_cli.transport.tap import Tap
from sse_cli.transport.watchdog import FOREVER, Watchdog

Clock = Callable[[], float]


class Cookies:
    """The cookies that servers set, for their later connections (RFC 6265).

    Each origin has a jar of its own (rule 4): RFC 6265 (8.5) would share the cookies of one port
    with all ports of the host.
    """

    def __init__(self) -> None:
        self._jars: dict[tuple[str, str, int], httpx.Cookies] = {}

    def keep(self, response: httpx.Response, request: httpx.Request) -> None:
        """Keep the cookies that a reply sets."""
        response.request = request
        self._jar(request).extract_cookies(response)

    def add(self, request: httpx.Request) -> None:
        """Add the cookies for the request's URL to the caller's own."""
        bare = httpx.Request("GET", request.url)
        self._jar(request).set_cookie_header(bare)
        if kept := bare.headers.get("cookie"):
            own = request.headers.get("cookie")
            request.headers["Cookie"] = f"{own}; {kept}" if own else kept

    def _jar(self, request: httpx.Request) -> httpx.Cookies:
        return self._jars.setdefault(origin(request.url), httpx.Cookies())


class Reply(NamedTuple):
    """The reply to one request: its head has been read, its body has not.

    `accept` is the request's header, "" if it was not sent.
    """

    url: httpx.URL
    response: httpx.Response
    tap: Tap
    accept: str = ""


def exchange(  # noqa: PLR0913, PLR0917 (a request, and the state that its connections share)
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    clock: Clock,
    cookies: Cookies | None = None,
) -> Generator[Phase, None, Reply]:
    """Send the request and wait for the reply's headers, in a thread of its own.

    Yields the phases as they begin. `stack` closes the transport and the response. An abandoned
    thread loses its connection when the watchdog is closed. Raises Failed, and UsageError for a
    request that can't be sent.
    """
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    via = "proxy" if proxy_of(request, url) else ""
    tap = Tap(clock, results.put, watchdog.watch, via, tunnels=is_tunnel(request, url))
    sent = build_request(request, url)
    transport = build_transport(request, url, tap)
    if cookies:
        cookies.add(sent)
    abandon = _send(transport, sent, results)
    try:
        response = yield from _wait(results, request, watchdog)
    except (httpx.HTTPError, OSError, ValueError) as error:
        transport.close()
        raise _failed(error, request, url, watchdog, tap) from None
    except BaseException as error:
        abandon()
        if isinstance(error, Failed):
            error.with_head(bytes(tap.start))
        raise
    stack.callback(transport.close)
    stack.callback(response.close)
    if cookies:
        cookies.keep(response, sent)
    return Reply(url, response, tap, sent.headers.get("accept", ""))


def _failed(
    error: Exception, request: Request, url: httpx.URL, watchdog: Watchdog, tap: Tap
) -> Failed:
    # The watchdog comes first: a socket that it shut down looks like a lost connection.
    if watchdog.fired:
        return late_reply(watchdog).with_head(bytes(tap.start))
    return failed_head(error, request, url, tap)


def _send(
    transport: TappedTransport, request: httpx.Request, results: queue.SimpleQueue[Any]
) -> Callable[[], None]:
    """Start a thread that puts the response, or the error raised, into `results`.

    Returns a function that abandons the thread. The transport is then closed by the second of the
    two to finish, so never while the thread still reads from it.
    """
    finished, abandoned = threading.Event(), threading.Event()

    def work() -> None:
        try:
            results.put(transport.handle_request(request))
        except BaseException as error:  # raised again by the waiting thread
            results.put(error)
        finished.set()
        if abandoned.is_set():
            transport.close()

    def abandon() -> None:
        abandoned.set()
        if finished.is_set():
            transport.close()

    threading.Thread(target=work, daemon=True, name="sse-connect").start()
    return abandon


def _wait(
    results: queue.SimpleQueue[Any], request: Request, watchdog: Watchdog
) -> Generator[Phase, None, httpx.Response]:
    timeout = request.connect_timeout
    until = None if timeout is None else time.monotonic() + min(timeout, FOREVER)
    while True:
        left = watchdog.remaining()
        connecting = None if until is None else max(0.0, until - time.monotonic())
        limits = [seconds for seconds in (connecting, left) if seconds is not None]
        try:
            item = results.get(timeout=min(limits, default=FOREVER))
        except queue.Empty:
            if timeout is not None and connecting is not None and connecting == min(limits):
                raise late_connection(timeout) from None
            raise late_reply(watchdog) from None
        if isinstance(item, Phase):
            if item.name == "send":
                until = None
            yield item
        elif isinstance(item, BaseException):
            raise item
        else:
            assert isinstance(item, httpx.Response)  # noqa: S101 (the only other type)
            return item
