"""Streams through an HTTP proxy: forwarded, tunnelled, refused."""

from __future__ import annotations

import pytest

from tests.interop import expected, routes
from tests.interop.command import events, lines, reading
from tests.interop.proxy import Proxy
from tests.interop.real_servers import Town
from tests.support.program import sse
from tests.support.sockets import unused_port

pytestmark = pytest.mark.interop

BODY = '{"say": "grüße 👋"}'
WHOLE = [*expected.before("GET", ""), *expected.AFTER, expected.closed("eof")]


def test_http_is_forwarded_in_absolute_form(town: Town) -> None:
    lane = routes.lane("uvicorn", town)
    with Proxy() as proxy:
        told = events(lane.stream, "-x", proxy.url, "--json", BODY)
        assert told[1] == expected.before("POST", BODY)[1]
        assert told[2:] == WHOLE[2:]
        assert [head.partition("\r\n")[0] for head in proxy.heads] == [
            f"POST {lane.stream} HTTP/1.1"
        ]


@pytest.mark.parametrize("name", ["node-h2", "nginx-tls-node"])
def test_https_goes_through_a_tunnel(town: Town, name: str) -> None:
    lane = routes.lane(name, town)
    with Proxy() as proxy:
        assert events(lane.stream, *lane.options, "-x", proxy.url) == WHOLE
        (head,) = proxy.heads
        address = lane.base.removeprefix("https://").partition("/")[0]
        assert head.startswith(f"CONNECT {address} HTTP/1.1\r\n")
        assert "grüße" not in head


def test_events_pass_through_a_tunnel_before_the_gate_opens(town: Town, ticket: str) -> None:
    lane = routes.lane("nginx-h2-node", town)
    first = expected.before("GET", "")
    with Proxy() as proxy:
        ways = (*lane.options, "-x", proxy.url)
        url = f"{lane.stream}?ticket={ticket}"
        with reading(url, *ways) as output:
            assert lines(b"".join(output.readline() for _ in first)) == first
            sse(f"{lane.base}/go?ticket={ticket}", *ways, "--any-type")


def test_a_proxy_without_a_scheme_and_with_a_password_is_asked_with_it(town: Town) -> None:
    lane = routes.lane("node", town)
    with Proxy() as proxy:
        assert events(lane.stream, "-x", f"me:secret@{proxy.address}") == WHOLE
        assert "proxy-authorization: basic bwu6c2vjcmv0" in proxy.heads[0].lower()


def test_the_environment_names_a_proxy_and_hosts_that_need_none(town: Town) -> None:
    lane = routes.lane("node", town)
    with Proxy() as proxy:
        assert events(lane.stream, env={"http_proxy": proxy.url}) == WHOLE
        assert len(proxy.heads) == 1
        without = {"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}
        assert events(lane.stream, env=without) == WHOLE
        assert events(lane.stream, "-x", "", env={"http_proxy": proxy.url}) == WHOLE
        assert len(proxy.heads) == 1


def test_a_proxy_that_refuses_a_tunnel_makes_the_server_unreachable(town: Town) -> None:
    lane = routes.lane("nginx-h2-node", town)
    with Proxy(refuses=True) as proxy:
        done = sse(lane.stream, *lane.options, "-x", proxy.url)
    assert (done.code, done.text) == (3, "")
    assert done.talk.startswith("error: the proxy refused: 403 Forbidden\nhint: ")


def test_a_proxy_that_is_not_there_is_told_by_its_own_name(town: Town) -> None:
    lane = routes.lane("node", town)
    port = unused_port()
    done = sse(lane.stream, "-x", f"http://127.0.0.1:{port}")
    assert done.code == 3
    assert f"127.0.0.1:{port}" in done.talk
