"""A request in httpx's types: the URL as it was typed, and the headers as bytes."""

from __future__ import annotations

import encodings.idna
import re
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request
from sse_cli.text import redaction

# Imported before the run's clock starts. httpx would import them at their first use, and those
# 30 ms would look as if the server had taken them.
_BEFORE_THE_CLOCK: Final = (encodings.idna, httpcore)
_TARGET: Final = re.compile(r"[^/?#]+://[^/?#]*(/[!-\"$->@-~]*(?:\?[!-\"$-~]*)?)(?:#.*)?")
_DOT_SEGMENT: Final = re.compile(r"/\.\.?(?:[/?]|\Z)")
_NO_TIMEOUT: Final = {"connect": None, "read": None, "write": None, "pool": None}


class _TypedURL(httpx.URL):
    """A URL whose path and query are sent as typed, as curl does: `{id}` and `|` included.

    httpcore's "target" extension can't do it: it would also replace the absolute form that a proxy
    needs and the authority of its CONNECT (RFC 9112, 3.2.2 and 3.2.3).
    """

    def __init__(self, url: str, target: bytes) -> None:
        super().__init__(url)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


def parse_url(text: str) -> httpx.URL:
    """Return httpx's form of a URL, its target as typed. Raises UsageError if it is invalid."""
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
    """Return the origin of a URL: its scheme, host and port (RFC 6454)."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def build_request(request: Request, url: httpx.URL) -> httpx.Request:
    """Build httpx's request to `url`."""
    # Bytes, because httpx accepts str header values in ASCII only.
    headers = [(name.encode(), value.encode()) for name, value in request.headers]
    if request.http_version == "1.0":  # h11 writes 1.1 only; to a server, 1.0 means this
        headers.append((b"Connection", b"close"))
    extensions = {"timeout": _NO_TIMEOUT}
    built = httpx.Request(
        request.method, url, headers=headers, content=request.body, extensions=extensions
    )
    # Undo httpx's normalisation: methods are case-sensitive (RFC 9110, 9.1), targets stay as typed.
    built.method, built.url = request.method, url
    return built


def proxy_of(request: Request, url: httpx.URL) -> str | None:
    """Return the request's proxy, else the environment's, as curl reads it (http_proxy, …).

    None for a unix socket: it is connected to directly.
    """
    if request.unix_socket:
        return None
    if request.proxy is not None:
        return _with_scheme(request.proxy) if request.proxy else None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    _, host, port = origin(url)
    if not proxy or proxy_bypass(host) or proxy_bypass(f"{host}:{port}"):
        return None
    return _with_scheme(proxy)


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"
