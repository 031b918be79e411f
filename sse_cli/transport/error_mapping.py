"""The end of a connection: its `Ending`, the evidence in a sentence, and the cause."""

from __future__ import annotations

import re
import ssl
from typing import Final

import httpx

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending, Opened
from sse_cli.request.model import Request
from sse_cli.text import redaction
from sse_cli.transport import broken_head, connect_errors
from sse_cli.transport.http2_frames import FrameError, SpeaksHTTP1
from sse_cli.transport.httpx_request import origin, proxy_of
from sse_cli.transport.tap import Tap
from sse_cli.transport.watchdog import Watchdog

# The starts of httpcore's errors for HTTP/1.1 bodies, HTTP/2 streams and connections that were cut.
_CUTS: Final = (
    "peer closed connection",
    "peer unexpectedly closed connection",
    "Server disconnected",
)
# Bytes that h11 and h2 quote, up to the end of the message. A chunk's size and a status line may be
# shown; any other quote may be a header, and so a secret.
_QUOTED: Final = r"""(?:bytearray\()?b(?P<quote>['"]).*"""
_SHOWN: Final = ("illegal chunk header", "illegal status line")
_LONGEST_QUOTE: Final = 60  # characters


class Failed(Exception):  # noqa: N818 (it carries an ending, and is not an error of ours)
    """The failure of a connection, with the fields of its `Closed` signal."""

    def __init__(
        self, ending: Ending, detail: str, cause: str = "", *, fatal: bool = False
    ) -> None:
        super().__init__(detail)
        self.ending, self.detail, self.cause, self.fatal = ending, detail, cause, fatal
        self.head: tuple[str, ...] = ()

    def with_head(self, start: bytes) -> Failed:
        """Keep the head that a reply begins with, for people; return the failure."""
        self.head = broken_head.head_lines(start)
        return self

    def closed(self) -> Closed:
        """Return the failure as a signal, not stamped yet."""
        end = self.ending, self.detail, self.cause
        return Closed(0.0, *end, fatal=self.fatal, head=self.head)


def clean_end(opened: Opened, response: httpx.Response) -> Closed:
    """Return the end of a body whose reading raised no error, not stamped yet.

    The body's framing proves that it is whole; the end of the connection alone does not (RFC 9112,
    8).
    """
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


def cut(error: Exception) -> Closed:
    """Return the end of a body that failed with `error`, not stamped yet."""
    if frame := _frame_error(error):
        if frame.is_malformed:
            return Closed(0.0, Ending.MALFORMED, f"the transfer broke the protocol: {frame}")
        is_cut = str(frame).startswith("GOAWAY")
        how = (
            "the connection was cut in the body after"
            if is_cut
            else "the stream was cut in the body:"
        )
        detail = f"{how} {frame}"
        return Closed(0.0, Ending.TRUNCATED, detail, Cause.CONNECTION_CUT)
    text = _message_of_http2(error) or str(error)
    is_protocol = isinstance(error, httpx.ProtocolError) or is_http2(error)
    if is_protocol and not str(error).startswith(_CUTS) and not _is_short(error):
        return Closed(0.0, Ending.MALFORMED, f"the transfer broke the protocol: {_message(error)}")
    if isinstance(error, httpx.NetworkError | httpx.TimeoutException | OSError):
        text = connect_errors.reason(error)
    elif "(" in text and not is_http2(error):
        text = text[text.index("(") :].strip("()")
    detail = f"the connection was cut in the body: {text}"
    return Closed(0.0, Ending.TRUNCATED, detail, Cause.CONNECTION_CUT)


def _message(error: Exception) -> str:
    """Return the message of h11 or h2 about a broken reply, without the headers that it quotes."""
    text = _message_of_http2(error) or str(error)
    quote = re.search(_QUOTED, text, re.DOTALL)
    if quote is None:
        return text
    before = text[: quote.start()].rstrip(" :")
    if not text.startswith(_SHOWN):
        return before
    quoted = quote[0].removeprefix("bytearray(").removesuffix(")").removeprefix("b")
    more = "…" if len(quoted) > _LONGEST_QUOTE else ""
    return f"{before}: {quoted[:_LONGEST_QUOTE]}{more}"


def failed_head(error: Exception, request: Request, url: httpx.URL, tap: Tap) -> Failed:
    """Return the failure of an exchange before the reply's headers were complete.

    `tap` has heard the part of them that came. Raises UsageError for a header that can't be sent.
    """
    _, host, port = origin(url)
    where = f"{host}:{port}"
    if isinstance(error, httpx.ProxyError):
        detail = f"the proxy refused: {error}"
        return Failed(Ending.UNREACHABLE, detail, Cause.PROXY_REFUSED)
    if isinstance(error, httpx.LocalProtocolError) and not is_http2(error):
        # Without the error's message, which quotes the value: it may be a secret.
        raise UsageError("a header can't be sent: its value breaks HTTP", Cause.HEADER_INVALID)
    if frame := _frame_error(error):
        return _not_replied(frame, where)
    if isinstance(error, httpx.ProtocolError):
        if str(error).startswith(_CUTS):
            return _no_reply(f"{where} closed the connection", "without a reply", tap)
        return _unreadable(error, bytes(tap.start))
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.ReadTimeout):
        return _no_reply(_lost(error, where), "before it replied", tap)
    failure = connect_errors.explain(error, host, where, _via(request, url))
    # A certificate that is not trusted now will not be trusted in three seconds.
    fatal = isinstance(connect_errors.innermost(error), ssl.SSLCertVerificationError)
    return Failed(Ending.UNREACHABLE, *failure, fatal=fatal)


def _not_replied(frame: FrameError, where: str) -> Failed:
    """Return the failure of a request to which a frame of HTTP/2 was no reply."""
    if not frame.is_malformed:
        detail = f"{where} refused the request: {frame}"
        return Failed(Ending.UNREACHABLE, detail, Cause.HTTP2_REFUSED)
    cause = Cause.HTTP1_ONLY if isinstance(frame, SpeaksHTTP1) else Cause.HTTP2_BROKEN
    return Failed(Ending.MALFORMED, f"the reply is not HTTP/2: {frame}", cause)


def _unreadable(error: Exception, start: bytes) -> Failed:
    """Return the failure of a reply whose head breaks HTTP."""
    if is_http2(error):
        detail = f"the reply is not HTTP/2: {_message(error)}"
        return Failed(Ending.MALFORMED, detail, Cause.HTTP2_BROKEN)
    message = _message(error)
    if found := broken_head.explain(start, message):
        return Failed(*found).with_head(start)
    # A head of HTTP came, so another port would not help.
    cause = Cause.MALFORMED if start.startswith(b"HTTP/") else Cause.NOT_HTTP
    return Failed(Ending.MALFORMED, f"the reply is not HTTP: {message}", cause).with_head(start)


def _lost(error: Exception, where: str) -> str:
    """Return the first half of a sentence about a connection that the system reports as lost."""
    if isinstance(connect_errors.innermost(error), ConnectionResetError | BrokenPipeError):
        return f"{where} reset the connection"
    return f"the connection to {where} failed ({connect_errors.reason(error)})"


def _no_reply(event: str, when: str, tap: Tap) -> Failed:
    """Return the failure of a connection that ended before the reply's headers were complete."""
    start = bytes(tap.start)
    if found := broken_head.explain(start, ""):
        return Failed(*found).with_head(start)
    if tap.heard:
        detail = f"{event} before the headers of its reply were whole"
        return Failed(Ending.UNREACHABLE, detail, Cause.CONNECTION_CUT).with_head(start)
    return Failed(Ending.UNREACHABLE, f"{event} {when}", Cause.NO_REPLY)


def _frame_error(error: BaseException) -> FrameError | None:
    links = connect_errors.chain(error)
    return next((link for link in links if isinstance(link, FrameError)), None)


def _is_short(error: BaseException) -> bool:
    """Return whether h2 found a body shorter than its Content-Length."""
    return any(
        getattr(link, "actual_length", 0) < getattr(link, "expected_length", 0)
        for link in connect_errors.chain(error)
    )


def _message_of_http2(error: BaseException) -> str:
    """Return an error of h2 with the name of its code, "" for any other."""
    for link in connect_errors.chain(error):
        code = getattr(link, "error_code", None)
        if code is not None and type(link).__module__.startswith("h2."):
            name = getattr(code, "name", str(code))
            expected = getattr(link, "expected_length", None)
            if expected is not None:
                came = getattr(link, "actual_length", 0)
                return f"{name}: {came:,} bytes came, Content-Length says {expected:,}"
            return f"{name}: {link}"
    return ""


def is_http2(error: BaseException) -> bool:
    """Return whether h2 raised the error.

    Then the reply broke HTTP/2, although httpcore may call it a local error.
    """
    return any(type(link).__module__.startswith("h2.") for link in connect_errors.chain(error))


def _via(request: Request, url: httpx.URL) -> str:
    """Return a name for the peer connected to instead of the URL's host, "" for the host itself."""
    if request.unix_socket:
        return f"the socket {request.unix_socket}"
    proxy = proxy_of(request, url)
    return f"the proxy {redaction.url(proxy)}" if proxy else ""


def late_reply(watchdog: Watchdog) -> Failed:
    """Return the failure of a reply that had not come by the first of the watchdog's limits."""
    if watchdog.idle is None or watchdog.is_over or watchdog.is_patience_over:
        return out_of_time("no reply had come", watchdog)
    return Failed(
        Ending.DEADLINE,
        f"no reply came for {watchdog.idle:g} s",
        Cause.REPLY_TIMEOUT,
    )


def out_of_time(phase: str, watchdog: Watchdog) -> Failed:
    """Return the end by the time limit, or by the reader's patience.

    `phase` is the first half of a sentence: the state of the stream at that moment.
    """
    if watchdog.seconds is None or not watchdog.is_over:
        return Failed(Ending.DEADLINE, f"{phase} when it was no longer needed", fatal=True)
    return Failed(
        Ending.DEADLINE,
        f"{phase} when the time limit of {watchdog.seconds:g} s was over",
        Cause.MAX_TIME,
        fatal=True,
    )


def stalled(watchdog: Watchdog) -> Closed:
    """Return the end of a body of which no byte came for too long."""
    detail = f"no byte came for {watchdog.idle:g} s"
    return Closed(0.0, Ending.STALLED, detail, Cause.IDLE_TIMEOUT)


def late_connection(seconds: float) -> Failed:
    """Return the failure of a connection that was not made within `seconds`."""
    return Failed(Ending.DEADLINE, f"no connection within {seconds:g} s", Cause.CONNECT_TIMEOUT)
