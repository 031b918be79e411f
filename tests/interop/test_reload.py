"""A proxy that restarts in the middle of a stream: it lets the stream end (RFC 9113, 6.8)."""

from __future__ import annotations

import pytest

from tests.interop import expected
from tests.interop.command import lines, reading
from tests.interop.real_servers import Nginx, Servers
from tests.support.program import sse

pytestmark = pytest.mark.interop


@pytest.fixture
def nginx(servers: Servers) -> Nginx:
    """An nginx that no other test reloads."""
    return servers.reloading_nginx()


@pytest.mark.parametrize(
    ("port", "options"),
    [
        ("PLAIN", ()),
        ("H2C", ("--http2-prior-knowledge",)),
        ("TLS", ("-k",)),
        ("TLS", ("-k", "--http1.1")),
    ],
    ids=["HTTP/1.1", "HTTP/2", "HTTP/2 over TLS", "HTTP/1.1 over TLS"],
)
def test_a_stream_is_read_to_its_end_while_nginx_reloads(
    servers: Servers, nginx: Nginx, gate: str, port: str, options: tuple[str, ...]
) -> None:
    first = expected.before("GET", "")
    scheme = "https" if port == "TLS" else "http"
    url = f"{scheme}://127.0.0.1:{nginx.ports[port]}/node/stream?gate={gate}"
    with reading(url, *options) as output:
        assert lines(b"".join(output.readline() for _ in first)) == first
        nginx.reload()
        # To Node itself: the stream is the only one on its connection to nginx.
        assert sse(f"http://127.0.0.1:{servers.node}/go?gate={gate}", "--any-type").code == 0
        assert lines(output.read()) == [*expected.AFTER, expected.closed("eof")]
