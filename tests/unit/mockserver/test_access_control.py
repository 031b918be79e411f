"""Access to the mock server: hosts, origins, and the CORS headers for browsers."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import pytest

from sse_cli.mockserver import access_control
from sse_cli.mockserver.access_control import AccessControl
from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError

ONE = Scenario.of("one", [(0, b"data: one\n\n")])
PAGE = "https://app.example"
OTHER = "https://other.example"


def ask(
    base: str, method: str = "GET", path: str = "/one", **headers: str
) -> tuple[int, Mapping[str, str]]:
    """Return a reply's status and its headers about other origins."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection(base.partition("//")[2], timeout=20)) as client:
        client.request(method, path, headers=sent)
        reply = client.getresponse()
        reply.read()
        said = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, {
            name: value
            for name, value in said.items()
            if name.startswith("access-control-") or name == "vary"
        }


@contextmanager
def serving(*origins: str, fault: str | None = None) -> Iterator[str]:
    made = Server({"one": ONE}, cors=origins, fault=FAULTS[fault] if fault else None)
    with running(made) as base:
        yield base


ALLOWED = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-credentials": "true",
    "vary": "Origin",
}


def test_no_cors_header_is_sent_by_default() -> None:
    with serving() as base:
        assert ask(base, Origin="http://localhost:3000") == (200, {})
        assert ask(base, Origin=PAGE) == (403, {})
        assert ask(base, "OPTIONS", Origin="http://localhost:3000") == (204, {})


def test_a_listed_origin_may_read() -> None:
    with serving(PAGE) as base:
        assert ask(base, Origin=PAGE) == (200, ALLOWED)
        assert ask(base, path="/nothing", Origin=PAGE) == (404, ALLOWED)
        assert ask(base, Origin=PAGE.upper())[0] == 200


@pytest.mark.parametrize(
    "origin", [OTHER, PAGE + ":444", PAGE + "/", "http://app.example", "null", PAGE + ".evil.test"]
)
def test_an_unlisted_origin_is_refused(origin: str) -> None:
    with serving(PAGE) as base:
        assert ask(base, Origin=origin) == (403, {})


def test_a_page_of_this_machine_may_send_requests_but_not_read_unless_listed() -> None:
    with serving(PAGE) as base:
        assert ask(base, Origin="http://localhost:3000") == (200, {"vary": "Origin"})
        assert ask(base) == (200, {"vary": "Origin"})
    with serving(PAGE, "http://localhost:3000") as base:
        status, said = ask(base, Origin="http://localhost:3000")
        assert (status, said["access-control-allow-origin"]) == (200, "http://localhost:3000")


def test_a_star_lets_every_origin_read() -> None:
    with serving("*") as base:
        for origin in (PAGE, "null", "chrome-extension://abc"):
            assert ask(base, Origin=origin) == (200, {"access-control-allow-origin": "*"})


def test_a_star_allows_no_other_host() -> None:
    with serving("*") as base:
        assert ask(base, Host="rebound.example")[0] == 403


def test_a_preflight_is_answered() -> None:
    asked = {
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "authorization,content-type,x-api-key",
    }
    with serving(PAGE) as base:
        status, said = ask(base, "OPTIONS", Origin=PAGE, **asked)
        assert status == 204
        assert said == {
            **ALLOWED,
            "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
            "access-control-allow-headers": "authorization,content-type,x-api-key",
            "access-control-max-age": "600",
        }
        odd = ask(base, "OPTIONS", Origin=PAGE, Access_Control_Request_Headers="a<b>;c")[1]
        assert "access-control-allow-headers" not in odd
        assert ask(base, "OPTIONS", Origin=OTHER, **asked) == (403, {})


def test_a_broken_reply_can_be_read_by_the_page_too() -> None:
    with serving(PAGE, fault="bom") as base:
        assert ask(base, Origin=PAGE) == (200, ALLOWED)


@pytest.mark.parametrize(
    "origin",
    ["app.example", "https://app.example/", "https://a b", "", "https://", "http://a,b", "*.a.com"],
)
def test_an_invalid_origin_is_a_usage_error(origin: str) -> None:
    with pytest.raises(UsageError, match="invalid CORS origin"):
        access_control.for_host("127.0.0.1", [origin])


# Other addresses than loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "localhost", "LOCALHOST", "::1"])
def test_loopback_needs_no_permission(host: str) -> None:
    found = access_control.for_host(host)
    assert found.knows_host("localhost:80")
    assert found.knows_host(f"[{host}]" if ":" in host else f"{host}:80")
    assert not found.knows_host("192.0.2.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "2001:db8::1"])
def test_any_other_address_needs_permission(host: str) -> None:
    with pytest.raises(UsageError, match="loopback only") as caught:
        access_control.for_host(host)
    assert caught.value.hint == Cause.LISTEN_REMOTE
    access_control.for_host(host, remote=True)


@pytest.mark.parametrize("remote", [False, True])
def test_an_empty_host_is_refused(remote: bool) -> None:
    with pytest.raises(UsageError, match="the host to listen on is empty"):
        access_control.for_host("", remote=remote)


def test_the_address_of_the_server_is_an_allowed_host() -> None:
    found = access_control.for_host("192.0.2.1", remote=True)
    assert found.knows_host("192.0.2.1:7433")
    assert found.knows_host("127.0.0.1")
    assert found.accepts_origin("http://192.0.2.1:7433")
    for other in ("192.0.2.2", "example.com", "192.0.2.1.example.com"):
        assert not found.knows_host(other)
        assert not found.accepts_origin(f"http://{other}")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_on_all_addresses_any_address_is_an_allowed_host_but_no_name(host: str) -> None:
    found = access_control.for_host(host, remote=True)
    for address in ("192.0.2.1", "10.0.0.9:80", "[2001:db8::1]:7433"):
        assert found.knows_host(address)
    for name in ("example.com", "rebound.example:7433", "1.2.3", "1.2.3.4.5", "", "[::g]"):
        assert not found.knows_host(name)


def test_the_name_of_the_server_is_an_allowed_host() -> None:
    found = access_control.for_host("Mock.Test", remote=True)
    assert found.knows_host("mock.test:80")
    assert not found.knows_host("other.test")


def test_the_default_is_loopback_only() -> None:
    assert AccessControl() == access_control.for_host("127.0.0.1")


def test_a_server_on_all_addresses_prints_a_url_that_works_here() -> None:
    with running(Server({"one": ONE}, host="0.0.0.0", remote=True)) as base:
        assert base.startswith("http://127.0.0.1:")
        assert ask(base)[0] == 200
        assert ask(base, Host="rebound.example")[0] == 403
