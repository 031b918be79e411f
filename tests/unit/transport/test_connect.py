"""Connections, from the reply's first byte to the ending. Every server here is a bare socket."""

from __future__ import annotations

import gc
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened
from sse_cli.request.builder import build
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect
from tests.support.listener import PATIENCE
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head, whole
from tests.support.signals import ask, body, chunks, closed, opened, reply_to
from tests.support.sockets import unused_port
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"
OTHER = b"data: two\n\n"
JSON = "Content-Type: application/json"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A check that nothing is left open, without the proxies of this machine."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    yield
    gc.collect()  # a forgotten socket warns now, and a warning is an error


# The signals of a good stream


def test_a_chunked_body_gives_its_chunks_and_a_proven_end() -> None:
    reply = head(STREAM, CHUNKED, "X-Id: 7") + chunk(EVENT) + chunk(OTHER) + LAST_CHUNK
    with Wire(reply) as server:
        signals = ask(f"{server.origin}/stream")
    first = opened(signals)
    assert (first.status, first.reason, first.http_version) == (200, "OK", "HTTP/1.1")
    assert first.url == f"{server.origin}/stream"
    assert first.media == "event-stream"
    assert [name for name, _ in first.headers] == ["Content-Type", "Transfer-Encoding", "X-Id"]
    assert chunks(signals) == [EVENT, OTHER]
    assert closed(signals).ending is Ending.EOF


def test_a_body_with_a_length_ends_there_though_the_connection_stays_open() -> None:
    def keep_alive(peer: Peer) -> None:
        peer.send(whole(EVENT))
        peer.until_gone()

    with Wire(keep_alive) as server:
        signals = ask(server.origin)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.EOF


def test_a_chunked_body_ends_at_its_last_chunk_though_the_connection_stays_open() -> None:
    def keep_alive(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(EVENT), LAST_CHUNK)
        peer.until_gone()

    with Wire(keep_alive) as server:
        signals = ask(server.origin)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.EOF


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_body_that_only_the_connection_ends_is_unverified(version: str) -> None:
    with Wire(head(STREAM, version=version) + EVENT) as server:
        signals = ask(server.origin)
    assert opened(signals).http_version == f"HTTP/{version}"
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.EOF_UNVERIFIED


def test_an_http_1_0_body_with_a_length_has_a_proven_end() -> None:
    with Wire(head(STREAM, "Content-Length: 11", version="1.0") + EVENT) as server:
        assert closed(ask(server.origin)).ending is Ending.EOF


def test_the_head_and_each_chunk_are_delivered_before_the_server_sends_more() -> None:
    gates = [threading.Event(), threading.Event()]

    def gated(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED))
        assert gates[0].wait(PATIENCE)
        peer.send(chunk(EVENT))
        assert gates[1].wait(PATIENCE)
        peer.send(chunk(OTHER), LAST_CHUNK)

    with Wire(gated) as server:
        signals = reply_to(Request(server.origin, max_time=PATIENCE))
        assert isinstance(next(signals), Opened)
        gates[0].set()
        first = next(signals)
        gates[1].set()
        rest = list(signals)
    assert isinstance(first, Chunk)
    assert first.data == EVENT
    assert chunks(rest) == [OTHER]


def test_bytes_come_exactly_as_sent() -> None:
    raw = bytes(range(256)) * 3 + b"\r\n\r\x85\xe2\x80\xa8\x0b\x0c"
    with Wire(whole(raw)) as server:
        assert body(ask(server.origin)) == raw


def test_an_empty_body_gives_no_chunk() -> None:
    with Wire(head(STREAM, CHUNKED) + LAST_CHUNK) as server:
        assert [type(signal) for signal in ask(server.origin)] == [Opened, Closed]


def test_the_clock_is_read_once_for_each_signal() -> None:
    ticks = itertools.count()
    with Wire(head(STREAM, CHUNKED) + chunk(EVENT) + chunk(OTHER) + LAST_CHUNK) as server:
        signals = connect.connect(Request(server.origin), lambda: float(next(ticks)))
        assert [signal.at for signal in signals] == [0, *range(9)]


def test_a_reader_that_stops_closes_the_connection() -> None:
    gone = threading.Event()

    def endless(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(EVENT))
        peer.until_gone()
        gone.set()

    with Wire(endless) as server:
        signals = reply_to(Request(server.origin))
        assert isinstance(next(signals), Opened)
        assert isinstance(next(signals), Chunk)
        signals.close()
        assert gone.wait(PATIENCE)


def test_informational_replies_are_skipped() -> None:
    hints = head("Link: </x>", status="103 Early Hints")
    with Wire(head(status="100 Continue") + hints + whole(EVENT)) as server:
        signals = ask(server.origin)
    assert opened(signals).status == 200
    assert body(signals) == EVENT


def test_header_bytes_are_utf_8_or_else_latin_1() -> None:
    reply = whole(EVENT).replace(b"\r\n", b"\r\nX-A: \xc3\xa9\r\nX-B: \xe9\r\n", 1)
    with Wire(reply) as server:
        first = opened(ask(server.origin))
    assert (first.header("x-a"), first.header("X-B")) == ("é", "é")


# Cut, malformed, unreachable


CUTS = {
    "in a chunk": head(STREAM, CHUNKED) + b"ff\r\ndata: one\n\n",
    "in a chunk's header": head(STREAM, CHUNKED) + chunk(EVENT) + b"f",
    "between chunks": head(STREAM, CHUNKED) + chunk(EVENT),
    "before the last chunk's end": head(STREAM, CHUNKED) + chunk(EVENT) + b"0\r\n",
    "short of the length": head(STREAM, "Content-Length: 12") + EVENT,
}


@pytest.mark.parametrize("reply", CUTS.values(), ids=CUTS.keys())
def test_a_cut_is_detected_and_earlier_data_is_kept(reply: bytes) -> None:
    with Wire(reply) as server:
        signals = ask(server.origin)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.TRUNCATED
    assert "cut in the body" in closed(signals).detail


def test_a_reset_in_the_body_is_a_cut_whatever_its_framing() -> None:
    for headers in ([STREAM], [STREAM, CHUNKED], [STREAM, "Content-Length: 99"]):
        read = threading.Event()

        def cut(peer: Peer, read: threading.Event = read, headers: list[str] = headers) -> None:
            peer.send(head(*headers), chunk(EVENT))
            assert read.wait(PATIENCE)
            peer.reset()

        with Wire(cut) as server:
            signals = reply_to(Request(server.origin))
            next(signals)
            next(signals)
            read.set()
            end = closed(list(signals))
        assert end.ending is Ending.TRUNCATED
        assert "connection reset" in end.detail


def test_a_protocol_error_is_quoted_without_python_syntax() -> None:
    replies = {
        head(STREAM, CHUNKED)
        + b"zz\r\n": "the transfer broke the protocol: illegal chunk header: 'zz",
        b"ICY 200 OK\r\n\r\n": "the reply is not HTTP: illegal status line: 'ICY 200 OK'",
        b"x" * 99 + b"\r\n\r\n": f"the reply is not HTTP: illegal status line: '{'x' * 59}…",
    }
    for reply, said in replies.items():
        with Wire(reply) as server:
            assert closed(ask(server.origin)).detail.startswith(said)


@pytest.mark.parametrize("size", [b"zz", b"-1", b"", b"0x5", b"5 5", b"f" * 30])
def test_an_invalid_chunk_size_is_malformed(size: bytes) -> None:
    with Wire(head(STREAM, CHUNKED) + chunk(EVENT) + size + b"\r\nhello\r\n") as server:
        signals = ask(server.origin)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.MALFORMED


NO_HTTP = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "another protocol that says no more": b"220 mail.example ESMTP\r\n",
    "HTTP/0.9": b"<html>",
}


@pytest.mark.parametrize("reply", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_a_reply_that_is_not_http_is_malformed(reply: bytes) -> None:
    with Wire(reply) as server:
        (end,) = ask(server.origin)
    assert isinstance(end, Closed)
    assert end.ending is Ending.MALFORMED
    assert "not HTTP" in end.detail
    assert end.cause == Cause.NOT_HTTP


@pytest.mark.parametrize(
    ("reply", "when"),
    [
        (b"", "without a reply"),
        (b"H", "before the headers of its reply were whole"),
        (b"HTTP/1.1 200 OK\r\nContent-", "before the headers of its reply were whole"),
        (head(status="103 Early Hints"), "before the headers of its reply were whole"),
    ],
)
def test_a_connection_closed_before_the_reply_is_unreachable(reply: bytes, when: str) -> None:
    with Wire(reply) as server:
        (end,) = ask(server.origin)
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail == f"127.0.0.1:{server.port} closed the connection {when}"
    # Not one byte of reply suggests https to an http port; a single byte rules that out.
    assert end.cause == (Cause.CONNECTION_CUT if reply else Cause.NO_REPLY)


@pytest.mark.parametrize(
    ("reply", "when"),
    [
        (b"", "before it replied"),
        (b"HTTP/1.1 200 OK\r\n", "before the headers of its reply were whole"),
    ],
)
def test_a_connection_reset_before_the_reply_is_unreachable(reply: bytes, when: str) -> None:
    def handler(peer: Peer) -> None:
        peer.send(reply)
        peer.reset()

    with Wire(handler) as server:
        (end,) = ask(server.origin)
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail == f"127.0.0.1:{server.port} reset the connection {when}"


def test_a_refused_port_is_unreachable_and_named() -> None:
    port = unused_port()
    (end,) = ask(f"http://127.0.0.1:{port}/")
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail == f"nothing listens on 127.0.0.1:{port}: connection refused"
    assert end.cause == Cause.CONNECTION_REFUSED


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".invalid", "a..invalid"])
def test_a_host_that_does_not_exist_is_unreachable_and_named(host: str) -> None:
    (end,) = ask(f"http://{host}/")
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail.startswith(f"can't find the host {host}: ")
    assert end.cause == Cause.NAME_LOOKUP


def test_an_invalid_url_is_refused() -> None:
    with pytest.raises(UsageError, match="invalid URL"):
        ask("http://[::1/")


# Refused


def test_a_401_is_refused_with_its_body() -> None:
    with Wire(whole(b'{"error":"no key"}', JSON, status="401 Unauthorized")) as server:
        signals = ask(server.origin)
    assert (opened(signals).status, opened(signals).media) == (401, "other")
    assert body(signals) == b'{"error":"no key"}'
    assert closed(signals).ending is Ending.REFUSED
    assert closed(signals).detail == "401 Unauthorized"
    assert closed(signals).cause == Cause.STATUS_401


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Oops", "299 Odd"])
def test_any_status_but_200_is_refused_even_for_an_event_stream(status: str) -> None:
    with Wire(head(STREAM, "Content-Length: 0", status=status)) as server:
        end = closed(ask(server.origin))
    assert (end.ending, end.detail) == (Ending.REFUSED, status)


@pytest.mark.parametrize("headers", [(), ("Content-Type: text/html",), ("Content-Type: ",)])
def test_a_reply_of_another_type_or_none_is_refused_and_shown(headers: tuple[str, ...]) -> None:
    with Wire(head(*headers, "Content-Length: 3") + b"<p>") as server:
        signals = ask(server.origin)
    assert opened(signals).media == "other"
    assert body(signals) == b"<p>"
    assert closed(signals).ending is Ending.REFUSED


def test_an_endless_refused_body_is_read_only_to_its_limit() -> None:
    def endless(peer: Peer) -> None:
        peer.send(head(JSON, CHUNKED, status="401 Unauthorized"))
        while True:
            peer.send(chunk(b"x" * 8192))

    with Wire(endless) as server:
        signals = ask(server.origin)
    limit = connect.REFUSED_BODY_LIMIT
    assert limit <= len(body(signals)) <= 2 * limit
    assert closed(signals).ending is Ending.REFUSED


@pytest.mark.parametrize("headers", [(JSON, CHUNKED), (JSON,), (JSON, "Content-Length: 9999")])
def test_a_refused_body_that_trickles_for_ever_is_abandoned(headers: tuple[str, ...]) -> None:
    def trickle(peer: Peer) -> None:
        peer.send(head(*headers, status="401 Unauthorized"))
        peer.trickle(chunk(b"x"))

    with Wire(trickle) as server:
        start = time.monotonic()
        signals = ask(server.origin)
        assert time.monotonic() - start < 10
    assert body(signals).startswith(b"x" if CHUNKED in headers else b"1\r\nx")
    assert closed(signals).ending is Ending.REFUSED
    assert closed(signals).detail == "401 Unauthorized"


# The request on the wire


def test_headers_go_out_in_order_and_nothing_is_added() -> None:
    with Wire(whole(EVENT)) as server:
        options = [("url", server.origin + "/s"), ("header", "X-Key: 1"), ("header", "x-key: 2")]
        list(connect.connect(build(options), RunClock()))
        (request,) = server.requests
    assert (request.method, request.target, request.body) == ("GET", "/s", b"")
    names = ["Host", "User-Agent", "Accept", "Cache-Control", "Accept-Encoding", "X-Key", "x-key"]
    assert [name for name, _ in request.headers] == names
    values = dict(request.headers)
    assert values["Host"] == f"127.0.0.1:{server.port}"
    assert values["Accept"] == "text/event-stream"
    assert values["Cache-Control"] == "no-cache"
    assert values["Accept-Encoding"] == "identity"
    assert (values["X-Key"], values["x-key"]) == ("1", "2")


def test_a_removed_header_is_not_sent() -> None:
    removed = ["User-Agent", "Accept", "Cache-Control", "Accept-Encoding"]
    with Wire(whole(EVENT)) as server:
        options = [("url", server.origin), *(("header", f"{name}:") for name in removed)]
        list(connect.connect(build(options), RunClock()))
        assert [name for name, _ in server.requests[0].headers] == ["Host"]


def test_header_values_are_sent_as_utf_8() -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin, headers=(("Last-Event-ID", "naïve-☃-😀"),))
        assert server.requests[0].headers[-1] == ("Last-Event-ID", "naïve-☃-😀")


def test_a_host_header_of_the_caller_replaces_the_default() -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin, headers=(("X", "1"), ("host", "api.test")))
        assert server.requests[0].headers == [("host", "api.test"), ("X", "1")]


def test_a_body_goes_out_with_its_length() -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin, method="POST", body=b'{"a":"\xff"}')
        (request,) = server.requests
    assert (request.method, request.body) == ("POST", b'{"a":"\xff"}')
    assert request.headers[1:] == [("Content-Length", "9")]


@pytest.mark.parametrize("sent", [b"", None])
def test_a_post_without_a_body_has_content_length_zero(sent: bytes | None) -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin, method="POST", body=sent)
        assert server.requests[0].headers[1:] == [("Content-Length", "0")]


def test_a_method_is_sent_as_typed() -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin, method="Query", body=b"x")
        assert server.requests[0].method == "Query"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("", "/"),
        ("/{id}/a|b[0]^`", "/{id}/a|b[0]^`"),
        ("/%7Bid%7D/%2f%2E%2e/x", "/%7Bid%7D/%2f%2E%2e/x"),
        ('/?q={a|b}"<>[]\\^`', '/?q={a|b}"<>[]\\^`'),
        ("/?a=/../b&c=?", "/?a=/../b&c=?"),
        ("//double//slash", "//double//slash"),
        ("/...three/.hidden", "/...three/.hidden"),
        ("/x?y#fragment", "/x?y"),
        ("/a/../b/./c", "/b/c"),
        ("/a/..?x={1}", "/?x={1}"),
        ("/é", "/%C3%A9"),
    ],
)
def test_the_target_is_sent_as_typed_unless_it_must_be_normalised(typed: str, sent: str) -> None:
    with Wire(whole(EVENT)) as server:
        ask(server.origin + typed)
        assert server.requests[0].target == sent


def test_the_requested_ip_family_is_used() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with Wire(whole(EVENT), listener=listener) as server:
        assert body(ask(server.origin, ip_family="6")) == EVENT
        assert closed(ask(server.origin, ip_family="4")).ending is Ending.UNREACHABLE
    with Wire(whole(EVENT)) as server:
        assert body(ask(server.origin, ip_family="4")) == EVENT
        assert closed(ask(server.origin, ip_family="6")).ending is Ending.UNREACHABLE


def test_a_unix_socket_is_used_and_a_proxy_ignored(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    proxy = f"http://127.0.0.1:{unused_port()}"
    with Wire(whole(EVENT), listener=listener) as server:
        signals = ask("http://api.test/v1", unix_socket=str(path), proxy=proxy)
        assert body(signals) == EVENT
        assert server.requests[0].target == "/v1"
        assert server.requests[0].headers[0] == ("Host", "api.test")


def test_a_missing_unix_socket_is_unreachable_and_named(tmp_path: Path) -> None:
    path = str(tmp_path / "gone.sock")
    end = closed(ask("http://api.test/", unix_socket=path))
    assert end.ending is Ending.UNREACHABLE
    assert end.detail == f"can't connect to the socket {path}: no such file or directory"


# Proxies (test_tls.py tests CONNECT)


def test_a_forward_proxy_gets_the_absolute_url_as_typed_and_its_credentials() -> None:
    with Wire(whole(EVENT)) as server:
        proxy = server.origin.replace("//", "//ann:secret@")
        signals = ask("http://api.test/{id}|?q=[1]", proxy=proxy)
        (request,) = server.requests
    assert body(signals) == EVENT
    assert request.target == "http://api.test/{id}|?q=[1]"
    assert dict(request.headers)["Host"] == "api.test"
    assert dict(request.headers)["Proxy-Authorization"] == "Basic YW5uOnNlY3JldA=="


def test_a_proxy_without_scheme_speaks_http() -> None:
    with Wire(whole(EVENT)) as server:
        assert body(ask("http://api.test/", proxy=f"127.0.0.1:{server.port}")) == EVENT


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_the_environment_names_a_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(whole(EVENT)) as server:
        monkeypatch.setenv(name, server.origin)
        assert body(ask("http://api.test/x")) == EVENT
        assert server.requests[0].target == "http://api.test/x"


@pytest.mark.parametrize("bypass", ["127.0.0.1", "127.0.0.1:{port}", "*", "x, 127.0.0.1"])
def test_no_proxy_names_hosts_to_connect_to_directly(
    bypass: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    with Wire(whole(EVENT)) as server:
        assert closed(ask(server.origin)).ending is Ending.UNREACHABLE
        monkeypatch.setenv("NO_PROXY", bypass.format(port=server.port))
        assert body(ask(server.origin)) == EVENT


def test_an_empty_proxy_means_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    with Wire(whole(EVENT)) as server:
        assert body(ask(server.origin, proxy="")) == EVENT


def test_a_proxy_that_is_down_is_named_instead_of_the_host() -> None:
    port = unused_port()
    end = closed(ask("http://api.test/", proxy=f"http://ann:secret@127.0.0.1:{port}"))
    assert end.ending is Ending.UNREACHABLE
    shown = f"http://ann:***@127.0.0.1:{port}"
    assert end.detail == f"nothing listens on the proxy {shown}: connection refused"


@pytest.mark.parametrize("proxy", ["http://ann:se/cret@h:1", "http://[::1", "ftp://h:1"])
def test_an_unusable_proxy_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(UsageError, match="proxy") as caught:
        ask("http://api.test/", proxy=proxy)
    assert "cret" not in caught.value.message
    assert "se/" not in caught.value.message


def test_a_socks_proxy_is_refused_clearly() -> None:
    with pytest.raises(UsageError, match="socks"):
        ask("http://api.test/", proxy="socks5://127.0.0.1:1080")


# Any reply


@given(st.binary(max_size=200), st.booleans())
def test_no_reply_raises_an_error(data: bytes, in_head: bool) -> None:
    reply = data if in_head else head(STREAM, CHUNKED) + data
    with Wire(reply) as server:
        closed(ask(server.origin))
