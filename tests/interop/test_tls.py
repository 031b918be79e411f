"""Trusted and untrusted certificates."""

from __future__ import annotations

import pytest

from tests.interop import expected, routes
from tests.interop.command import events
from tests.interop.real_servers import Servers
from tests.support.program import sse

pytestmark = pytest.mark.interop

WHOLE = [*expected.before("GET", ""), *expected.AFTER, expected.closed("eof")]
SERVERS = ["node-h2", "hypercorn-h2", "nginx-h2-node"]


@pytest.mark.parametrize("name", SERVERS)
def test_an_unknown_certificate_is_refused_before_anything_is_sent(
    servers: Servers, name: str
) -> None:
    done = sse(routes.route(name, servers).stream)
    assert (done.code, done.text) == (3, "")
    error, hint = done.talk.splitlines()
    assert error.startswith("error: the TLS certificate of localhost is not trusted: self")
    assert hint == "hint: --cacert FILE trusts another CA; -k skips the check"


@pytest.mark.parametrize("name", SERVERS)
def test_insecure_accepts_any_certificate(servers: Servers, name: str) -> None:
    assert events(routes.route(name, servers).stream, "-k") == WHOLE


def test_a_trusted_certificate_of_another_host_is_refused(servers: Servers) -> None:
    route = routes.route("node-h2", servers)
    done = sse(route.stream.replace("localhost", "127.0.0.1"), *route.options)
    assert (done.code, done.text) == (3, "")
    assert "the TLS certificate of 127.0.0.1 is not trusted" in done.talk
    assert "not valid for '127.0.0.1'" in done.talk


@pytest.mark.parametrize("options", [(), ("--http2",), ("--http1.1",)])
def test_http_2_is_offered_and_http_1_1_can_be_forced(
    servers: Servers, options: tuple[str, ...]
) -> None:
    route = routes.route("nginx-h2-node", servers)
    done = sse(route.stream, *route.options, *options, "-v", "-o", "text")
    version = "HTTP/1.1" if options == ("--http1.1",) else "HTTP/2"
    assert done.code == 0
    assert f"< {version} 200" in done.talk


def test_https_to_a_port_without_tls_is_explained(servers: Servers) -> None:
    done = sse(f"https://127.0.0.1:{servers.node}/stream")
    assert (done.code, done.text) == (3, "")
    assert done.talk.startswith(f"error: 127.0.0.1:{servers.node} does not speak TLS")
    assert "\nhint: use http://" in done.talk


@pytest.mark.parametrize("port", ["node_h2", "hypercorn_tls"])
def test_http_to_a_port_with_tls_is_explained(servers: Servers, port: str) -> None:
    done = sse(f"http://127.0.0.1:{getattr(servers, port)}/stream")
    assert (done.code, done.text) == (3, "")
    assert "closed the connection without a reply\nhint: try https://" in done.talk


@pytest.mark.parametrize("port", ["node", "uvicorn"])
def test_wrong_prior_knowledge_of_http_2_is_an_error_with_a_hint(
    servers: Servers, port: str
) -> None:
    url = f"http://127.0.0.1:{getattr(servers, port)}/stream"
    done = sse(url, "--http2-prior-knowledge")
    assert (done.code, done.text) == (5, "")
    error, hint = done.talk.splitlines()
    assert "HTTP/1.1 4" in error
    assert "--http2-prior-knowledge" in hint
