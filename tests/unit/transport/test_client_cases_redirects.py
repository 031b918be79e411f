"""The redirects of a connecting client: the rows of `corpus/client_cases.json` about them.
`test_redirects.py` has the rules for each redirect; here they hold for a client that reconnects."""

from __future__ import annotations

import pytest

from sse_cli.model.events import Ending, Opened
from sse_cli.request.model import Request
from tests.support.client import follow, header, scripted
from tests.support.program import error_and_hint, sse
from tests.support.replies import head, whole
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"
SECRET = (("Authorization", "Bearer sk-test"), ("Content-Type", "application/json"))
TIMES = 2  # streams that a server sends before it replies 204


def moved(location: str, status: int = 302) -> bytes:
    return head(f"Location: {location}", "Content-Length: 0", status=f"{status} Moved")


def redirecting(location: str, status: int = 302) -> Wire:
    """Redirect `/`, stream twice elsewhere, then reply 204."""
    streams = iter([whole(EVENT)] * TIMES)
    end = head("Content-Length: 0", status="204 No Content")

    def handler(peer: Peer) -> None:
        is_first_hop = peer.request.target == "/"
        peer.send(moved(location, status) if is_first_hop else next(streams, end))

    return Wire(handler)


def targets(server: Wire) -> list[str]:
    return [f"{request.method} {request.target}" for request in server.requests]


def a_get_is_followed(status: int) -> None:
    with redirecting("/next", status) as server:
        seen = follow(server.origin)
        assert {opened.url for opened in seen.of(Opened)} == {f"{server.origin}/next"}
    assert seen.data == ["one", "one"]
    assert seen.notices == ["open", "message", "connecting"] * TIMES + ["closed"]
    assert targets(server) == ["GET /", "GET /next"] * 3  # the client keeps its own URL


def test_redirect_301_get() -> None:
    a_get_is_followed(301)


def test_redirect_302_get() -> None:
    a_get_is_followed(302)


def test_redirect_303_get() -> None:
    a_get_is_followed(303)


def test_redirect_307_get() -> None:
    a_get_is_followed(307)


def test_redirect_308_get() -> None:
    a_get_is_followed(308)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_redirect_301_302_303_post_becomes_get(status: int) -> None:
    with redirecting("/next", status) as server:
        follow(Request(server.origin, method="POST", body=b"{}", headers=SECRET))
    assert targets(server) == ["POST /", "GET /next"] * 3
    for request in server.requests[1::2]:
        assert request.body == b""
        assert header(request, "Content-Type") == header(request, "Content-Length") == []


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_307_308_keeps_post(status: int) -> None:
    with redirecting("/next", status) as server:
        follow(Request(server.origin, method="POST", body=b"{}", headers=SECRET))
    assert targets(server) == ["POST /", "POST /next"] * 3
    for request in server.requests:
        assert request.body == b"{}"
        assert header(request, "Content-Type") == ["application/json"]


def is_refused_at_once(reply: bytes, requests: int = 1) -> None:
    with Wire(reply) as server:
        ran = sse(server.origin, "--reconnect", "--retry-delay", "100ms", "-m", "5")
    assert ran.code == 4, ran.talk
    error_and_hint(ran)
    assert len(server.requests) == requests


@pytest.mark.parametrize("status", [301, 307])
def test_redirect_missing_location(status: int) -> None:
    is_refused_at_once(head("Content-Length: 0", status=f"{status} Moved"))


@pytest.mark.parametrize("status", [301, 307])
def test_redirect_empty_location(status: int) -> None:
    is_refused_at_once(moved("", status))


def test_redirect_loop() -> None:
    is_refused_at_once(moved("/"), requests=21)


def test_redirect_same_origin_keeps_authorization() -> None:
    with redirecting("/next") as server:
        follow(Request(server.origin, headers=SECRET))
    assert {tuple(header(r, "Authorization")) for r in server.requests} == {("Bearer sk-test",)}


def test_redirect_cross_origin_drops_authorization() -> None:
    with scripted(whole(EVENT)) as other, redirecting(f"{other.origin}/") as server:
        seen = follow(Request(server.origin, headers=SECRET))
        assert (seen.closed.ending, other.requests) == (Ending.REFUSED, [])
        seen = follow(Request(server.origin, headers=SECRET, location=True))
    assert seen.data == ["one"]
    assert [header(request, "Authorization") for request in other.requests] == [[], []]


def test_redirect_origin_of_events() -> None:
    with scripted(whole(EVENT)) as other, redirecting(f"{other.origin}/") as server:
        seen = follow(Request(server.origin, location=True))
        assert seen.of(Opened)[0].url == f"{other.origin}/"


def test_redirect_reconnect_uses_original_url() -> None:
    with redirecting("/next", 301) as server:
        follow(server.origin)
    assert targets(server).count("GET /") == TIMES + 1


def test_redirect_cross_origin_again_on_reconnect() -> None:
    with (
        scripted(whole(b"id: 7\n" + EVENT), whole(EVENT)) as other,
        redirecting(f"{other.origin}/", 301) as server,
    ):
        seen = follow(Request(server.origin, headers=SECRET, location=True))
    assert seen.data == ["one", "one"]
    assert [header(r, "Authorization") for r in server.requests] == [["Bearer sk-test"]] * 3
    assert [header(r, "Authorization") for r in other.requests] == [[]] * 3
    assert [header(r, "Last-Event-ID") for r in server.requests] == [[], ["7"], ["7"]]
