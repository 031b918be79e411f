"""Redirects: followed within the origin by Fetch's rules, and never with secrets to another
origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending
from tests.support.listener import PATIENCE
from tests.support.replies import head, whole
from tests.support.signals import ask, body, closed, opened
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"
STATUSES = [301, 302, 303, 307, 308]
HEADERS = (
    ("Authorization", "Bearer sk-test"),
    ("Accept", "text/event-stream"),
    ("User-Agent", "test"),
    ("Cookie", "session=sk-test"),
    ("X-API-Key", "sk-test"),
    ("Content-Type", "application/json"),
    ("Content-Language", "en"),
)


def moved(location: str, status: int = 302) -> bytes:
    return head(f"Location: {location}", "Content-Length: 0", status=f"{status} Moved")


@contextmanager
def redirecting(location: str, status: int = 302) -> Iterator[Wire]:
    """Return a handler that redirects `/` to `location` and streams everywhere else."""

    def handler(peer: Peer) -> None:
        peer.send(moved(location, status) if peer.request.target == "/" else whole(EVENT))

    with Wire(handler) as server:
        yield server


@pytest.mark.parametrize("status", STATUSES)
def test_a_get_is_redirected_within_the_origin_with_all_its_headers(status: int) -> None:
    with redirecting("/next?x=1#part", status) as server:
        signals = ask(server.origin, headers=HEADERS)
        first, second = server.requests
    assert body(signals) == EVENT
    assert opened(signals).url == f"{server.origin}/next?x=1#part"
    assert (second.method, second.target) == ("GET", "/next?x=1")
    assert second.headers == first.headers


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_keeps_method_and_body_if_the_status_requires_it(status: int) -> None:
    with redirecting("/next", status) as server:
        ask(server.origin, method="POST", body=b"{}", headers=HEADERS)
        first, second = server.requests
    assert (second.method, second.body) == ("POST", b"{}")
    assert second.headers == first.headers


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_becomes_a_get_without_body_as_in_browsers(status: int) -> None:
    with redirecting("/next", status) as server:
        ask(server.origin, method="POST", body=b"{}", headers=HEADERS)
        second = server.requests[1]
    assert (second.method, second.body) == ("GET", b"")
    names = [name for name, _ in second.headers]
    assert names == ["Host", "Authorization", "Accept", "User-Agent", "Cookie", "X-API-Key"]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_other_methods_change_only_for_303(status: int, method: str, then: str) -> None:
    with redirecting("/next", status) as server:
        ask(server.origin, method=method, body=b"x" if method == "PUT" else None)
        assert server.requests[1].method == then


def test_a_get_with_a_body_keeps_it_through_a_303() -> None:
    with redirecting("/next", 303) as server:
        ask(server.origin, body=b"x")
        assert server.requests[1].body == b"x"


@pytest.mark.parametrize("status", STATUSES)
def test_another_origin_gets_no_request_and_is_named_without_its_secrets(status: int) -> None:
    with Wire(whole(EVENT)) as other:
        target = other.origin.replace("//", "//ann:sk-test@") + "/s?key=sk-test"
        with redirecting(target, status) as server:
            (end,) = ask(server.origin, headers=HEADERS)
        assert other.requests == []
    assert isinstance(end, Closed)
    assert end.ending is Ending.REFUSED
    shown = other.origin.replace("//", "//ann:***@")
    assert end.detail == f"{status} redirects to another origin, {shown}/s?key=***"
    assert end.cause == Cause.REDIRECT_ORIGIN


@pytest.mark.parametrize("status", STATUSES)
def test_location_follows_to_another_origin_without_the_callers_headers(status: int) -> None:
    with Wire(whole(EVENT)) as other, redirecting(f"{other.origin}/s", status) as server:
        host = ("Host", "api.test")
        signals = ask(
            server.origin, method="POST", body=b"sk", headers=(*HEADERS, host), location=True
        )
        (request,) = other.requests
    assert body(signals) == EVENT
    assert (request.method, request.target, request.body) == ("GET", "/s", b"")
    assert request.headers == [
        ("Host", f"127.0.0.1:{other.port}"),
        ("Accept", "text/event-stream"),
        ("User-Agent", "test"),
    ]


def test_headers_dropped_for_another_origin_stay_dropped_on_the_way_back() -> None:
    with redirecting("/") as server, redirecting("/") as other:
        there, back = moved(f"{other.origin}/there"), moved(f"{server.origin}/back")
        server.handler = lambda peer: peer.send(
            there if peer.request.target == "/" else whole(EVENT)
        )
        other.handler = lambda peer: peer.send(back)
        assert body(ask(server.origin, headers=HEADERS, location=True)) == EVENT
        assert [name for name, _ in server.requests[1].headers] == ["Host", "Accept", "User-Agent"]


def test_the_same_host_by_another_name_or_port_is_another_origin() -> None:
    with Wire(whole(EVENT)) as server:
        server.handler = lambda peer: peer.send(moved(f"http://localhost:{server.port}/s"))
        assert closed(ask(server.origin)).ending is Ending.REFUSED
        assert len(server.requests) == 1


def test_a_relative_location_is_resolved_against_the_requested_url() -> None:
    with Wire(whole(EVENT)) as server:
        server.handler = lambda peer: peer.send(
            moved("../b?{x}") if peer.request.target.startswith("/{a}") else whole(EVENT)
        )
        assert body(ask(f"{server.origin}/{{a}}/c/d")) == EVENT
        assert [request.target for request in server.requests] == ["/{a}/c/d", "/%7Ba%7D/b?{x}"]


def test_a_redirect_loop_ends_after_twenty_redirects() -> None:
    with Wire(moved("/again")) as server:
        end = closed(ask(server.origin))
        assert len(server.requests) == 21
    assert end.ending is Ending.REFUSED
    assert end.detail == f"more than 20 redirects, the last to {server.origin}/again"


JUNK = [
    "",
    "http://[::1",
    "http://",
    "http:///x",
    "mailto:a@b",
    "javascript:alert(1)",
    "ftp://127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://\x00/",
    "//[",
    "/" + "a" * 70_000,
]


@pytest.mark.parametrize("location", JUNK, ids=[text[:20] or "empty" for text in JUNK])
def test_an_invalid_location_is_refused_and_not_followed(location: str) -> None:
    with Wire(moved(location)) as server:
        end = closed(ask(server.origin, location=True))
        assert len(server.requests) == 1
    # A NUL in a header makes the HTTP itself invalid.
    assert end.ending is (Ending.MALFORMED if "\0" in location else Ending.REFUSED)


def test_a_redirect_without_a_location_is_refused() -> None:
    with Wire(head("Content-Length: 0", status="302 Found")) as server:
        end = closed(ask(server.origin))
        assert len(server.requests) == 1
    assert (end.ending, end.detail) == (Ending.REFUSED, "302 Found without a Location")


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_other_3xx_statuses_are_not_redirects(status: int) -> None:
    with redirecting("/next", status) as server:
        assert closed(ask(server.origin)).ending is Ending.REFUSED
        assert len(server.requests) == 1


@given(st.text(st.characters(codec="latin-1", exclude_characters="\0\r\n"), max_size=60))
def test_no_location_raises_an_error_or_leaves_the_origin(location: str) -> None:
    with Wire(whole(EVENT)) as server:
        server.handler = lambda peer: peer.send(
            moved(location) if len(server.requests) == 1 else whole(EVENT)
        )
        signals = ask(server.origin)
    assert closed(signals).ending in (Ending.EOF, Ending.REFUSED, Ending.MALFORMED)


@pytest.mark.parametrize("framing", ["Content-Length: 0", "X-No: length"])
def test_the_connection_of_a_redirect_is_closed_before_the_next_one(framing: str) -> None:
    # A server that serves one connection at a time would wait for its end.
    gone = threading.Event()

    def handler(peer: Peer) -> None:
        if peer.request.target == "/next":
            gone.wait(PATIENCE)
            peer.send(whole(EVENT))
        else:
            peer.send(head("Location: /next", framing, status="302 Moved"))
            peer.until_gone()
            gone.set()

    with Wire(handler) as server:
        signals = ask(server.origin, max_time=2.0)
    assert (body(signals), closed(signals).ending) == (EVENT, Ending.EOF)
