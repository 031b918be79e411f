"""Streams through an HTTP proxy: forwarded, tunnelled, refused."""

from __future__ import annotations

import pytest

from tests.interop import expected, routes
from tests.interop.command import events, lines, reading
from tests.interop.proxy import Proxy
from tests.interop.real_servers import Servers
from tests.support.program import sse
from tests.support.sockets import unused_port

pytestmark = pytest.mark.interop

BODY = '{"say": "grüße 👋"}'
WHOLE = [*expected.before("GET", ""), *expected.AFTER, expected.closed("eof")]


def test_http_is_forwarded_in_absolute_form(servers: Servers) -> None:
    route = routes.route("uvicorn", servers)
    with Proxy() as proxy:
        told = events(route.stream, "-x", proxy.url, "--json", BODY)
        assert told[1] == expected.before("POST", BODY)[1]
        assert told[2:] == WHOLE[2:]
        assert [head.partition("\r\n")[0] for head in proxy.heads] == [
            f"POST {route.stream} HTTP/1.1"
        ]


@pytest.mark.parametrize("name", ["node-h2", "nginx-tls-node"])
def test_https_goes_through_a_tunnel(servers: Servers, name: str) -> None:
    route = routes.route(name, servers)
    with Proxy() as proxy:
        assert events(route.stream, *route.options, "-x", proxy.url) == WHOLE
        (head,) = proxy.heads
        address = route.base.removeprefix("https://").partition("/")[0]
        assert head.startswith(f"CONNECT {address} HTTP/1.1\r\n")
        assert "grüße" not in head


def test_events_pass_through_a_tunnel_before_the_gate_opens(servers: Servers, gate: str) -> None:
    route = routes.route("nginx-h2-node", servers)
    first = expected.before("GET", "")
    with Proxy() as proxy:
        options = (*route.options, "-x", proxy.url)
        url = f"{route.stream}?gate={gate}"
        with reading(url, *options) as output:
            assert lines(b"".join(output.readline() for _ in first)) == first
            sse(f"{route.base}/go?gate={gate}", *options, "--any-type")


def test_a_proxy_without_a_scheme_is_sent_its_password(servers: Servers) -> None:
    route = routes.route("node", servers)
    with Proxy() as proxy:
        assert events(route.stream, "-x", f"me:secret@{proxy.address}") == WHOLE
        assert "proxy-authorization: basic bwu6c2vjcmv0" in proxy.heads[0].lower()


def test_the_environment_names_a_proxy_and_the_hosts_without_one(servers: Servers) -> None:
    route = routes.route("node", servers)
    with Proxy() as proxy:
        assert events(route.stream, env={"http_proxy": proxy.url}) == WHOLE
        assert len(proxy.heads) == 1
        without = {"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}
        assert events(route.stream, env=without) == WHOLE
        assert events(route.stream, "-x", "", env={"http_proxy": proxy.url}) == WHOLE
        assert len(proxy.heads) == 1


def test_a_proxy_that_refuses_a_tunnel_makes_the_server_unreachable(servers: Servers) -> None:
    route = routes.route("nginx-h2-node", servers)
    with Proxy(refuses=True) as proxy:
        done = sse(route.stream, *route.options, "-x", proxy.url)
    assert (done.code, done.text) == (3, "")
    assert done.talk.startswith("error: the proxy refused: 403 Forbidden\nhint: ")


def test_an_unreachable_proxy_is_named_in_the_error(servers: Servers) -> None:
    route = routes.route("node", servers)
    port = unused_port()
    done = sse(route.stream, "-x", f"http://127.0.0.1:{port}")
    assert done.code == 3
    assert f"127.0.0.1:{port}" in done.talk
