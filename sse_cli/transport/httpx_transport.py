"""An httpx transport over httpcore's connection pools, with the network of `network.py`.

It does for one request what `httpx.HTTPTransport` does, which takes no network backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore
import httpx

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request
from sse_cli.text import redaction
from sse_cli.transport import tls
from sse_cli.transport.httpx_request import proxy_of
from sse_cli.transport.network import TappedBackend
from sse_cli.transport.tap import Tap

# Their classes have the same names and the same places in the two trees.
_ERRORS: Final = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in (
        *("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError"),
        *("ReadError", "WriteError", "ProxyError", "UnsupportedProtocol"),
        *("LocalProtocolError", "RemoteProtocolError"),
    )
}


class TappedTransport(httpx.BaseTransport):
    """A transport of one connection; `pool` is closed with it."""

    def __init__(self, pool: httpcore.ConnectionPool, tap: Tap) -> None:
        self._pool = pool
        self._tap = tap

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return the reply when its head is complete. Raises httpx's errors."""
        url = request.url
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101 (no async requests)
        sent = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translated():
            reply = self._pool.handle_request(sent)
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            stream=_Body(reply, self._tap),
            extensions=reply.extensions,
        )

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response, tap: Tap) -> None:
        self._reply = reply
        self._tap = tap

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._reply.stream, Iterable)  # noqa: S101 (a sync pool's)
        with _translated():
            try:
                yield from self._reply.stream
            except Exception as error:
                if data := self._tap.undelivered(error):
                    yield data
                raise

    def close(self) -> None:
        self._reply.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn httpcore's errors into those of httpx."""
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[next(kind for kind in type(error).__mro__ if kind in _ERRORS)](
            str(error)
        ) from error


def build_transport(request: Request, url: httpx.URL, tap: Tap) -> TappedTransport:
    """Build the transport that connects to `url`, through the request's proxy or unix socket.

    Raises UsageError for a proxy or a certificate that can't be used.
    """
    secure = url.scheme == "https"
    version = request.http_version
    options: dict[str, Any] = {
        "ssl_context": tls.context(request, secure=secure),
        "http1": version != "2-prior-knowledge",
        "http2": version == "2-prior-knowledge" or (secure and version in {"auto", "2"}),
        "network_backend": TappedBackend(tap),
    }
    proxy = proxy_of(request, url)
    if proxy is not None:
        return TappedTransport(_proxy_pool(proxy, options), tap)
    local_address = {"4": "0.0.0.0", "6": "::"}.get(request.ip_family)
    pool = httpcore.ConnectionPool(uds=request.unix_socket, local_address=local_address, **options)
    return TappedTransport(pool, tap)


def _proxy_pool(url: str, options: dict[str, Any]) -> httpcore.ConnectionPool:
    try:
        proxy = httpx.Proxy(url)
        where = httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        )
        if proxy.url.scheme.startswith("socks5"):
            return httpcore.SOCKSProxy(where, proxy_auth=proxy.raw_auth, **options)
        return httpcore.HTTPProxy(where, proxy_auth=proxy.raw_auth, **options)
    except RuntimeError:  # httpcore's, if the package socksio is missing
        raise UsageError("socks proxies are not supported", Cause.PROXY_SOCKS) from None
    except (ValueError, httpx.InvalidURL):  # their text may quote the proxy's password
        shown = redaction.url(url)
        raise UsageError(f"the proxy {shown} can't be used", Cause.PROXY_INVALID) from None


def is_tunnel(request: Request, url: httpx.URL) -> bool:
    """Return whether a proxy is asked for a tunnel: for https, and by SOCKS always."""
    proxy = proxy_of(request, url)
    return proxy is not None and (url.scheme == "https" or proxy.startswith("socks"))
