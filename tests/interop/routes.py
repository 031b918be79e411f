"""The routes to the stream: a server, a protocol and any proxy in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.interop.real_servers import Servers


class Route(NamedTuple):
    """The URL above a server's `/stream`, the options `sse` needs for it, and its HTTP version."""

    base: str
    options: tuple[str, ...]
    http_version: str

    @property
    def stream(self) -> str:
        """The stream's URL."""
        return f"{self.base}/stream"


def _plain(port: int, _: Servers) -> Route:
    return Route(f"http://127.0.0.1:{port}", (), "HTTP/1.1")


def _h2c(port: int, _: Servers) -> Route:
    return Route(f"http://127.0.0.1:{port}", ("--http2-prior-knowledge",), "HTTP/2")


def _tls(port: int, servers: Servers) -> Route:
    return Route(f"https://localhost:{port}", ("--cacert", str(servers.certificate.file)), "HTTP/2")


def _tls_http1(port: int, servers: Servers) -> Route:
    options = ("--http1.1", "--cacert", str(servers.certificate.file))
    return Route(f"https://localhost:{port}", options, "HTTP/1.1")


Plan = tuple[Callable[[Servers], int], Callable[[int, Servers], Route], str]

_PLANS: dict[str, Plan] = {
    "uvicorn": (lambda servers: servers.uvicorn, _plain, ""),
    "node": (lambda servers: servers.node, _plain, ""),
    "node-h2c": (lambda servers: servers.node_h2c, _h2c, ""),
    "node-h2": (lambda servers: servers.node_h2, _tls, ""),
    "hypercorn": (lambda servers: servers.hypercorn, _plain, ""),
    "hypercorn-h2c": (lambda servers: servers.hypercorn, _h2c, ""),
    "hypercorn-h2": (lambda servers: servers.hypercorn_tls, _tls, ""),
    "nginx-uvicorn": (lambda servers: servers.nginx["PLAIN"], _plain, "/uvicorn"),
    "nginx-node": (lambda servers: servers.nginx["PLAIN"], _plain, "/node"),
    "nginx-h2c-uvicorn": (lambda servers: servers.nginx["H2C"], _h2c, "/uvicorn"),
    "nginx-h2-node": (lambda servers: servers.nginx["TLS"], _tls, "/node"),
    "caddy-h2-node": (lambda servers: servers.caddy, _tls, "/node"),
    "nginx-tls-node": (lambda servers: servers.nginx["TLS"], _tls_http1, "/node"),
}


def route(name: str, servers: Servers) -> Route:
    """Return the route of that name; start its servers if they don't run yet."""
    if name == "uvicorn-unix-socket":
        options = ("--unix-socket", str(servers.uvicorn_socket))
        return Route("http://localhost", options, "HTTP/1.1")
    port_of, protocol, path = _PLANS[name]
    root = protocol(port_of(servers), servers)
    return root._replace(base=root.base + path)


NAMES = (*_PLANS, "uvicorn-unix-socket")
