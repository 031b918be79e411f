"""Reconnection: waits, limits, the failures that are retried, the headers that are kept, and the
end."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import ssl
import threading
import time as wall
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sse_cli
from sse_cli.analysis.resume_audit import ResumeAudit
from sse_cli.model.events import Closed, Ending, Message, Opened, Reconnecting, Resume
from sse_cli.parser.session import Session
from sse_cli.request.model import Request
from sse_cli.transport.reconnect import (
    CONNECTIONS_PER_SECOND,
    LONGEST,
    SHORTEST,
    ReconnectPolicy,
    sendable,
)
from tests.support import long_runs
from tests.support.client import (
    AGAIN,
    Script,
    Time,
    follow,
    header,
    ids_sent,
    reconnector,
    scripted,
)
from tests.support.listener import PATIENCE
from tests.support.paths import ROOT
from tests.support.program import error_and_hint, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.requests import read_request
from tests.support.wire import Peer, Wire, open_files

EVENT = b"data: one\n\n"
QUICK = ("--reconnect", "--retry-delay", "100ms", "-m", "30")


def refused(status: int, *headers: str) -> bytes:
    return head(*headers, "Content-Length: 0", status=f"{status} No")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_package_under_test_is_the_one_in_this_tree() -> None:
    assert Path(sse_cli.__file__).is_relative_to(ROOT)


# The length of a wait


def waits_of(failures: int, base: float, dice: float = 0.0) -> list[float]:
    """Return the waits after each of so many consecutive failures."""
    pace = Time().pace(dice)
    found = []
    for number in range(1, failures + 1):
        pace.failures = number
        found.append(pace.wait(base))
    return found


@pytest.mark.parametrize(
    ("base", "waits"),
    [
        (0.0, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]),
        (0.5, [0.5, 1, 2, 4, 8, 16, 30, 30]),
        (3.0, [3, 6, 12, 24, 30, 30]),
        (29.0, [29, 30, 30]),
        (45.0, [45, 45, 45]),  # a wait requested by the server is never shortened
        (1e12, [LONGEST, LONGEST]),
    ],
)
def test_failures_in_a_row_double_the_wait_up_to_thirty_seconds(
    base: float, waits: list[float]
) -> None:
    assert waits_of(len(waits), base) == pytest.approx(waits)


@given(st.integers(2, 60), st.floats(0, 1e15), st.floats(0, 1, exclude_max=True))
def test_a_random_part_of_up_to_a_half_is_taken_off_a_doubled_wait(
    failures: int, base: float, dice: float
) -> None:
    full = waits_of(failures, base)[-1]
    less = waits_of(failures, base, dice)[-1]
    assert min(full / 2, LONGEST) <= less <= full or less == SHORTEST
    assert less == pytest.approx(full * (1 - dice / 2)) or base > LONGEST


def test_the_first_wait_is_exactly_the_reconnection_time() -> None:
    assert waits_of(1, 3.0, 0.999) == [3.0]


def test_a_successful_open_resets_the_backoff() -> None:
    lost = [Peer.reset] * 3
    with scripted(*lost, whole(EVENT), *lost) as server:
        assert follow(server.origin).time.waits == [3, 6, 12, 3, 3, 6, 12]


def test_a_retried_refused_reply_does_not_reset_the_backoff() -> None:
    policy = ReconnectPolicy(reconnect=True, retry_on=frozenset({503}))
    with scripted(*[refused(503)] * 4) as server:
        assert follow(server.origin, policy).time.waits == [3, 6, 12, 24]


@given(
    base=st.floats(0, 1e300),
    after=st.none() | st.floats(0, 1e9),
    failures=st.integers(0, 10**6),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_within_the_limits(
    base: float, after: float | None, failures: int, dice: float
) -> None:
    pace = Time().pace(dice)
    pace.failures = failures
    assert SHORTEST <= pace.wait(base, after) <= LONGEST


def most_in_a_second(moments: list[float]) -> int:
    """Return the largest number of `moments` in any second, rounding aside."""
    return max(sum(1 for other in moments if m <= other < m + 1 - 1e-6) for m in moments)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.001, 0.1, 5.0]),  # how long the connection lasts
            st.sampled_from([0.0, 0.05, 0.1, 0.3, 3.0]),  # the reconnection time
            st.sampled_from([None, 0.0, 1.0]),  # Retry-After
        ),
        max_size=60,
    )
)
def test_no_more_than_ten_connections_begin_in_any_second(
    steps: list[tuple[float, float, float | None]],
) -> None:
    time, moments = Time(), [0.0]
    pace = time.pace(dice=0.999)
    for lasts, base, after in steps:
        pace.connected()
        time.now += lasts
        time.now += pace.wait(base, after)
        moments.append(time.now)
    assert most_in_a_second(moments) <= CONNECTIONS_PER_SECOND


def test_the_wait_after_ten_quick_connections_lasts_until_their_second_is_over() -> None:
    pace = Time().pace()
    for _ in range(CONNECTIONS_PER_SECOND - 1):
        pace.connected()
    assert pace.wait(0.0) == SHORTEST
    pace.connected()
    assert pace.wait(0.0) == pace.wait(0.0, 0.0) == 1.0


def test_connections_for_redirects_count_towards_the_limit() -> None:
    time, moments = Time(), list[float]()
    pace = time.pace()
    for _ in range(45):
        pace.admit(None, time.sleep)
        moments.append(time.now)
    assert most_in_a_second(moments) == CONNECTIONS_PER_SECOND
    assert time.waits == [1.0] * 4


def test_a_redirect_loop_makes_at_most_ten_requests_a_second() -> None:
    arrivals: list[float] = []

    def circle(peer: Peer) -> None:
        arrivals.append(wall.monotonic())
        peer.send(head("Location: /", "Content-Length: 0", status="302 Found"))

    with Wire(circle) as server:
        began = wall.monotonic()
        assert sse(server.origin).code == 4
    assert len(arrivals) == 21
    # Measured from before the run: if the first arrival is seen late, the rest seem too close.
    assert arrivals[-1] - began >= 2.0


def test_a_server_that_requests_no_wait_gets_ten_connections_a_second() -> None:
    """Test in process, by a simulated clock, and as a command, by the real one."""
    time, moments = Time(), list[float]()

    def handler(peer: Peer) -> None:
        moments.append(time.now)
        peer.send(whole(b"retry: 0\n" + EVENT))

    with Wire(handler) as server:
        follow(server.origin, ReconnectPolicy(reconnect=True, max_reconnects=40), time=time)
    assert len(moments) == 41
    assert most_in_a_second(moments) <= CONNECTIONS_PER_SECOND

    arrivals: list[float] = []

    def note(peer: Peer) -> None:
        arrivals.append(wall.monotonic())
        peer.send(whole(b"retry: 0\n" + EVENT))

    with Wire(note) as server:
        began = wall.monotonic()
        assert sse(server.origin, "--reconnect", "--max-reconnects", "15").code == 0
    assert len(arrivals) == 16
    # Measured from before the run, as above; sixteen connections need a second and a half.
    assert arrivals[-1] - began >= 1.5


# Retry-After


class Date:
    """A formatter of the date so many seconds from now, in one of the forms of RFC 9110, 5.6.7."""

    def __init__(self, form: str) -> None:
        self._form = form

    def __format__(self, seconds: str) -> str:
        return (datetime.now(UTC) + timedelta(seconds=int(seconds))).strftime(self._form)


DATES = {"imf": Date("%a, %d %b %Y %H:%M:%S GMT"), "asctime": Date("%a %b %d %H:%M:%S %Y")}


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        (" 7 ", 7, 7),
        ("0", SHORTEST, SHORTEST),
        ("301", LONGEST, LONGEST),
        ("9" * 40, LONGEST, LONGEST),
        ("{imf:60}", 40, 60),
        ("{imf:-60}", SHORTEST, SHORTEST),
        ("{imf:1000000}", LONGEST, LONGEST),
        ("{asctime:60}", 40, 60),
        # an invalid value leaves the reconnection time in force
        ("", 3, 3),
        ("soon", 3, 3),
        ("-1", 3, 3),
        ("1.5", 3, 3),
        ("7, 8", 3, 3),
        ("\u0667", 3, 3),
        ("Mon, 99 Foo 2026 00:00:00 GMT", 3, 3),
        ("Mon, 01 Jan 99999 00:00:00 GMT", 3, 3),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_the_limits(
    value: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")  # a date is in UTC in every time zone
    wall.tzset()
    reply = refused(503, f"Retry-After: {value.format(**DATES)}")
    try:
        with scripted(reply) as server:
            seen = follow(server.origin, ReconnectPolicy(reconnect=True, retry_on=frozenset({503})))
    finally:
        monkeypatch.undo()
        wall.tzset()
    (wait,) = seen.time.waits
    assert least <= wait <= most


def test_retry_after_of_a_stream_is_ignored() -> None:
    with scripted(whole(EVENT, STREAM, "Retry-After: 9")) as server:
        assert follow(server.origin).time.waits == [3.0]


# Failures that are retried


@pytest.mark.parametrize(
    ("statuses", "retried"),
    [
        ("429,503", {429, 503}),
        (" 429 , 503,", {429, 503}),
        ("5xx", {500, 503, 599}),
        ("5XX,404", {500, 503, 599, 404}),
        ("4xx", {404, 429}),
    ],
)
def test_retry_on_lists_the_statuses_that_are_retried(statuses: str, retried: set[int]) -> None:
    for status in (404, 429, 500, 503, 599):
        with scripted(refused(status, "Retry-After: 0"), whole(EVENT)) as server:
            words = ("--retry-on", statuses, *QUICK, "--max-reconnects", "1")
            ran = sse(server.origin, *words)
            assert len(server.requests) == (2 if status in retried else 1)
        assert ran.code == (0 if status in retried else 4)


@pytest.mark.parametrize(
    "statuses", ["200", "3xx", "abc", "5x", "50", "5000", "429;503", "\u0664\u0662\u0669"]
)
def test_retry_on_accepts_only_failure_statuses(statuses: str) -> None:
    ran = sse("http://localhost:1/", "--reconnect", "--retry-on", statuses)
    assert ran.code == 2
    assert "--retry-on" in error_and_hint(ran)[0]


@pytest.mark.parametrize("words", [("--max-reconnects", "3"), ("--retry-on", "503")])
def test_limits_of_reconnecting_require_reconnect(words: tuple[str, ...]) -> None:
    ran = sse("http://localhost:1/", *words)
    assert (ran.code, error_and_hint(ran)[1]) == (2, "add --reconnect")


@pytest.mark.parametrize(
    "words", [("--reconnect",), ("--last-event-id", "1"), ("--retry-delay", "1s")]
)
def test_a_file_cannot_be_resumed(words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "stream.sse"
    file.write_bytes(EVENT)
    for ran in (sse(file, *words), sse("-", *words, stdin=EVENT)):
        assert ran.code == 2
        assert "not a URL" in error_and_hint(ran)[0]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_max_reconnects_does_not_count_the_first_request(count: int) -> None:
    policy = ReconnectPolicy(reconnect=True, max_reconnects=count)
    for reply in (whole(EVENT), Peer.reset):
        with Wire(reply) as server:
            seen = follow(server.origin, policy)
            assert len(server.requests) == count + 1
        assert len(seen.time.waits) == count
    with Wire(whole(EVENT)) as server:
        assert sse(server.origin, *QUICK, "--max-reconnects", str(count)).code == 0
        assert len(server.requests) == count + 1


def test_without_reconnect_there_is_one_connection() -> None:
    with Wire(whole(b"retry: 0\n" + EVENT)) as server:
        assert sse(server.origin).code == 0
        assert len(server.requests) == 1


def test_a_204_is_the_end_on_a_later_connection_and_a_refusal_on_the_first() -> None:
    with scripted(whole(EVENT)) as server:
        ran = sse(server.origin, *QUICK, "-o", "jsonl", "--all")
    assert (ran.code, ran.objects()[-1]["ending"]) == (0, "done")
    with scripted() as server:
        ran = sse(server.origin, *QUICK, "-o", "jsonl", "--all")
        assert len(server.requests) == 1
    assert (ran.code, ran.objects()[-1]["ending"]) == (4, "refused")


def test_an_untrusted_certificate_is_not_retried(
    context: ssl.SSLContext,
) -> None:
    with Wire(whole(EVENT), tls=context) as server:
        ran = sse(server.origin, *QUICK)
        assert server.requests == []
    assert ran.code == 3
    assert "not trusted" in error_and_hint(ran)[0]


def test_an_unresolved_name_and_a_refused_port_are_retried() -> None:
    for url in ("http://no-such-host.invalid/", f"http://127.0.0.1:{closed_port()}/"):
        ran = sse(url, *QUICK, "--max-reconnects", "2", "-o", "jsonl", "--all")
        assert ran.code == 3
        assert [line["kind"] for line in ran.objects()] == ["reconnecting"] * 2 + ["closed"]


CUTS = {
    "a cut event": (whole(b"data: tw"), ()),
    "a cut connection": (head(STREAM, CHUNKED) + chunk(EVENT) + b"ff\r\ndata", ()),
    "no blank line": (whole(EVENT + b"data: {}\n"), ()),
    "an error": (whole(EVENT + b'data: {"error":{"message":"no credit"}}\n\n'), ()),
    "an error on a line": (whole(b'error: {"message":"no credit"}\n\n'), ()),
    "a large line": (whole(EVENT + b"data: %s\n\n" % (b"x" * 99)), ("--max-size", "64")),
    "no event": (whole(b": ping\n\n"), ()),
    "an end": (whole(EVENT), ()),
    "no reply": (b"", ()),
    "a broken transfer": (head(STREAM, CHUNKED) + chunk(EVENT) + b"zz\r\n", ()),
}


@pytest.mark.parametrize(("reply", "words"), CUTS.values(), ids=CUTS)
def test_a_reconnecting_line_gives_the_ending_that_a_closed_line_would(
    reply: bytes, words: tuple[str, ...]
) -> None:
    with Wire(reply) as server:
        last = sse(server.origin, *words, "-o", "jsonl", "--all").objects("t")[-1]
        again = sse(server.origin, *words, *QUICK, "--max-reconnects", "1", "-o", "jsonl", "--all")
    (lost,) = (line for line in again.objects() if line["kind"] == "reconnecting")
    assert (lost["ending"], lost["detail"]) == (last["ending"], last["detail"])


def test_a_reconnecting_line_is_about_its_own_connection_only() -> None:
    error = whole(EVENT + b'data: {"error":"no credit"}\n\n')
    large = whole(EVENT + b"data: %s\n\n" % (b"x" * 99))
    with scripted(whole(EVENT), error, whole(EVENT), large, whole(EVENT), error) as server:
        ran = sse(server.origin, *QUICK, "--max-size", "64", "-o", "jsonl", "--all")
    endings = [line["ending"] for line in ran.objects() if line["kind"] == "reconnecting"]
    assert endings == ["eof", "error-event", "eof", "too-large", "eof", "error-event"]
    assert ran.objects()[-1]["ending"] == "error-event"


@pytest.mark.parametrize("limit", ["-m", "--for"])
def test_a_deadline_while_waiting_tells_the_last_failure_and_how_many_there_were(
    limit: str,
) -> None:
    url = f"http://127.0.0.1:{closed_port()}/"
    words = ("--reconnect", "--retry-delay", "100ms", limit, "1")
    ran = sse(url, *words, "-o", "jsonl", "--all")
    *lost, closed = ran.objects()
    assert (ran.code, closed["ending"], len(lost) > 1) == (6, "deadline", True)
    assert closed["detail"].endswith(
        f"; the last connection: nothing listens on {urlsplit(url).netloc}: connection refused, "
        f"{len(lost)} tries"
    )
    told = sse(url, *words, "-o", "jsonl")
    assert (told.code, told.out) == (6, b"")
    assert re.search(r": connection refused, [2-9] tries$", error_and_hint(told)[0])


def test_a_deadline_after_a_stream_tells_how_that_ended() -> None:
    with Wire(whole(EVENT + b"data: tw")) as server:
        ran = sse(server.origin, "--reconnect", "--retry-delay", "9s", "-m", "1", "-o", "jsonl")
    assert ran.code == 6
    assert error_and_hint(ran)[0] == (
        "waiting to reconnect when the time limit of 1 s was over; the last connection: cut inside "
        "event 2, 8 bytes of it"
    )


def test_a_deadline_in_a_stream_tells_no_earlier_failure() -> None:
    def stays(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED) + chunk(EVENT))
        peer.until_gone()

    with scripted(Peer.reset, stays) as server:
        ran = sse(server.origin, "--reconnect", "--retry-delay", "100ms", "-m", "1", "-o", "jsonl")
    assert error_and_hint(ran)[0] == "the stream still ran when the time limit of 1 s was over"


def test_a_server_that_comes_up_later_is_found() -> None:
    port = closed_port()
    time, servers = Time(), list[Wire]()

    def comes_up(event: object) -> None:
        if isinstance(event, Reconnecting) and event.attempt == 3:
            listener = socket.create_server(("127.0.0.1", port))
            servers.append(Wire(Script(whole(EVENT)), listener=listener).__enter__())

    try:
        seen = follow(f"http://127.0.0.1:{port}/", time=time, each=comes_up)
    finally:
        for server in servers:
            server.__exit__(None, None, None)
    assert seen.notices == ["connecting", "connecting", "open", "message", "connecting", "closed"]


@pytest.mark.parametrize("name", ["watch", "tail"])
def test_a_stream_is_not_reopened_after_its_own_end(name: str) -> None:
    delta = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":%s}]}\n\n'
    answer = delta % b'{"content":"Hi"}' + b"data: [DONE]\n\n"
    for reply in (whole(answer), head(STREAM, CHUNKED) + chunk(answer)):
        with Wire(reply) as server:
            ran = sse(name, server.origin, *QUICK)
            assert (ran.code, len(server.requests)) == (0, 1)
        assert "Hi" in ran.text


def test_the_end_of_a_format_ends_tail_despite_reconnect() -> None:
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    begin = b'event: message_start\ndata: {"type":"message_start","message":{"id":"m",'
    begin += b'"type":"message","role":"assistant","content":[],"model":"c","usage":{}}}\n\n'
    with Wire(whole(begin + stop)) as server:
        ran = sse("tail", server.origin, *QUICK)
        assert (ran.code, len(server.requests)) == (0, 1)


# State kept over connections


def test_max_time_includes_the_waits() -> None:
    with Wire(whole(EVENT)) as server:
        begun = wall.monotonic()
        ran = sse(server.origin, "--reconnect", "--retry-delay", "20s", "-m", "0.8")
        assert wall.monotonic() - begun < 10
        assert len(server.requests) == 1
    assert ran.code == 6
    assert "the time limit of 0.8 s" in error_and_hint(ran)[0]


def test_max_time_covers_all_connections_together() -> None:
    def streams_half_a_second(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(EVENT))
        peer.closing.wait(0.5)

    with Wire(streams_half_a_second) as server:
        ran = sse(server.origin, "--reconnect", "--retry-delay", "100ms", "-m", "1.5")
        assert 2 <= len(server.requests) <= 4
    assert ran.code == 6


def test_the_retry_delay_holds_until_the_server_sets_another() -> None:
    with scripted(whole(EVENT), whole(b"retry: 700\n" + EVENT), whole(EVENT)) as server:
        words = ("--reconnect", "--retry-delay", "200ms", "-o", "jsonl", "--all")
        lines = sse(server.origin, *words).objects()
    delays = [line["delay"] for line in lines if line["kind"] == "reconnecting"]
    assert delays == [0.2, 0.7, 0.7]


def test_the_first_request_sends_the_last_event_id_of_the_command_line() -> None:
    with scripted(whole(EVENT), whole(b"id: 8\n" + EVENT)) as server:
        sse(server.origin, *QUICK, "--last-event-id", "7", "-H", "Last-Event-ID: 1")
    assert ids_sent(server) == ["7", "7", "8"]


@pytest.mark.parametrize(
    ("given", "obstacle"),
    [
        ("a\nb", "a line feed"),
        ("7\r\nX-Evil: 1", "a line feed"),
        ("a\rb", "a carriage return"),
        ("a\x0bb", "a vertical tab"),
        ("a\x0cb", "a form feed"),
        (" \t", "only spaces and tabs"),
        ("x" * 4097, "4,097 bytes (the limit is 4,096)"),
        ("\udcff", "bytes that are not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["watch", "tail"])
def test_a_last_event_id_that_no_header_can_carry_is_refused(
    command: str, given: str, obstacle: str
) -> None:
    with scripted(whole(EVENT)) as server:
        ran = sse(command, server.origin, "--last-event-id", given)
        assert server.requests == []
    assert (ran.code, ran.out) == (2, b"")
    error, _ = error_and_hint(ran)
    assert error.startswith("--last-event-id can't be sent: ")
    assert obstacle in error


def test_a_last_event_id_header_of_the_caller_is_the_initial_id() -> None:
    with scripted(whole(EVENT), whole(b"id: 8\n" + EVENT)) as server:
        sse(server.origin, *QUICK, "-H", "Last-Event-ID: 1")
    assert ids_sent(server) == ["1", "1", "8"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("", ""),
        ("7", "7"),
        (" \t7 8\t ", "7 8"),
        (" \t ", ""),
        ("\N{HORIZONTAL ELLIPSIS}", "\N{HORIZONTAL ELLIPSIS}"),
        ("a\x0bb", ""),
        ("a\x0cb", ""),
        ("a\0b", ""),
        ("a\r\nX-Evil: 1", ""),
        ("\udcff", ""),
        ("x" * 4096, "x" * 4096),
        ("x" * 4097, ""),
        ("\N{EURO SIGN}" * 1366, ""),
    ],
)
def test_an_id_is_sent_in_the_form_that_a_header_can_carry(value: str, sent: str) -> None:
    assert sendable(value) == sent


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_id_prevents_a_request(value: str) -> None:
    assert sendable(sendable(value)) == sendable(value)
    sent = sendable(value).encode()
    # The field values that h11 accepts: no outer blanks, no NUL, CR, LF, VT, FF.
    assert re.fullmatch(rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?", sent)


def test_an_id_with_any_control_character_is_sent_back_or_dropped() -> None:
    controls = [c for c in range(1, 0x20) if c not in (0x0A, 0x0D)] + [0x7F, 0x85, 0xA0]
    bodies = [f"id: a{chr(c)}b\n".encode() + EVENT for c in controls]
    with scripted(*map(whole, bodies)) as server:
        seen = follow(server.origin)
    assert len(seen.data) == len(controls)
    expected = [None if c in (0x0B, 0x0C) else f"a{chr(c)}b" for c in controls]
    assert ids_sent(server) == [None, *expected]


def test_a_post_body_is_resent_byte_for_byte() -> None:
    body = bytes(range(256)) * 300
    request = Request("", method="POST", body=body, headers=(("Content-Type", "x/y"),))
    with scripted(whole(b"id: 1\n" + EVENT), Peer.reset) as server:
        follow(Request(server.origin, request.method, request.headers, request.body))
    assert [(r.method, r.body) for r in server.requests] == [("POST", body)] * 3
    assert [header(r, "Content-Type") for r in server.requests] == [["x/y"]] * 3


# Cookies


def cookies_of(server: Wire) -> list[list[str]]:
    return [header(request, "Cookie") for request in server.requests]


def test_cookies_are_kept_between_connections_in_addition_to_the_callers() -> None:
    first = whole(EVENT, STREAM, "Set-Cookie: sid=1; Path=/", "Set-Cookie: b=2")
    changed = whole(EVENT, STREAM, "Set-Cookie: sid=3; Path=/", "Set-Cookie: b=; Max-Age=0")
    with scripted(first, changed) as server:
        follow(Request(server.origin, headers=(("Cookie", "mine=0"),)))
    assert cookies_of(server) == [["mine=0"], ["mine=0; sid=1; b=2"], ["mine=0; sid=3"]]


def test_cookies_are_not_kept_without_reconnect() -> None:
    moved = head("Set-Cookie: sid=1", "Location: /x", "Content-Length: 0", status="302 Found")
    with scripted(moved, whole(EVENT)) as server:
        follow(server.origin, ReconnectPolicy())
    assert cookies_of(server) == [[], []]


def test_a_cookie_set_by_a_redirect_is_sent_within_the_origin() -> None:
    moved = head("Set-Cookie: sid=1", "Location: /x", "Content-Length: 0", status="302 Found")
    with scripted(moved, whole(EVENT)) as server:
        follow(server.origin)
    assert cookies_of(server) == [[], ["sid=1"], ["sid=1"]]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_cookie_is_sent_to_or_accepted_from_another_origin(host: str) -> None:
    theirs = whole(EVENT, STREAM, "Set-Cookie: theirs=1; Path=/")
    with scripted(theirs, theirs) as other:
        location = f"http://{host}:{other.port}/"
        moved = head(
            *("Set-Cookie: sid=secret; Path=/", f"Location: {location}", "Content-Length: 0"),
            status="302 Found",
        )
        with Wire(moved) as server:
            request = Request(server.origin, headers=(("Cookie", "mine=0"),), location=True)
            assert follow(request).data == ["one", "one"]
    assert len(other.requests) == 3
    assert not any("secret" in " ".join(values) for values in cookies_of(other))
    assert not any("theirs" in " ".join(values) for values in cookies_of(server))


# Ctrl-C


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -2), (signal.SIGTERM, -15)])
@pytest.mark.parametrize("output", ["jsonl", "text"])
def test_a_signal_while_waiting_ends_at_once(
    number: signal.Signals, code: int, output: str
) -> None:
    served = threading.Event()

    def handler(peer: Peer) -> None:
        peer.send(whole(EVENT))
        peer.until_gone()  # the client closed the connection: it waits now
        served.set()

    with Wire(handler) as server:
        words = ("--reconnect", "--retry-delay", "25s", "-m", "30", "-o", output)
        with start(server.origin, *words) as process:
            assert served.wait(PATIENCE)
            begun = wall.monotonic()
            process.send_signal(number)
            ran = finish(process)
        assert wall.monotonic() - begun < 10
        assert (ran.code, len(server.requests)) == (code, 1)
    assert b"Traceback" not in ran.err


# The body of a refused reply belongs to its own connection


def test_a_refused_reply_is_not_shown_for_a_later_failure() -> None:
    policy = ReconnectPolicy(reconnect=True, max_reconnects=1, retry_on=frozenset({429}))
    slow = whole(b"slow down", "Content-Type: text/plain", status="429 Slow")
    with scripted(slow, Peer.reset) as server:
        closed = follow(server.origin, policy).closed
    assert (closed.ending, closed.body) == (Ending.UNREACHABLE, b"")
    with scripted(slow, slow) as server:
        assert follow(server.origin, policy).closed.body == b"slow down"


# Ten thousand resumes


class Journal:
    """A server that streams one numbered log, cuts every connection somewhere, and resumes after
    the ID in the request. Its cuts repeat themselves; `sent` is the log's length."""

    def __init__(self, cycles: int) -> None:
        self.cycles = cycles
        self.connections = 0
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Journal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        self._listener.settimeout(PATIENCE)
        while self.connections <= self.cycles:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(PATIENCE)
                request = read_request(stream, connection)
                assert request is not None
                self._answer(connection, int((header(request, "Last-Event-ID") or ["0"])[0]))
            self.connections += 1

    def _answer(self, connection: socket.socket, last: int) -> None:
        if self.connections == self.cycles:
            connection.sendall(refused(204))
            return
        events = [event(last + n) for n in range(1, 4)]
        events[-1] = events[-1][: self.connections % len(events[-1])]  # never complete
        whole_events = b"".join(events[:-1])
        connection.sendall(head(STREAM, CHUNKED) + chunk(whole_events + events[-1]))
        self.sent = max(self.sent, last + 2)


def event(number: int) -> bytes:
    return b"id: %d\ndata: event %d\n\n" % (number, number)


def memory() -> int:
    """Return the resident memory of this process, in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def no_wait(_: float) -> None:
    """Skip the wait; the limit of connections a second has its own tests."""


@long_runs.count("cycles", 400, 10_000)
def test_many_cuts_lose_repeat_and_leak_nothing(cycles: int) -> None:
    resume, resume_audit = Resume(), ResumeAudit()
    session = Session(resume=resume)
    client = reconnector(AGAIN, resume, Time())
    client.sleep = no_wait
    numbers: list[int] = []
    use: dict[int, tuple[int, int]] = {}
    with Journal(cycles) as journal:
        for found in client.signals(Request(journal.origin)):
            for told in session.feed(found):
                if isinstance(told, Message):
                    resume_audit.message(told)
                    numbers.append(int(told.data.removeprefix("event ")))
                elif isinstance(told, Opened):
                    resume_audit.opened()
                elif isinstance(told, Reconnecting) and told.attempt in (cycles // 10, cycles):
                    use[told.attempt] = (open_files(), memory())
                elif isinstance(told, Closed):
                    assert told.ending is Ending.DONE
    assert journal.connections == cycles + 1
    assert numbers == list(range(1, journal.sent + 1))
    assert len(numbers) == 2 * cycles
    assert (resume_audit.repeated, resume_audit.skipped) == (0, 0)
    (files, early), (files_later, later) = use[cycles // 10], use[cycles]
    assert files_later <= files + 2
    # The list of numbers above is the test's own: 8 bytes and an int of 28 for each message.
    assert later - early < 4 * 1024**2 + 36 * len(numbers)
