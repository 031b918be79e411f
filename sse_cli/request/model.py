"""The request that the transport sends: method, URL, headers and body, and how to connect."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sse_cli.text import redaction


class Request(NamedTuple):
    """A request, ready for the transport.

    `url` is absolute, without userinfo and fragment. `headers` are in wire order; the
    transport adds Host (unless it is among them) and Content-Length. Header values are text
    to be sent as UTF-8. `proxy` is None to follow the environment and "" for no proxy.
    Timeouts are in seconds, None for no limit. `http_version` "2" offers HTTP/2 by ALPN as
    "auto" does, "2-prior-knowledge" speaks it without negotiation. `location` follows
    redirects to other origins.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    insecure: bool = False
    cacert: str | None = None
    cert: str | None = None
    cert_password: str | None = None
    key: str | None = None
    proxy: str | None = None
    unix_socket: str | None = None
    location: bool = False
    http_version: Literal["auto", "1.0", "1.1", "2", "2-prior-knowledge"] = "auto"
    ip_family: Literal["any", "4", "6"] = "any"
    connect_timeout: float | None = None
    max_time: float | None = None
    idle_timeout: float | None = None
    verbose: bool = False

    def __repr__(self) -> str:
        size = "no body" if self.body is None else f"{len(self.body)} bytes"
        headers = redaction.headers(self.headers)
        return f"Request({self.method} {redaction.url(self.url)!r}, {headers!r}, {size})"
