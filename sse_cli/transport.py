"""The wire: the only importer of httpx. A request goes in, signals come out.

Rule 1: how a connection fails is its `Closed` signal, never an exception.
Rule 2: bytes are yielded as each read returned them, content coding undone, nothing held back.
Rule 3: deadlines are kept on the wall clock. Name lookup, connecting and waiting for headers
run in a thread that can be abandoned; a body that is being read is ended by shutting its
socket down, since a read timeout never sees a trickle.
Rule 4: nothing of the caller's crosses to another origin.

httpx's `Client` is passed over for its transport: a client adds headers of its own, prepares
redirects nobody asked for, and loads the CA store even for http (30 ms).
"""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpx

from sse_cli import coding, content, failures, redact, tls
from sse_cli.deadlines import FOREVER, Watchdog
from sse_cli.errors import UsageError
from sse_cli.events import Chunk, Closed, Ending, Media, Opened, Signal
from sse_cli.request import Request
from sse_cli.url import checked

MAX_REDIRECTS: Final = 20
REFUSED_BODY_LIMIT: Final = 64 * 1024
REFUSED_BODY_SECONDS: Final = 2.0
# All that another origin gets to see of a request (rule 4): none of it names the caller.
_ANONYMOUS: Final = frozenset({"accept", "accept-encoding", "cache-control", "user-agent"})
_CONNECTED: Final = object()
_TARGET: Final = re.compile(r"[^/?#]+://[^/?#]*(/[!-\"$->@-~]*(?:\?[!-\"$-~]*)?)(?:#.*)?")
_DOT_SEGMENT: Final = re.compile(r"/\.\.?(?:[/?]|\Z)")
_NO_TIMEOUT: Final = {"connect": None, "read": None, "write": None, "pool": None}

MediaOf = Callable[[int, str | None], Media]


class _Failed(Exception):  # noqa: N818 (carries an ending, is no error of ours)
    """The connection is over: with this ending, for this reason."""

    def __init__(self, ending: Ending, detail: str, hint: str = "", *, fatal: bool = False) -> None:
        super().__init__(detail)
        self.ending, self.detail, self.hint, self.fatal = ending, detail, hint, fatal

    def closed(self) -> Closed:
        """The failure as a signal, not stamped yet."""
        return Closed(0.0, self.ending, self.detail, self.hint, fatal=self.fatal)


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
            ask.headers["cookie"] = f"{own}; {kept}" if own else kept

    def _jar(self, ask: httpx.Request) -> httpx.Cookies:
        return self._jars.setdefault(_origin(ask.url), httpx.Cookies())


def connect(  # noqa: PLR0913 (one request, and what earlier connections leave)
    request: Request,
    clock: Callable[[], float],
    media_of: MediaOf = content.media,
    *,
    attempt: int = 1,
    cookies: Cookies | None = None,
    spent: float = 0.0,
    admit: Callable[[float | None], None] = lambda _left: None,
) -> Generator[Signal, None, None]:
    """One exchange: `Opened`, `Chunk`s and `Closed`, or `Closed` alone.

    `clock` gives the seconds since the run began; it is read once for each signal. `attempt`
    is the number of the connection; `cookies` are kept from one to the next, and `spent` are
    the seconds that earlier ones took of `--max-time`; `admit` may hold back the connections
    that redirects ask for. Raises UsageError for what can't be asked at all (an invalid URL,
    an unusable certificate).
    """
    watchdog = Watchdog(request.max_time, request.idle_timeout, spent=spent)
    with contextlib.ExitStack() as stack:
        stack.callback(watchdog.close)
        watchdog.start()
        try:
            url, response = _follow(request, _url(request.url), watchdog, stack, cookies, admit)
            opened = replace(_opened(response, url, clock(), media_of), attempt=attempt)
            watchdog.received()
            yield opened
            closed = yield from _body(opened, response, watchdog, clock)
        except _Failed as failed:
            closed = failed.closed()
        yield replace(closed, at=clock())


# Redirects


def _follow(  # noqa: PLR0913, PLR0917 (a request, and what its connections share)
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    cookies: Cookies | None = None,
    admit: Callable[[float | None], None] = lambda _left: None,
) -> tuple[httpx.URL, httpx.Response]:
    """The first reply that is no redirect we may follow (Fetch, "HTTP-redirect fetch")."""
    for _ in range(MAX_REDIRECTS + 1):
        response = _exchange(request, url, watchdog, stack, cookies)
        target = _target(response, url)
        if target is None:
            return url, response
        response.close()
        if _origin(target) != _origin(url):
            if not request.location:
                raise _blocked(response.status_code, target)
            request = _anonymous(request)
        elif _turns_into_get(response.status_code, request.method):
            request = _without_body(request)
        url = target
        admit(watchdog.remaining())
    raise _Failed(
        Ending.REFUSED,
        f"more than {MAX_REDIRECTS} redirects, the last to {redact.url(str(url))}",
        "the server redirects in a circle",
    )


def _target(response: httpx.Response, url: httpx.URL) -> httpx.URL | None:
    """Where a redirect leads; None for all that is not one, or leads nowhere."""
    location = response.headers.get("location", "")
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        given = httpx.URL(location)
        target = url.join(given)
        checked(str(target))
    except (httpx.InvalidURL, ValueError, UsageError):
        return None
    # httpx would take "http://" for the URL it is joined to, and escape what is no host.
    return None if (given.scheme and not given.host) or "%" in target.host else target


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _blocked(status: int, target: httpx.URL) -> _Failed:
    return _Failed(
        Ending.REFUSED,
        f"{status} redirects to another origin, {redact.url(str(target))}",
        "-L follows it, without your headers and body; or ask that URL itself",
    )


def _turns_into_get(status: int, method: str) -> bool:
    return (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    )


def _without_body(request: Request) -> Request:
    headers = tuple(h for h in request.headers if not h[0].lower().startswith("content-"))
    return replace(request, method="GET", body=None, headers=headers)


def _anonymous(request: Request) -> Request:
    headers = tuple(h for h in request.headers if h[0].lower() in _ANONYMOUS)
    return replace(request, method="GET", body=None, headers=headers, cert=None, key=None)


# One exchange, up to the reply's headers


def _exchange(
    request: Request,
    url: httpx.URL,
    watchdog: Watchdog,
    stack: contextlib.ExitStack,
    cookies: Cookies | None = None,
) -> httpx.Response:
    """Send the request and wait for the reply's headers, in a thread of its own.

    `stack` closes what was opened. A thread that is given up on loses its connection when
    the watchdog is closed.
    """
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    heard = _Heard()
    ask = _httpx_request(request, url, _trace(box, watchdog, heard))
    transport = _transport(request, url)
    if cookies:
        cookies.add(ask)
    give_up = _send(transport, ask, box)
    try:
        response = _wait(box, request, watchdog)
    except (httpx.HTTPError, OSError, ValueError) as error:
        transport.close()
        # Asked before the error is believed: a shut down socket looks like a lost one.
        if watchdog.fired:
            raise _late_reply(watchdog) from None
        raise _head_failure(error, request, url, heard) from None
    except BaseException:
        give_up()
        raise
    stack.callback(transport.close)
    stack.callback(response.close)
    if cookies:
        cookies.keep(response, ask)
    return response


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
                raise _late_connection(connecting) from None
            raise _late_reply(watchdog) from None
        if item is _CONNECTED:
            connecting = None
        elif isinstance(item, BaseException):
            raise item
        else:
            assert isinstance(item, httpx.Response)  # noqa: S101 (all that is left)
            return item


class _Heard:
    """Whether a byte of an HTTP/1.1 reply has come: httpcore calls a head that was cut short
    "without sending a response", too. In HTTP/2 there are bytes that are of no reply."""

    def __init__(self) -> None:
        self.any = False

    def listen(self, stream: Any) -> None:
        """Note the first byte that `stream`, httpcore's, reads from now on."""
        read = stream.read

        def listening(*given: Any, **named: Any) -> bytes:
            data: bytes = read(*given, **named)
            self.any = self.any or bool(data)
            return data

        stream.read = listening


def _trace(
    box: queue.SimpleQueue[Any], watchdog: Watchdog, heard: _Heard
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
            if name.startswith("http11."):
                heard.listen(streams[-1])
            box.put(_CONNECTED)

    return trace


def _is_connect(info: dict[str, Any]) -> bool:
    return bool(info["request"].method == b"CONNECT")


class _TypedURL(httpx.URL):
    """A URL whose path and query are sent as typed, as curl does: `{id}` and `|` included.

    httpcore's "target" extension is no way to do it: it would also replace the absolute form
    that a proxy needs and the authority of its CONNECT (RFC 9112, 3.2.2 and 3.2.3).
    """

    def __init__(self, url: str, target: bytes) -> None:
        super().__init__(url)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


def _httpx_request(
    request: Request, url: httpx.URL, trace: Callable[[str, Any], None]
) -> httpx.Request:
    # Bytes: httpx takes str header values in ASCII only.
    headers = [(name.encode(), value.encode()) for name, value in request.headers]
    if request.http_version == "1.0":  # h11 writes 1.1 only; this is what 1.0 means to a server
        headers.append((b"Connection", b"close"))
    extensions = {"timeout": _NO_TIMEOUT, "trace": trace}
    ask = httpx.Request(
        request.method, url, headers=headers, content=request.body, extensions=extensions
    )
    # What httpx tidied up: methods are case-sensitive (RFC 9110, 9.1), targets stay as typed.
    ask.method, ask.url = request.method, url
    return ask


def _transport(request: Request, url: httpx.URL) -> httpx.HTTPTransport:
    secure = url.scheme == "https"
    version = request.http_version
    try:
        return httpx.HTTPTransport(
            verify=tls.context(request, secure=secure),
            http1=version != "2-prior-knowledge",
            http2=version == "2-prior-knowledge" or (secure and version in ("auto", "2")),
            trust_env=False,
            proxy=_proxy(request, url),
            uds=request.unix_socket,
            local_address={"4": "0.0.0.0", "6": "::"}.get(request.ip_family),
        )
    except ImportError:
        raise UsageError(
            "socks proxies are not supported", "use an http:// or https:// proxy with -x"
        ) from None
    except (ValueError, httpx.InvalidURL):  # their text may quote the proxy's password
        shown = redact.url(_proxy(request, url) or "")
        raise UsageError(
            f"the proxy {shown} can't be used",
            "-x, --proxy or the environment names it; it reads http://HOST:PORT",
        ) from None


def _proxy(request: Request, url: httpx.URL) -> str | None:
    """`--proxy`, else the environment's, as curl reads it (http_proxy, NO_PROXY, …).

    A unix socket is where to connect to, so that no proxy is left to ask.
    """
    if request.unix_socket:
        return None
    if request.proxy is not None:
        return _with_scheme(request.proxy) if request.proxy else None
    _, host, port = _origin(url)
    if proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    return _with_scheme(found) if found else None


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _url(text: str) -> httpx.URL:
    typed = _TARGET.fullmatch(text)
    try:
        if typed and not _DOT_SEGMENT.search(typed[1].partition("?")[0]):
            return _TypedURL(text, typed[1].encode())
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(f"invalid URL {redact.url(text)}: {error}", "check its spelling") from None


# The reply


def _opened(response: httpx.Response, url: httpx.URL, at: float, media_of: MediaOf) -> Opened:
    headers = tuple((_text(name), _text(value)) for name, value in response.headers.raw)
    return Opened(
        at=at,
        url=str(url),
        status=response.status_code,
        reason=_text(response.extensions.get("reason_phrase", b"")),
        http_version=_text(response.extensions.get("http_version", b"")),
        headers=headers,
        media=media_of(response.status_code, response.headers.get("content-type")),
    )


def _body(
    opened: Opened, response: httpx.Response, watchdog: Watchdog, clock: Callable[[], float]
) -> Generator[Signal, None, Closed]:
    """The body's chunks; returns how it closed."""
    refused = opened.media == "other"
    if refused:
        watchdog.limit(REFUSED_BODY_SECONDS)
    size = 0
    closed = _clean_end(opened, response)
    try:
        for piece in _decoded(opened, response, watchdog):
            yield Chunk(clock(), piece)
            size += len(piece)
            # What had arrived by then can still be read, and there may be much of it.
            if watchdog.fired or (refused and size >= REFUSED_BODY_LIMIT):
                break
    except _Failed as failed:
        closed = failed.closed()
    except Exception as error:
        # h2's own errors come through httpcore as they are, and importing it costs time.
        if not isinstance(error, httpx.HTTPError | OSError | zlib.error) and not _is_http2(error):
            raise
        closed = _cut(error)
    if refused:
        return Closed(0.0, Ending.REFUSED, *content.refusal(opened))
    # Asked before the end is believed: a shut down socket looks like a clean end.
    if watchdog.stalled:
        return _stalled(watchdog)
    return _deadline("the stream still ran", watchdog).closed() if watchdog.fired else closed


def _reads(response: httpx.Response, watchdog: Watchdog) -> Iterator[bytes]:
    """The body as it came. Any byte of it counts for the watchdog, even one that a decoder
    keeps back; the time that our own reader takes does not."""
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 (a sync transport's)
    watchdog.waiting()
    for data in response.stream:
        watchdog.received()
        yield data
        watchdog.waiting()


def _decoded(opened: Opened, response: httpx.Response, watchdog: Watchdog) -> Iterator[bytes]:
    names = opened.header("content-encoding")
    if unknown := coding.unsupported(names):
        raise _Failed(
            Ending.REFUSED,
            f"the body comes with Content-Encoding {unknown}, which was not asked for",
            "sse reads identity, gzip and deflate; the server or a proxy ignores Accept-Encoding",
        )
    found = coding.codings(names)
    reads = _reads(response, watchdog)
    if not found:
        yield from reads
        return
    decoder = coding.Decoder(found[0])
    for chunk in reads:
        yield from decoder.feed(chunk)
    if not decoder.complete:
        raise _Failed(Ending.TRUNCATED, f"the {found[0]} body ends before its own end")


# How it ended


def _clean_end(opened: Opened, response: httpx.Response) -> Closed:
    """The end of a body: proven by its framing, or only by the connection's (RFC 9112, 8)."""
    framed = (
        opened.http_version == "HTTP/2"
        or "content-length" in response.headers
        or "chunked" in response.headers.get("transfer-encoding", "").lower()
    )
    if framed:
        return Closed(0.0, Ending.EOF, "the body ended as HTTP says it should")
    return Closed(
        0.0,
        Ending.EOF_UNVERIFIED,
        "the connection closed; without a length or chunks a cut looks the same",
    )


def _cut(error: Exception) -> Closed:
    """How a body failed that had begun."""
    if isinstance(error, zlib.error):
        return Closed(0.0, Ending.MALFORMED, "the body breaks its own content coding")
    text = str(error)
    is_protocol = isinstance(error, httpx.ProtocolError) or _is_http2(error)
    if is_protocol and not text.startswith(_CUTS):
        return Closed(0.0, Ending.MALFORMED, f"the transfer broke the protocol: {text}")
    if isinstance(error, httpx.NetworkError | httpx.TimeoutException | OSError):
        text = failures.reason(error)
    elif "(" in text:
        text = text[text.index("(") :].strip("()")
    return Closed(0.0, Ending.TRUNCATED, f"the connection was cut in the body: {text}", _CUT_HINT)


# What httpcore says of HTTP/1.1 bodies, and of HTTP/2 streams and connections, that stop short.
_CUTS: Final = (
    "peer closed connection",
    "peer unexpectedly closed connection",
    "<StreamReset",
    "<ConnectionTerminated",
    "Server disconnected",
    "InvalidBodyLengthError",
)
_CUT_HINT: Final = "a crash, a deploy or a proxy's time limit; the server's log knows which"


def _head_failure(error: Exception, request: Request, url: httpx.URL, heard: _Heard) -> _Failed:
    """How an exchange failed before the reply's headers."""
    _, host, port = _origin(url)
    where = f"{host}:{port}"
    if isinstance(error, httpx.ProxyError):
        return _Failed(Ending.UNREACHABLE, f"the proxy refused: {error}", "check -x, --proxy")
    if isinstance(error, httpx.LocalProtocolError) and not _is_http2(error):
        # Not in the error's own words: they quote the value, which may be a secret.
        raise UsageError("a header can't be sent: its value breaks HTTP", "check -H, -b and -A")
    if isinstance(error, httpx.ProtocolError):
        if str(error).startswith(_CUTS):
            return _no_reply(f"{where} closed the connection", "without a reply", heard)
        version = "HTTP/2" if _is_http2(error) else "HTTP"
        detail = f"the reply is not {version}: {error}"
        return _Failed(Ending.MALFORMED, detail, "is it the right port?")
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.ReadTimeout):
        return _no_reply(_lost(error, where), "before it replied", heard)
    words = failures.explain(error, host, where, _via(request, url))
    # A certificate that is not trusted now will not be in three seconds.
    fatal = isinstance(failures.innermost(error), ssl.SSLCertVerificationError)
    return _Failed(Ending.UNREACHABLE, *words, fatal=fatal)


def _lost(error: Exception, where: str) -> str:
    """A connection that the system gave up on, as a half of a sentence."""
    if isinstance(failures.innermost(error), ConnectionResetError | BrokenPipeError):
        return f"{where} reset the connection"
    return f"the connection to {where} failed ({failures.reason(error)})"


def _no_reply(what: str, when: str, heard: _Heard) -> _Failed:
    """A connection that ended before the reply's headers were whole, or even begun."""
    if heard.any:
        detail = f"{what} before the headers of its reply were whole"
        return _Failed(Ending.UNREACHABLE, detail, _CUT_HINT)
    return _Failed(Ending.UNREACHABLE, f"{what} {when}", _SCHEME_HINT)


_SCHEME_HINT: Final = "https or http? the wrong one looks so"


def _is_http2(error: BaseException) -> bool:
    """Whether it was a reply that broke HTTP/2: httpcore calls that a local error, too."""
    return any(type(one).__module__.startswith("h2.") for one in failures.chain(error))


def _via(request: Request, url: httpx.URL) -> str:
    """What is dialled instead of the URL's host, "" for the host itself."""
    if request.unix_socket:
        return f"the socket {request.unix_socket}"
    proxy = _proxy(request, url)
    return f"the proxy {redact.url(proxy)}" if proxy else ""


def _late_reply(watchdog: Watchdog) -> _Failed:
    if watchdog.idle is None or watchdog.is_over:
        return _deadline("no reply had come", watchdog)
    return _Failed(
        Ending.DEADLINE,
        f"no reply within --idle-timeout {watchdog.idle:g} s",
        "a server that thinks long needs a larger one; keep-alives can't come before the reply",
    )


def _deadline(phase: str, watchdog: Watchdog) -> _Failed:
    return _Failed(
        Ending.DEADLINE,
        f"{phase} when --max-time {watchdog.seconds:g} s was over",
        "a larger --max-time, or none, waits longer",
        fatal=True,
    )


def _stalled(watchdog: Watchdog) -> Closed:
    return Closed(
        0.0,
        Ending.STALLED,
        f"no byte came for --idle-timeout {watchdog.idle:g} s",
        "the server hangs, or a proxy holds its writes back; keep-alive comments would show which",
    )


def _late_connection(seconds: float) -> _Failed:
    return _Failed(
        Ending.DEADLINE,
        f"no connection within --connect-timeout {seconds:g} s",
        "check the address, the network and firewalls in between",
    )


def _text(raw: bytes) -> str:
    """A header's bytes: UTF-8 where they are, else Latin-1 (RFC 9110, 5.5)."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
