"""One exchange up to the reply's headers, in a thread that can be abandoned."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import httpx

from sse_cli.request.model import Request
from sse_cli.transport.error_mapping import failed_head, late_connection, late_reply
from sse_cli.transport.httpx_request import build_request, build_transport, origin
from sse_cli.transport.watchdog import FOREVER, Watchdog

_CONNECTED: Final = object()


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


class Wire:
    """The reads of one connection's socket, which httpcore does not report."""

    def __init__(self) -> None:
        self.listens = False
        """Whether the reads are observed: `listen` was called."""
        self.heard = False
        """Whether a byte of an HTTP/1.1 reply has come. httpcore's error for a head that was cut
        short is the same as for no reply at all. HTTP/2 also has bytes that belong to no reply."""
        self.is_fresh = True
        """Whether the socket was read since the reader of the body set this to False."""
        self.before_read: Callable[[], None] = _nothing
        """Called before each read; it may wait, or raise `httpcore.ReadError` to end the read."""
        self._stream: Any = None

    def listen(self, stream: Any, *, counts: bool) -> None:
        """Observe the reads of httpcore's `stream`; with `counts`, they set `heard`."""
        self.listens = True
        read = stream.read

        def listening(*args: Any, **kwargs: Any) -> bytes:
            self.before_read()
            data: bytes = read(*args, **kwargs)
            self.is_fresh = True
            if counts and data:
                self.heard = True
            return data

        stream.read = listening
        self._stream = stream

    def leave(self) -> None:
        """Restore `stream.read`; the wrapper and the stream form a reference cycle."""
        if self._stream is not None:
            del self._stream.read
            self._stream = None


def _nothing() -> None:
    """Do nothing before a read."""


class Reply(NamedTuple):
    """The reply to one request: its head has been read, its body has not.

    `accept` is the request's header, "" if it was not sent.
    """

    url: httpx.URL
    response: httpx.Response
    wire: Wire
    accept: str = ""


def exchange(
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    cookies: Cookies | None = None,
) -> Reply:
    """Send the request and wait for the reply's headers, in a thread of its own.

    `stack` closes the transport and the response. An abandoned thread loses its connection when
    the watchdog is closed. Raises Failed, and UsageError for a request that can't be sent.
    """
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    wire = Wire()
    sent = build_request(request, url, _trace(results, watchdog, wire))
    transport = build_transport(request, url)
    if cookies:
        cookies.add(sent)
    abandon = _send(transport, sent, results)
    try:
        response = _wait(results, request, watchdog)
    except (httpx.HTTPError, OSError, ValueError) as error:
        transport.close()
        # The watchdog comes first: a socket that it shut down looks like a lost connection.
        if watchdog.fired:
            raise late_reply(watchdog) from None
        raise failed_head(error, request, url, heard=wire.heard) from None
    except BaseException:
        abandon()
        raise
    stack.callback(wire.leave)
    stack.callback(transport.close)
    stack.callback(response.close)
    if cookies:
        cookies.keep(response, sent)
    return Reply(url, response, wire, sent.headers.get("accept", ""))


def _send(
    transport: httpx.HTTPTransport, request: httpx.Request, results: queue.SimpleQueue[Any]
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


def _wait(results: queue.SimpleQueue[Any], request: Request, watchdog: Watchdog) -> httpx.Response:
    timeout = request.connect_timeout
    connecting = None if timeout is None else min(timeout, FOREVER)
    while True:
        left = watchdog.remaining()
        limits = [seconds for seconds in (connecting, left) if seconds is not None]
        try:
            item = results.get(timeout=min(limits, default=FOREVER))
        except queue.Empty:
            if connecting is not None and connecting == min(limits):
                raise late_connection(connecting) from None
            raise late_reply(watchdog) from None
        if item is _CONNECTED:
            connecting = None
        elif isinstance(item, BaseException):
            raise item
        else:
            assert isinstance(item, httpx.Response)  # noqa: S101 (the only other type)
            return item


def _trace(
    results: queue.SimpleQueue[Any], watchdog: Watchdog, wire: Wire
) -> Callable[[str, Any], None]:
    """Return a trace hook for httpcore that gives new sockets to the watchdog.

    It also reports in `results` that the connection is made: when the request's headers are sent.
    The CONNECT that a proxy gets does not count.
    """
    streams: list[Any] = []  # the plain stream, then the one that TLS wraps around it

    def trace(name: str, info: dict[str, Any]) -> None:
        if name in ("connection.connect_tcp.complete", "connection.connect_unix_socket.complete"):
            sock = info["return_value"].get_extra_info("socket")
            if isinstance(sock, socket.socket):
                watchdog.watch(sock)
            streams.append(info["return_value"])
        elif name.endswith("start_tls.complete"):
            streams.append(info["return_value"])
        elif name.endswith("send_request_headers.started") and not _is_connect(info):
            wire.listen(streams[-1], counts=name.startswith("http11."))
            results.put(_CONNECTED)

    return trace


def _is_connect(info: dict[str, Any]) -> bool:
    return bool(info["request"].method == b"CONNECT")
