"""A request as httpx takes it: the URL as it was typed, the headers as bytes, and the way there."""

from __future__ import annotations

import encodings.idna
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from httpcore._backends.sync import SyncStream

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request
from sse_cli.text import redaction
from sse_cli.transport import tls

# Imported here, by their first use otherwise: that would be on the run's clock (30 ms), and look
# as if the server had taken so long.
_BEFORE_THE_CLOCK: Final = (encodings.idna, httpcore)
_TARGET: Final = re.compile(r"[^/?#]+://[^/?#]*(/[!-\"$->@-~]*(?:\?[!-\"$-~]*)?)(?:#.*)?")
_DOT_SEGMENT: Final = re.compile(r"/\.\.?(?:[/?]|\Z)")
_NO_TIMEOUT: Final = {"connect": None, "read": None, "write": None, "pool": None}


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


class _UnixSocketBackend(httpcore.SyncBackend):
    """httpcore's network backend, with a unix socket that is closed when it can't connect.

    httpcore leaves such a socket to the garbage collector, which warns of it.
    """

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the socket at `path`. Raises httpcore.ConnectError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            for option in socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect(path)
        except OSError as error:
            sock.close()
            raise httpcore.ConnectError(error) from error
        return SyncStream(sock)


def parse_url(text: str) -> httpx.URL:
    """A URL as httpx has it, its target as typed. Raises UsageError if it is none."""
    typed = _TARGET.fullmatch(text)
    try:
        if typed and not _DOT_SEGMENT.search(typed[1].partition("?")[0]):
            return _TypedURL(text, typed[1].encode())
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(
            f"invalid URL {redaction.url(text)}: {error}", "check its spelling"
        ) from None


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port: who is asked (RFC 6454)."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def build_request(
    request: Request, url: httpx.URL, trace: Callable[[str, Any], None]
) -> httpx.Request:
    """The request to `url`; httpcore tells `trace` of each step it takes."""
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


def build_transport(request: Request, url: httpx.URL) -> httpx.HTTPTransport:
    """What connects to `url`, by a proxy or a unix socket if that was asked for.

    Raises UsageError for a proxy or a certificate that can't be used.
    """
    secure = url.scheme == "https"
    version = request.http_version
    try:
        transport = httpx.HTTPTransport(
            verify=tls.context(request, secure=secure),
            http1=version != "2-prior-knowledge",
            http2=version == "2-prior-knowledge" or (secure and version in ("auto", "2")),
            trust_env=False,
            proxy=proxy_of(request, url),
            uds=request.unix_socket,
            local_address={"4": "0.0.0.0", "6": "::"}.get(request.ip_family),
        )
    except ImportError:
        raise UsageError("socks proxies are not supported", Cause.PROXY_SOCKS) from None
    except (ValueError, httpx.InvalidURL):  # their text may quote the proxy's password
        shown = redaction.url(proxy_of(request, url) or "")
        raise UsageError(f"the proxy {shown} can't be used", Cause.PROXY_INVALID) from None
    if request.unix_socket:  # httpx has no parameter for it
        transport._pool._network_backend = _UnixSocketBackend()
    return transport


def proxy_of(request: Request, url: httpx.URL) -> str | None:
    """Return the request's proxy, else the environment's, as curl reads it (http_proxy, …).

    A unix socket is where to connect to, so that no proxy is left to ask.
    """
    if request.unix_socket:
        return None
    if request.proxy is not None:
        return _with_scheme(request.proxy) if request.proxy else None
    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    _, host, port = origin(url)
    if not found or proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    return _with_scheme(found)


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"
