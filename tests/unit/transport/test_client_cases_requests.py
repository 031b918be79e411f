"""The requests of a connecting client: the rows of `corpus/client_cases.json` about requests."""

from __future__ import annotations

from sse_cli.model.events import Message, Resume
from sse_cli.request.model import Request
from tests.support.client import AGAIN, follow, header, ids_sent, scripted
from tests.support.program import sse
from tests.support.replies import head, whole
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"
PAIRS = (("X-One", "1"), ("X-Two", "zwei, 2"))


def test_default_method_get() -> None:
    with Wire(whole(EVENT)) as server:
        assert sse(server.origin).code == 0
    assert [request.method for request in server.requests] == ["GET"]


def test_accept_header() -> None:
    with Wire(whole(EVENT)) as server:
        sse(server.origin)
    assert header(server.requests[0], "Accept") == ["text/event-stream"]


def test_cache_control_no_cache() -> None:
    with scripted(whole(EVENT)) as server:
        follow(server.origin)
    assert [header(request, "Cache-Control") for request in server.requests] == [["no-cache"]] * 2


def test_no_last_event_id_on_first_request() -> None:
    with Wire(whole(EVENT)) as server:
        sse(server.origin)
    assert ids_sent(server) == [None]


def test_custom_headers() -> None:
    with Wire(whole(EVENT)) as server:
        sse(server.origin, *(word for pair in PAIRS for word in ("-H", ": ".join(pair))))
    (request,) = server.requests
    assert set(PAIRS) <= set(request.headers)
    assert header(request, "Accept") == ["text/event-stream"]
    assert header(request, "Cache-Control") == ["no-cache"]


def test_custom_headers_on_reconnect() -> None:
    with scripted(whole(EVENT)) as server:
        follow(Request(server.origin, headers=PAIRS))
    first, second = server.requests
    assert set(PAIRS) <= set(second.headers)
    assert second.headers == first.headers


def test_keep_alive() -> None:
    with scripted(whole(EVENT)) as server:
        follow(server.origin)
    for request in server.requests:
        assert header(request, "Connection") in ([], ["keep-alive"])


def test_caller_headers_not_mutated() -> None:
    with scripted(whole(b"id: 1\ndata: one\n\n")) as server:
        request = Request(server.origin, headers=PAIRS)
        follow(request)
    assert request.headers == PAIRS
    assert ids_sent(server) == [None, "1"]


def test_post_body_and_content_type() -> None:
    body = '{"stream": true}'
    with Wire(whole(EVENT)) as server:
        sse(server.origin, "-d", body, "-H", "Content-Type: application/json; charset=utf-8")
    (request,) = server.requests
    assert (request.method, request.body) == ("POST", body.encode())
    assert header(request, "Content-Type") == ["application/json; charset=utf-8"]


def test_report_method() -> None:
    with Wire(whole(EVENT)) as server:
        sse(server.origin, "-X", "REPORT", "-d", "<q/>", "-H", "Content-Type: text/xml")
    (request,) = server.requests
    assert (request.method, request.body) == ("REPORT", b"<q/>")
    assert header(request, "Content-Type") == ["text/xml"]


def test_initial_last_event_id() -> None:
    with Wire(whole(EVENT)) as server:
        (line,) = sse(server.origin, "--last-event-id", "abc").objects()
        assert (line["last_event_id"], line["id"]) == ("abc", None)
    assert ids_sent(server) == ["abc"]
    with scripted(whole(EVENT)) as server:
        seen = follow(server.origin, AGAIN, Resume("abc"))
    assert [message.last_event_id for message in seen.of(Message)] == ["abc"]
    assert ids_sent(server) == ["abc", "abc"]


def test_url_credentials_basic_auth() -> None:
    def handler(peer: Peer) -> None:
        known = header(peer.request, "Authorization") == ["Basic dXNlcjpwYXNz"]
        denied = head("Content-Length: 0", status="401 Unauthorized")
        peer.send(whole(EVENT) if known else denied)

    with Wire(handler) as server:
        url = server.origin.replace("://", "://user:pass@")
        assert sse(url).objects("t")[0]["data"] == "one"
        assert sse(server.origin).code == 4
