"""The ways to the stream: a server, a protocol and whatever stands in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.interop.real_servers import Town


class Lane(NamedTuple):
    """The URL that a server's `/stream` is below, what `sse` needs to get there, and the
    HTTP version it then speaks."""

    base: str
    options: tuple[str, ...]
    http_version: str

    @property
    def stream(self) -> str:
        """The stream's URL."""
        return f"{self.base}/stream"


def _plain(port: int, _: Town) -> Lane:
    return Lane(f"http://127.0.0.1:{port}", (), "HTTP/1.1")


def _h2c(port: int, _: Town) -> Lane:
    return Lane(f"http://127.0.0.1:{port}", ("--http2-prior-knowledge",), "HTTP/2")


def _tls(port: int, town: Town) -> Lane:
    return Lane(f"https://localhost:{port}", ("--cacert", str(town.certificate.file)), "HTTP/2")


def _tls_http1(port: int, town: Town) -> Lane:
    options = ("--http1.1", "--cacert", str(town.certificate.file))
    return Lane(f"https://localhost:{port}", options, "HTTP/1.1")


Plan = tuple[Callable[[Town], int], Callable[[int, Town], Lane], str]

_PLANS: dict[str, Plan] = {
    "uvicorn": (lambda town: town.uvicorn, _plain, ""),
    "node": (lambda town: town.node, _plain, ""),
    "node-h2c": (lambda town: town.node_h2c, _h2c, ""),
    "node-h2": (lambda town: town.node_h2, _tls, ""),
    "hypercorn": (lambda town: town.hypercorn, _plain, ""),
    "hypercorn-h2c": (lambda town: town.hypercorn, _h2c, ""),
    "hypercorn-h2": (lambda town: town.hypercorn_tls, _tls, ""),
    "nginx-uvicorn": (lambda town: town.nginx["PLAIN"], _plain, "/uvicorn"),
    "nginx-node": (lambda town: town.nginx["PLAIN"], _plain, "/node"),
    "nginx-h2c-uvicorn": (lambda town: town.nginx["H2C"], _h2c, "/uvicorn"),
    "nginx-h2-node": (lambda town: town.nginx["TLS"], _tls, "/node"),
    "nginx-tls-node": (lambda town: town.nginx["TLS"], _tls_http1, "/node"),
}


def lane(name: str, town: Town) -> Lane:
    """The way of that name; its servers are started if they don't run yet."""
    if name == "uvicorn-unix-socket":
        options = ("--unix-socket", str(town.uvicorn_socket))
        return Lane("http://localhost", options, "HTTP/1.1")
    port_of, protocol, path = _PLANS[name]
    way = protocol(port_of(town), town)
    return way._replace(base=way.base + path)


NAMES = (*_PLANS, "uvicorn-unix-socket")
