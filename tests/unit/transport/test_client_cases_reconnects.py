"""The reconnections of a connecting client: the rows of `corpus/client_cases.json` about the end of
a connection, the reconnection time and the last event ID."""

from __future__ import annotations

import signal
import socket

import pytest

from sse_cli.model.events import Closed, Ending, Message, Opened, Reconnecting, Resume
from sse_cli.request.model import Request
from sse_cli.transport.reconnect import LONGEST, SHORTEST, ReconnectPolicy
from tests.support.client import AGAIN, Seen, Time, follow, header, ids_sent, scripted
from tests.support.program import error_and_hint, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.wire import Handler, Peer, Wire

EVENT = b"data: one\n\n"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
LIMITED = ReconnectPolicy(reconnect=True, max_reconnects=3)


def cut(body: bytes) -> bytes:
    """Return a chunked body that ends without its last chunk."""
    return head(STREAM, CHUNKED) + chunk(body)


def resets(body: bytes) -> Handler:
    def handler(peer: Peer) -> None:
        peer.send(cut(body))
        peer.reset()

    return handler


def streamed(*bodies: bytes) -> tuple[Seen, list[str | None]]:
    """Return a client's view of these streams and the 204 after them, and the IDs that it sent."""
    with scripted(*map(whole, bodies)) as server:
        seen = follow(server.origin)
        assert len(server.requests) == len(bodies) + 1
    return seen, ids_sent(server)


def waits(*bodies: bytes) -> list[float]:
    return streamed(*bodies)[0].time.waits


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# The end of a connection


def test_eof_reconnects() -> None:
    seen, _ = streamed(b"data: one\n\n", b"data: two\n\n")
    (first, _) = seen.of(Reconnecting)
    assert (first.attempt, first.delay, first.ending) == (2, 3.0, Ending.EOF)
    assert seen.data == ["one", "two"]


def test_eof_order_of_notices() -> None:
    seen, _ = streamed(EVENT, EVENT)
    assert seen.notices == ["open", "message", "connecting"] * 2 + ["closed"]


def test_connection_reset_reconnects() -> None:
    with scripted(cut(b"id: 1\ndata: one\n\n"), resets(b"data: two\n\n")) as server:
        seen = follow(server.origin)
    # A reset may overtake earlier data; bytes already read are still delivered.
    assert seen.data in (["one", "two"], ["one"])
    assert [again.ending for again in seen.of(Reconnecting)] == [Ending.TRUNCATED] * 2
    assert ids_sent(server) == [None, "1", "1"]


def test_unreachable_server_retries() -> None:
    for host in ("127.0.0.1", "no-such-host.invalid"):
        time = Time()
        resume = Resume(reconnection_time=LONGEST)  # so that the backoff adds nothing
        seen = follow(f"http://{host}:{closed_port()}/", LIMITED, resume, time)
        assert seen.notices == ["connecting"] * 3 + ["closed"]
        assert (seen.closed.ending, time.waits) == (Ending.UNREACHABLE, [LONGEST] * 3)


def test_initial_connect_retry_is_a_choice() -> None:
    with scripted(Peer.reset, Peer.reset, whole(EVENT)) as server:
        seen = follow(server.origin)
        assert seen.notices[:4] == ["connecting", "connecting", "open", "message"]
    with scripted(Peer.reset, whole(EVENT)) as server:
        assert follow(server.origin, ReconnectPolicy()).notices == ["closed"]
        assert len(server.requests) == 1


def test_max_retries() -> None:
    with Wire(Peer.reset) as server:
        seen = follow(server.origin, LIMITED)
        assert len(server.requests) == 4
    assert [again.attempt for again in seen.of(Reconnecting)] == [2, 3, 4]
    assert seen.closed.ending is Ending.UNREACHABLE


@pytest.mark.parametrize(
    "url", ["ftp://localhost/", "about:blank", "mailto:me@host.invalid", "javascript:alert(1)"]
)
def test_futile_schemes_fail(url: str) -> None:
    ran = sse(url, "--reconnect", "-m", "5")
    assert ran.code == 2
    error_and_hint(ran)


def test_invalid_url_rejected() -> None:
    ran = sse("http://this is invalid/", "--reconnect", "-m", "5")
    assert ran.code == 2
    assert "space" in error_and_hint(ran)[0]


# The reconnection time


def test_default_reconnection_time() -> None:
    assert waits(EVENT) == [3.0]


def test_retry_honoured() -> None:
    assert waits(b"retry:03000\n" + EVENT) == [3.0]
    assert waits(b"retry: 1234\n" + EVENT) == [1.234]


def test_retry_bogus_ignored() -> None:
    assert waits(b"retry:2000\n\nretry:1000x\n\n" + EVENT) == [2.0]


def test_retry_only_block_honoured() -> None:
    seen, _ = streamed(b"retry: 100\n\n")
    assert (seen.data, seen.time.waits) == ([], [0.1])


def test_retry_without_blank_line_honoured() -> None:
    assert waits(b"retry: 200\n") == [0.2]
    assert waits(b"retry: 2\n") == [SHORTEST]


def test_retry_survives_reconnects() -> None:
    assert waits(b"retry: 500\n\n", EVENT, EVENT, b"retry: 50\n\n", EVENT) == [
        *[0.5] * 3,
        *[SHORTEST] * 2,
    ]


def test_retry_huge_value() -> None:
    assert waits(b"retry: 99999999999999999999\n\n", EVENT) == [LONGEST] * 2


def test_retry_zero() -> None:
    assert waits(b"retry: 0\n\n", EVENT) == [SHORTEST] * 2
    with (
        Wire(whole(b"retry: 0\n" + EVENT)) as server,
        start(server.origin, "--reconnect", "-m", "30") as process,
    ):
        assert process.stdout is not None
        for _ in range(3):
            assert b'"one"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert finish(process).code == -signal.SIGINT


def test_backoff_is_optional() -> None:
    failing = (Peer.reset, Peer.reset, Peer.reset)
    with scripted(*failing, whole(EVENT), *failing) as server:
        assert follow(server.origin).time.waits == [3.0, 6.0, 12.0, 3.0, 3.0, 6.0, 12.0]


# The last event ID


def test_last_event_id_on_reconnect() -> None:
    assert streamed(b"id: abc\n" + EVENT)[1] == [None, "abc"]


def test_last_event_id_kept_over_idless_events() -> None:
    assert streamed(b"id: abc\n" + EVENT + EVENT)[1] == [None, "abc"]


def test_last_event_id_cleared() -> None:
    stream = b"id: abc\n" + EVENT + b"id: \n" + EVENT
    assert streamed(stream)[1] == [None, None]
    with scripted(whole(EVENT), whole(stream)) as server:  # nor is the caller's own ID used again
        follow(Request(server.origin, headers=(("last-event-id", "mine"),)))
    assert ids_sent(server) == ["mine", "mine", None]


def test_last_event_id_from_block_without_data() -> None:
    assert streamed(b"id: 1\n\n", b"id: 2\n\n")[1] == [None, "1", "2"]


def test_last_event_id_pending_not_used() -> None:
    seen, sent = streamed(b"id: abc\n" + EVENT + b"id: def\ndata: Goodbye")
    assert (seen.data, sent) == (["one"], [None, "abc"])


def test_last_event_id_utf8() -> None:
    assert streamed(f"id: {ELLIPSIS}\n".encode() + EVENT)[1] == [None, ELLIPSIS]


def test_last_event_id_survives_idless_streams() -> None:
    seen, sent = streamed(f"id: {ELLIPSIS}\n".encode() + EVENT, EVENT, EVENT, EVENT)
    assert sent == [None, *[ELLIPSIS] * 4]
    assert [message.last_event_id for message in seen.of(Message)] == [ELLIPSIS] * 4


@pytest.mark.parametrize("value", [b"\0", b"\0x", b"x\0", b"x\0x", b" \0"])
def test_last_event_id_nul_not_sent(value: bytes) -> None:
    assert streamed(b"id: " + value + b"\n" + EVENT)[1] == [None, None]


@pytest.mark.parametrize(
    ("value", "in_force"),
    [("id:  7", " 7"), ("id: 7 ", "7 "), ("id: \t7", "\t7"), ("id: 7\t", "7\t")],
)
def test_last_event_id_with_outer_whitespace(value: str, in_force: str) -> None:
    seen, sent = streamed(value.encode() + b"\n" + EVENT)
    assert [message.last_event_id for message in seen.of(Message)] == [in_force]
    assert sent == [None, "7"]


@pytest.mark.parametrize("control", ["\x0b", "\x0c"])
def test_last_event_id_with_vt_or_ff(control: str) -> None:
    _, sent = streamed(f"id: a{control}b\n".encode() + EVENT, EVENT)
    assert sent == [None, None, None]


def test_last_event_id_very_long() -> None:
    seen, sent = streamed(b"id: " + b"x" * 70_000 + b"\n" + EVENT)
    assert [len(message.last_event_id) for message in seen.of(Message)] == [70_000]
    assert sent == [None, None]
    too_large = head("Content-Length: 0", status="431 Request Header Fields Too Large")
    with scripted(whole(b"id: " + b"x" * 4096 + b"\n" + EVENT), too_large) as server:
        seen = follow(server.origin, AGAIN)
    assert [len(sent or "") for sent in ids_sent(server)] == [0, 4096]
    assert seen.of(Opened)[1].status == 431
    assert [closed.ending for closed in seen.of(Closed)] == [Ending.REFUSED]


def test_post_body_resent_on_reconnect() -> None:
    with scripted(whole(b"retry: 100\nid: 1\n" + EVENT)) as server:
        ran = sse(
            *(server.origin, "--reconnect", "-d", "@-", "-H", "X-One: 1"), stdin=b"\xffbody\n"
        )
    assert ran.code == 0
    first, second = server.requests
    assert (first.method, first.target) == (second.method, second.target) == ("POST", "/")
    assert first.body == second.body == b"\xffbody"
    assert sorted(second.headers) == sorted([*first.headers, ("Last-Event-ID", "1")])
    assert header(second, "X-One") == ["1"]
