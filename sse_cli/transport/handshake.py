"""One exchange, up to the reply's headers, in a thread that can be given up on."""

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
    """The cookies that a server set, for its later connections (RFC 6265).

    Each origin has a jar of its own: RFC 6265 (8.5) would hand what one port of a host has set
    to every other (rule 4).
    """

    def __init__(self) -> None:
        self._jars: dict[tuple[str, str, int], httpx.Cookies] = {}

    def keep(self, response: httpx.Response, ask: httpx.Request) -> None:
        """Take what a reply sets."""
        response.request = ask
        self._jar(ask).extract_cookies(response)

    def add(self, ask: httpx.Request) -> None:
        """Put those for this URL beside the caller's own."""
        bare = httpx.Request("GET", ask.url)
        self._jar(ask).set_cookie_header(bare)
        if kept := bare.headers.get("cookie"):
            own = ask.headers.get("cookie")
            ask.headers["Cookie"] = f"{own}; {kept}" if own else kept

    def _jar(self, ask: httpx.Request) -> httpx.Cookies:
        return self._jars.setdefault(origin(ask.url), httpx.Cookies())


class Wire:
    """The reads of one connection's socket, of which httpcore tells nothing."""

    def __init__(self) -> None:
        self.listens = False
        """Whether reads are known at all: it was told to `listen`."""
        self.heard = False
        """Whether a byte of an HTTP/1.1 reply has come: httpcore calls a head that was cut short
        "without sending a response", too. In HTTP/2 there are bytes that are of no reply."""
        self.is_fresh = True
        """Whether something was read since whoever hands it on made this False."""
        self.before_read: Callable[[], None] = _nothing
        """Is called before each read: it may wait, or raise `httpcore.ReadError` to end it."""
        self._stream: Any = None

    def listen(self, stream: Any, *, counts: bool) -> None:
        """Have a share in the reads of `stream`, httpcore's; `counts` says that they are heard."""
        self.listens = True
        read = stream.read

        def listening(*given: Any, **named: Any) -> bytes:
            self.before_read()
            data: bytes = read(*given, **named)
            self.is_fresh = True
            if counts and data:
                self.heard = True
            return data

        stream.read = listening
        self._stream = stream

    def leave(self) -> None:
        """Have none any more: the two would hold each other for ever."""
        if self._stream is not None:
            del self._stream.read
            self._stream = None


def _nothing() -> None:
    """What is done before a read, unless somebody asks for more."""


class Reply(NamedTuple):
    """The reply to one request: its head was read, its body will be."""

    url: httpx.URL
    response: httpx.Response
    wire: Wire


def exchange(
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    cookies: Cookies | None = None,
) -> Reply:
    """Send the request and wait for the reply's headers, in a thread of its own.

    `stack` closes what was opened. A thread that is given up on loses its connection when
    the watchdog is closed.
    """
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    wire = Wire()
    ask = build_request(request, url, _trace(box, watchdog, wire))
    transport = build_transport(request, url)
    if cookies:
        cookies.add(ask)
    give_up = _send(transport, ask, box)
    try:
        response = _wait(box, request, watchdog)
    except (httpx.HTTPError, OSError, ValueError) as error:
        transport.close()
        # Asked before the error is believed: a shut down socket looks like a lost one.
        if watchdog.fired:
            raise late_reply(watchdog) from None
        raise failed_head(error, request, url, heard=wire.heard) from None
    except BaseException:
        give_up()
        raise
    stack.callback(wire.leave)
    stack.callback(transport.close)
    stack.callback(response.close)
    if cookies:
        cookies.keep(response, ask)
    return Reply(url, response, wire)


def _send(
    transport: httpx.HTTPTransport, ask: httpx.Request, box: queue.SimpleQueue[Any]
) -> Callable[[], None]:
    """Have a thread put the response, or what was raised, into `box`.

    Who doesn't want it any more calls what is returned. Then the transport is closed by
    whichever of the two comes second: never under a thread that still reads from it.
    """
    finished, given_up = threading.Event(), threading.Event()

    def work() -> None:
        try:
            box.put(transport.handle_request(ask))
        except BaseException as error:  # handed to the waiting thread
            box.put(error)
        finished.set()
        if given_up.is_set():
            transport.close()

    def give_up() -> None:
        given_up.set()
        if finished.is_set():
            transport.close()

    threading.Thread(target=work, daemon=True, name="sse-connect").start()
    return give_up


def _wait(box: queue.SimpleQueue[Any], request: Request, watchdog: Watchdog) -> httpx.Response:
    timeout = request.connect_timeout
    connecting = None if timeout is None else min(timeout, FOREVER)
    while True:
        left = watchdog.remaining()
        limits = [seconds for seconds in (connecting, left) if seconds is not None]
        try:
            item = box.get(timeout=min(limits, default=FOREVER))
        except queue.Empty:
            if connecting is not None and connecting == min(limits):
                raise late_connection(connecting) from None
            raise late_reply(watchdog) from None
        if item is _CONNECTED:
            connecting = None
        elif isinstance(item, BaseException):
            raise item
        else:
            assert isinstance(item, httpx.Response)  # noqa: S101 (all that is left)
            return item


def _trace(
    box: queue.SimpleQueue[Any], watchdog: Watchdog, wire: Wire
) -> Callable[[str, Any], None]:
    """httpcore's trace hook: hands new sockets to the watchdog and tells when one is connected.

    The CONNECT of a proxy is a request of its own, and no connection yet.
    """
    streams: list[Any] = []  # the plain one, and the one that TLS makes of it

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
            box.put(_CONNECTED)

    return trace


def _is_connect(info: dict[str, Any]) -> bool:
    return bool(info["request"].method == b"CONNECT")
