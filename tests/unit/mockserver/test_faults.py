"""Each fault does as documented, tested with bare sockets and with third-party decoders."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import shutil
import socket
import subprocess
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver.faults.registry import FAULTS, find_fault
from sse_cli.mockserver.faults.reply_parts import COMMENTS, LINE_SIZE, RequestInfo
from sse_cli.mockserver.faults.streams import AWKWARD_IDS
from sse_cli.mockserver.scenarios.scenario import RawReply, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending
from sse_cli.transport.reconnect import CONNECTIONS_PER_SECOND
from tests.support.broken_server import ANONYMOUS, EVENTS, NUMBERED, broken, events
from tests.support.program import error_and_hint, finish, sse, start
from tests.support.sockets import dial, read_all
from tests.support.terminal import SSE, Terminal

PATIENCE = 20.0  # seconds until a hanging socket fails its test
BODY = b"".join(step.data for step in NUMBERED.steps)
HALF = b"".join(step.data for step in NUMBERED.steps[: EVENTS // 2])
NEXT = NUMBERED.steps[EVENTS // 2].data
QUARTER = NEXT[: len(NEXT) // 2]  # of the event with the cut


def asked(url: str, *headers: str, path: str = "") -> socket.socket:
    """Return a connection on which the request was sent."""
    parts, peer = urlsplit(url), dial(url)
    lines = [f"GET {path or parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    peer.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
    return peer


def read_until(peer: socket.socket, end: bytes) -> bytes:
    received = b""
    while end not in received:
        data = peer.recv(65536)
        assert data, received
        received += data
    return received


def reply_to(name: str, *, full_size: bool = False) -> tuple[bytes, bytes]:
    """Return the head and the rest of the reply with the fault `name`."""
    with broken(name, full_size=full_size) as server, closing(asked(server.url)) as peer:
        head, _, rest = read_all(peer).partition(b"\r\n\r\n")
        return head, rest


def dechunked(rest: bytes) -> tuple[bytes, bytes]:
    """Return the whole chunks of a body, and the bytes after them (RFC 9112, 7.1)."""
    body = b""
    while found := re.match(rb"([0-9a-f]+)\r\n", rest):
        size, start = int(found[1], 16), found.end()
        if len(rest) < start + size + 2:
            break
        body += rest[start : start + size]
        rest = rest[start + size + 2 :]
        if size == 0:
            return body, b"the end" + rest
    return body, rest


# The middle of a stream

CUTS = {
    "cut-in-chunk": (HALF, b"%x\r\n%s" % (len(NEXT), QUARTER)),
    "cut-in-event": (HALF + QUARTER, b"the end"),
    "cut-after-cr": ((HALF + NEXT).replace(b"\n", b"\r\n")[:-1], b""),
    "cut-between-events": (HALF, b""),
    "bad-chunk-size": (HALF, b"oops\r\n%s\r\n" % NEXT),
    "duplicate-events": (
        b"".join(step.data * 2 for step in NUMBERED.steps),
        b"the end",
    ),
    "no-final-blank-line": (BODY[:-1], b"the end"),
    "bom": (b"\xef\xbb\xbf" + BODY, b"the end"),
    "retry-zero": (b"retry: 0\n\n" + BODY, b"the end"),
    "retry-huge": (b"retry: %s\n\n" % (b"9" * 40) + BODY, b"the end"),
    "wrong-content-type": (BODY, b"the end"),
    "no-content-type": (BODY, b"the end"),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_chunked_body_is_broken_where_the_fault_says(name: str) -> None:
    head, rest = reply_to(name)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert dechunked(rest) == CUTS[name]


BARE = {
    "cut-before-headers": b"",
    "cut-in-headers": b"HTTP/1.1 200 OK\r\nContent-Type: tex",
}


@pytest.mark.parametrize("name", BARE)
def test_the_connection_closes_before_the_headers_are_whole(name: str) -> None:
    head, rest = reply_to(name)
    assert BARE[name].startswith(head)
    assert bool(head) is bool(BARE[name])
    assert rest == b""


def test_without_framing_a_cut_is_a_close_and_nothing_else() -> None:
    head, rest = reply_to("cut-without-framing")
    assert rest == HALF
    assert b"content-length" not in head.lower()
    assert b"transfer-encoding" not in head.lower()


@pytest.mark.parametrize(
    ("name", "length", "sent"),
    [
        ("length-too-long", len(BODY) + 1, BODY),
        ("length-too-short", len(HALF + QUARTER), BODY),
    ],
)
def test_a_wrong_length_is_announced(name: str, length: int, sent: bytes) -> None:
    head, rest = reply_to(name)
    assert b"\r\nContent-Length: %d" % length in head
    assert rest == sent


# Resets and silence


@pytest.mark.parametrize("name", ["reset", "reset-before-headers"])
def test_a_reset_closes_the_connection_with_rst(name: str) -> None:
    reset = pytest.raises(ConnectionResetError)
    with broken(name) as server, closing(asked(server.url)) as peer, reset:
        read_all(peer)


@pytest.mark.parametrize("name", ["silence", "half-open"])
def test_silence_follows_half_of_the_events(name: str) -> None:
    with broken(name) as server, closing(asked(server.url)) as peer:
        rest = read_until(peer, NUMBERED.steps[EVENTS // 2 - 1].data + b"\r\n")
        assert dechunked(rest.partition(b"\r\n\r\n")[2]) == (HALF, b"")
        peer.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.recv(1)


def test_no_reply_sends_nothing_at_all() -> None:
    with broken("no-reply") as server, closing(asked(server.url)) as peer:
        peer.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.recv(1)


@pytest.mark.parametrize(("name", "notices"), [("silence", True), ("half-open", False)])
def test_only_a_half_open_connection_is_kept_when_the_client_leaves(
    name: str, notices: bool
) -> None:
    with broken(name) as server, closing(asked(server.url)) as peer:
        read_until(peer, NUMBERED.steps[EVENTS // 2 - 1].data)
        peer.shutdown(socket.SHUT_WR)
        peer.settimeout(PATIENCE if notices else 0.1)
        if notices:
            read_all(peer)  # ends
        else:
            with pytest.raises(TimeoutError):
                read_all(peer)


def test_a_trickle_sends_one_byte_at_a_time() -> None:
    with broken("trickle") as server, closing(asked(server.url)) as peer:
        rest = read_until(peer, b"1\r\n:\r\n" * 3)
        assert dechunked(rest.partition(b"\r\n\r\n")[2]) == (HALF + b":::", b"")


def test_endless_informational_replies_contain_no_final_reply() -> None:
    with broken("endless-1xx") as server, closing(asked(server.url)) as peer:
        heads = read_until(peer, b"\r\n\r\nHTTP/1.1 103 Early Hints\r\n").split(b"\r\n\r\n")
        assert {head.split(b"\r\n")[0] for head in heads[:-1]} == {b"HTTP/1.1 103 Early Hints"}


# Other replies


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("status-")])
def test_a_status_comes_with_the_time_to_wait(name: str) -> None:
    head, rest = reply_to(name)
    assert head.split(b" ")[1] == name.removeprefix("status-").encode()
    assert b"\r\nRetry-After: 1" in head
    assert json.loads(rest)["error"]


def test_any_failure_status_can_be_requested() -> None:
    assert find_fault("status-418").expected is Ending.REFUSED
    assert reply_to("status-418")[0].startswith(b"HTTP/1.1 418 I'm a Teapot\r\n")
    for name in ("status-200", "status-499", "status-", "status-0418", "status-418x"):
        with pytest.raises(UsageError, match="no fault is called"):
            find_fault(name)


def test_the_content_type_is_wrong_or_missing() -> None:
    assert b"\r\nContent-Type: text/plain; charset=utf-8" in reply_to("wrong-content-type")[0]
    assert b"content-type" not in reply_to("no-content-type")[0].lower()


def location(head: bytes) -> str:
    found = re.search(rb"\r\nLocation: ?([^\r]*)", head)
    assert found, head
    return found[1].decode()


def test_redirects_lead_to_themselves_and_nowhere() -> None:
    head, rest = reply_to("redirect-loop")
    assert head.startswith(b"HTTP/1.1 302 ") and rest == b""
    assert location(head) == "/numbered"
    assert location(reply_to("empty-location")[0]) == ""


def test_a_redirect_to_another_origin_leads_to_the_stream() -> None:
    with broken("cross-origin") as server:
        with closing(asked(server.url)) as peer:
            target = location(read_all(peer).partition(b"\r\n\r\n")[0])
        assert urlsplit(target).hostname == "localhost"
        assert urlsplit(target).port == urlsplit(server.url).port
        with closing(asked(server.url, path=urlsplit(target).path)) as peer:
            assert dechunked(read_all(peer).partition(b"\r\n\r\n")[2])[0] == BODY
        assert server.sent() == events(BODY)


# Content codings


def program(name: str, *words: str) -> Callable[[bytes], bytes]:
    """Run a decoder that is a program of this machine."""

    def decode(data: bytes) -> bytes:
        if not shutil.which(name):
            pytest.skip(f"needs {name}")
        return subprocess.run([name, *words], input=data, capture_output=True, check=True).stdout

    return decode


BROTLI = "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(0)))"
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": program("node", "-e", BROTLI),
    "zstd": program("zstd", "-dc"),
}


@pytest.mark.parametrize("name", DECODERS)
def test_a_body_has_the_coding_of_its_header(name: str) -> None:
    head, rest = reply_to(name)
    assert b"\r\nContent-Encoding: %s" % name.encode() in head
    body, end = dechunked(rest)
    assert end == b"the end"
    assert DECODERS[name](body) == BODY


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_each_event_can_be_decoded_on_arrival(name: str) -> None:
    reply = FAULTS[name].reply(NUMBERED, RequestInfo("/", "localhost:1"))
    assert isinstance(reply, Scenario)
    inflate = zlib.decompressobj({"gzip": 31, "deflate": 15}[name])
    decoded = [inflate.decompress(step.data) for step in reply.steps]
    assert decoded == [*(step.data for step in NUMBERED.steps), b""]
    assert inflate.eof


# Large replies


def large(name: str, *, full_size: bool = False) -> bytes:
    """Return the body of a reply of many chunks."""
    head, rest = reply_to(name, full_size=full_size)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    body, at = bytearray(), 0
    while True:
        stop = rest.index(b"\r\n", at)
        size = int(rest[at:stop], 16)
        body += rest[stop + 2 : stop + 2 + size]
        at = stop + size + 4
        if size == 0:
            assert at == len(rest)
            return bytes(body)


@pytest.mark.parametrize(
    ("full_size", "size"),
    [(False, 32 * 2**20), pytest.param(True, LINE_SIZE, marks=pytest.mark.interop)],
)
@pytest.mark.parametrize(
    ("name", "unpack"), [("gzip-bomb", gzip.decompress), ("deflate-bomb", zlib.decompress)]
)
def test_a_bomb_is_small_and_decodes_to_a_large_body(
    name: str, unpack: Callable[[bytes], bytes], full_size: bool, size: int
) -> None:
    packed = large(name, full_size=full_size)
    assert len(packed) < size / 256
    decoded = unpack(packed)
    assert len(decoded) == size + len(b"data: \n\n") + len(BODY)
    assert (decoded[: len(HALF)], decoded[-len(NEXT) :]) == (HALF, BODY[-len(NEXT) :])


def test_a_million_comments_separate_the_events() -> None:
    body = large("comments", full_size=True)
    assert body.count(b"\n:") + 1 >= COMMENTS == 1_000_000
    assert body.replace(b":\n", b"") == BODY.replace(b":\n", b"")


def test_a_line_is_as_long_as_documented() -> None:
    reply = FAULTS["long-line"].reply(NUMBERED, RequestInfo("/", "localhost:1"))
    assert isinstance(reply, Scenario)
    sizes = [len(step.data) for step in reply.steps]
    assert sum(sizes) == LINE_SIZE + len(b"data: \n\n") + len(BODY)
    line = itertools.takewhile(lambda step: b"\n" not in step.data, reply.steps[EVENTS // 2 :])
    assert sum(len(step.data) for step in line) == LINE_SIZE + len(b"data: ")


def test_comments_replace_the_head() -> None:
    reply = FAULTS["no-head"].reply(NUMBERED, RequestInfo("/", "localhost:1"))
    assert isinstance(reply, RawReply)
    assert b"".join(step.data for step in reply.steps()) == b":\n" * COMMENTS


# Resuming


@pytest.mark.parametrize(
    ("last_event_id", "left"), [(b"0", 0), (b"1", 1), (b"5", 5), (b"7", 0), (b"x", 0), (b"", 0)]
)
def test_a_scenario_resumes_after_the_last_event_id(last_event_id: bytes, left: int) -> None:
    rest = b"".join(step.data for step in NUMBERED.steps[left:])
    with broken(None) as server:
        with closing(asked(server.url, f"Last-Event-ID: {last_event_id.decode()}")) as peer:
            assert dechunked(read_all(peer).partition(b"\r\n\r\n")[2])[0] == rest
        assert server.asked_after() == [last_event_id]
        assert server.sent() == events(rest)


def test_a_204_follows_the_last_event() -> None:
    with broken(None) as server, closing(asked(server.url, f"Last-Event-ID: {EVENTS}")) as peer:
        assert read_all(peer).startswith(b"HTTP/1.1 204 No Content\r\n")


def test_a_stream_can_be_resumed_in_the_middle_of_a_step() -> None:
    whole = Scenario.of("whole", [(0, BODY)])
    assert (
        b"".join(step.data for step in whole.resume_after("2").steps)
        == BODY[BODY.index(b"id: 3") :]
    )
    assert whole.resume_after(str(EVENTS)).steps == ()


def test_a_fault_can_be_limited_to_the_first_replies() -> None:
    with broken("cut-before-headers", times=2) as server:
        replies = []
        for _ in range(3):
            with closing(asked(server.url)) as peer:
                replies.append(read_all(peer))
    assert replies[:2] == [b"", b""]
    assert replies[2].startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_list_of_scenarios_and_errors_are_never_broken() -> None:
    with broken("cut-before-headers") as server:
        for path, status in (("/", b"200"), ("/nothing", b"404")):
            with closing(asked(server.url, path=path)) as peer:
                assert read_all(peer).split(b" ")[1] == status


def test_requests_are_kept_only_with_a_request_log() -> None:
    server = Server({"numbered": NUMBERED})
    with running(server) as base, closing(asked(f"{base}/numbered")) as peer:
        read_all(peer)
    assert server.exchanges is None


def sendable(last_event_id: bytes) -> bytes | None:
    """Return the id as a client can send it back, or None (HTML 9.2.2; RFC 9110, 5.5)."""
    text = last_event_id.decode("utf-8", "replace").removeprefix(" ").strip(" \t")
    unsendable = not text or len(text.encode()) > 4096 or set(text) & set("\x0b\x0c")
    return None if unsendable else text.encode()


def test_every_awkward_id_is_returned_unchanged_or_not_at_all() -> None:
    with broken("awkward-ids") as server:
        words = ("--reconnect", "--retry-delay", "0.1", "-m", "30")
        ran = sse(server.url, "-o", "jsonl", "--all", "-q", "text=text", *words)
        lines = ran.objects()
        assert (lines[-1]["ending"], ran.code) == (Ending.DONE, 0), ran
        shown = [line["data"] for line in lines if line["kind"] == "message"]
        assert shown == [json.loads(data) for data in server.sent()]
        assert len(server.exchanges) == len(AWKWARD_IDS) + 1
        # An id with a NUL changes nothing: the previous one stays in force.
        before = zip((b"", *AWKWARD_IDS), AWKWARD_IDS, strict=False)
        in_force = [previous if b"\0" in one else one for previous, one in before]
        assert server.asked_after() == [None, *map(sendable, in_force)]


# How often


def test_retry_zero_opens_no_more_connections_than_allowed() -> None:
    seconds = 2.5
    with broken("retry-zero", scenario=ANONYMOUS) as server:
        ran = sse(server.url, "-o", "jsonl", "--reconnect", "-m", str(seconds))
        times = [exchange.at for exchange in server.exchanges]
    assert ran.code == 6
    assert len(times) - len(ran.objects()) in (0, 1)  # the deadline may cut the last
    assert len(times) > seconds * CONNECTIONS_PER_SECOND / 5  # it does reconnect
    # The eleventh after any connection is a second later; 50 ms are for the two clocks.
    windows = zip(times, times[CONNECTIONS_PER_SECOND:], strict=False)
    assert all(later - earlier >= 0.95 for earlier, later in windows)


def test_retry_huge_is_limited_to_the_longest_wait() -> None:
    with broken("retry-huge") as server:
        ran = sse(server.url, "-o", "jsonl", "--all", "--reconnect", "-m", "0.5")
    (again,) = (line for line in ran.objects() if line["kind"] == "reconnecting")
    assert again["delay"] == 300


def test_retry_after_is_obeyed_when_the_status_is_retried() -> None:
    with broken("status-503", times=1) as server:
        words = ("--reconnect", "--retry-on", "503", "-m", "20")
        ran = sse(server.url, "-o", "jsonl", *words, "--retry-delay", "100ms")
        first, second, *_ = (exchange.at for exchange in server.exchanges)
        assert (ran.code, len(ran.objects())) == (0, EVENTS)
    assert second - first >= 1


# The command line


def test_the_faults_are_listed_with_descriptions() -> None:
    ran = sse("serve", "--list-faults")
    assert (ran.code, ran.err) == (0, b"")
    listed = [line.split("  ", 1) for line in ran.text.splitlines()]
    assert [name for name, _ in listed] == [*FAULTS]
    assert [does.strip() for _, does in listed] == [one.description for one in FAULTS.values()]
    assert max(map(len, ran.text.splitlines())) <= 100


def test_a_narrow_terminal_breaks_no_word_in_the_list_of_faults() -> None:
    with Terminal([*SSE, "serve", "--list-faults"], columns=70, rows=90) as terminal:
        assert terminal.finish() == 0
        words = " ".join(" ".join(terminal.lines).split())
    for fault in FAULTS.values():
        assert f"{fault.name} {fault.description}" in words


def test_serve_puts_a_fault_on_every_route() -> None:
    words = ("--port", "0", "--fault", "cut-before-headers", "--times", "1")
    with start("serve", "clock", "gemini", *words) as run:
        assert run.stdout
        clock = run.stdout.readline().decode().split()[0]
        with closing(asked(clock)) as peer:
            assert read_all(peer) == b""
        with closing(asked(clock)) as peer:
            assert read_until(peer, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        run.terminate()
        with suppress(ProcessLookupError):
            assert finish(run).code == -15


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["--fault", "rest"], "no fault is called 'rest'", "did you mean reset"),
        (["--fault", "?"], "no fault is called '?'", "there are: cut-before-headers, "),
        (["--times", "2"], "--times limits --fault", "sse serve --list-faults"),
    ],
)
def test_an_unknown_fault_gets_the_closest_one(words: list[str], error: str, hint: str) -> None:
    ran = sse("serve", *words)
    said = error_and_hint(ran)
    assert ran.code == 2
    assert said[0] == error
    assert said[1].startswith(hint)


def test_every_name_finds_its_fault() -> None:
    assert all(find_fault(name).name == name for name in FAULTS)
    with pytest.raises(UsageError):
        find_fault("")


def test_a_reset_loses_nothing_that_the_request_log_counts_as_sent() -> None:
    steps = [(0.0, b"id: %d\ndata: %s\n\n" % (n, b"x" * 2000)) for n in range(1, 201)]
    with broken("reset", scenario=Scenario.of("it", steps)) as server:
        ran = sse(server.url, "-o", "jsonl")
        assert (ran.code, len(ran.objects())) == (5, 100)
        assert len(server.sent()) == 100


def test_a_fault_of_a_status_without_a_phrase_keeps_the_headers_of_its_scenario() -> None:
    overloaded = Scenario.of("it", [(0, b"{}")] * 2, status=529, headers=[("X-It", "kept")])
    for name in ("cut-in-chunk", "gzip-bomb", "deflate-bomb", "status-503"):
        with broken(name, scenario=overloaded) as server:
            ran = sse(server.url, "-o", "jsonl", "--all")
            opened = ran.objects()[0]
        assert ran.code == 4, ran.talk
        assert opened["status"] == (503 if name == "status-503" else 529)
        assert "X-It" in [header for header, _ in opened["headers"]]
