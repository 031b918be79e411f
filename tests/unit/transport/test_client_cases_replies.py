"""The replies to a connecting client: the rows of `corpus/client_cases.json` about statuses and
content types. Every server here keeps replying, so a single request proves that a failure is
final."""

from __future__ import annotations

from sse_cli.model.events import Ending, Opened
from tests.support.client import AGAIN, NO_CONTENT, Seen, follow, scripted
from tests.support.program import error_and_hint, sse
from tests.support.replies import STREAM, head, whole
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"


def fails_for_good(reply: bytes, name: str) -> Seen:
    """Check that a reply causes one request and one failure that contains `name`, in process and as
    a command, and no message."""
    with Wire(reply) as server:
        seen = follow(server.origin)
        assert len(server.requests) == 1
        ran = sse(server.origin, "--reconnect", "--retry-delay", "100ms")
        assert len(server.requests) == 2
    assert seen.notices == ["closed"]
    assert (seen.closed.ending, seen.time.waits) == (Ending.REFUSED, [])
    assert (ran.code, ran.out) == (4, b"")
    assert name in error_and_hint(ran)[0]
    return seen


def status_fails(status: int) -> Seen:
    body = b"" if status in (204, 205) else b"data: data\n\n"
    return fails_for_good(whole(body, STREAM, status=f"{status} Test"), str(status))


def opens(content_type: str, body: bytes = EVENT, data: str = "one") -> None:
    with scripted(whole(body, f"Content-Type: {content_type}")) as server:
        seen = follow(server.origin)
    assert seen.data == [data]
    assert seen.notices == ["open", "message", "connecting", "closed"]


def test_status_200_event_stream_opens() -> None:
    with scripted(head(STREAM, "Content-Length: 0")) as server:
        assert follow(server.origin).notices[0] == "open"
    with Wire(head(STREAM, "Content-Length: 0")) as server:
        first, *_ = sse(server.origin, "-o", "jsonl", "--all").objects()
        assert (first["kind"], first["status"]) == ("opened", 200)


def test_status_204_fails() -> None:
    status_fails(204)


def test_status_205_fails() -> None:
    status_fails(205)


def test_status_210_fails() -> None:
    status_fails(210)


def test_status_299_fails() -> None:
    status_fails(299)


def test_status_404_fails() -> None:
    status_fails(404)


def test_status_410_fails() -> None:
    status_fails(410)


def test_status_503_fails() -> None:
    status_fails(503)


def test_status_401_fails() -> None:
    (opened,) = status_fails(401).of(Opened)
    assert opened.status == 401
    assert opened.header("content-type") == "text/event-stream"


def test_status_400_fails() -> None:
    (opened,) = status_fails(400).of(Opened)
    assert opened.status == 400


def test_error_exposes_status_and_headers() -> None:
    limits = ("Retry-After: 7", "X-RateLimit-Remaining: 0", STREAM)
    (opened,) = fails_for_good(whole(b"", *limits, status="429 Slow"), "429").of(Opened)
    assert [f"{name}: {value}" for name, value in opened.headers[:3]] == list(limits)
    with Wire(whole(b"slow down", *limits, status="429 Slow")) as server:
        ran = sse(server.origin)
    assert "429" in ran.talk
    assert all(value in ran.talk for value in ("Retry-After: 7", "X-RateLimit-Remaining: 0"))


def test_204_halts_reconnect() -> None:
    with Wire(NO_CONTENT) as server:
        ran = sse(server.origin, "--reconnect", "--retry-delay", "100ms")
    assert ran.code == 4
    assert len(server.requests) == 1


def test_204_after_first_stream() -> None:
    with scripted(whole(b"retry: 50\nid: 1\ndata: one\n\n")) as server:
        ran = sse(server.origin, "--reconnect", "-o", "jsonl", "--all")
    kinds = [line["kind"] for line in ran.objects() if line["kind"] != "retry"]
    assert kinds == ["opened", "message", "reconnecting", "opened", "closed"]
    assert (ran.code, ran.objects()[-1]["ending"]) == (0, "done")
    assert len(server.requests) == 2


def test_204_after_redirect() -> None:
    moved = head("Location: /gone", "Content-Length: 0", status="301 Moved")
    with scripted(moved) as server:
        seen = follow(server.origin)
    assert [request.target for request in server.requests] == ["/", "/gone"]
    assert (seen.notices, seen.closed.ending) == (["closed"], Ending.REFUSED)


def test_mime_other_type_fails() -> None:
    for kind in ("text/x-bogus", "text/html", "text/plain"):
        fails_for_good(whole(EVENT, f"Content-Type: {kind}"), kind)


def test_mime_unparsable_fails() -> None:
    fails_for_good(whole(EVENT, "Content-Type: x bogus"), "no valid Content-Type")


def test_mime_missing_fails() -> None:
    fails_for_good(whole(EVENT, "X-Other: 1"), "Content-Type")
    fails_for_good(whole(EVENT, "Content-Type:"), "Content-Type")


def test_mime_trailing_semicolon_ok() -> None:
    opens("text/event-stream;")


def test_mime_charset_utf8_ok() -> None:
    opens("text/event-stream;charset=UTF-8")


def test_mime_charset_ignored() -> None:
    body = "data:ok\N{HORIZONTAL ELLIPSIS}\n\n".encode()
    opens("text/event-stream;charset=windows-1252", body, "ok\N{HORIZONTAL ELLIPSIS}")


def test_mime_case_insensitive() -> None:
    opens("Text/Event-Stream")


def test_mime_longer_type_fails() -> None:
    for kind in ("text/event-stream-v2", "text/event-streams"):
        fails_for_good(whole(EVENT, f"Content-Type: {kind}"), kind)


def test_mime_list_last_wins() -> None:
    opens("application/json, text/event-stream; charset=utf-8")
    fails_for_good(
        whole(EVENT, "Content-Type: text/event-stream, application/json"), "application/json"
    )


def test_fatal_error_then_silence() -> None:
    def refuses_once(peer: Peer) -> None:
        peer.send(head("Content-Length: 0", status="403 Forbidden"))

    with scripted(refuses_once, whole(EVENT), whole(EVENT)) as server:
        signals = follow(server.origin, AGAIN).events
        assert [type(event).__name__ for event in signals] == ["Opened", "Closed"]
        assert len(server.requests) == 1
