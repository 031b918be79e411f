"""Faults of HTTP/2 servers: every event that was sent whole is shown once, with the true ending."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet
from h2.errors import ErrorCodes
from hyperframe.frame import PingFrame, RstStreamFrame, SettingsFrame

from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import EXIT_CODES
from tests.support import tls
from tests.support.http2_matrix import MATRIX, Fault
from tests.support.http2_window import SmallWindow
from tests.support.http2_wire import EVENTS, HALF, Http2Peer, Http2Server, whole
from tests.support.program import sse
from tests.support.terminal import SSE, Terminal

LIMITS = ("--max-time", "8", "--http2-prior-knowledge")
# Words of a library, or of a guess that is wrong here.
INNER_WORDS = re.compile(
    r"<[A-Z]\w+[ :.]|StreamReset|ConnectionTerminated|b'|https or http\?|Inputs\.|in state [0-9]"
)


class Seen(NamedTuple):
    """The result of a run: all that was printed, and what a person reads from it."""

    printed: str
    shown: list[str]
    ending: str
    detail: str
    code: int | None  # None where the exit code says something else


def in_json_lines(*words: str | Path) -> Seen:
    ran = sse("watch", "-o", "jsonl", "--all", "-q", "text=text", *words)
    lines = ran.objects()
    (closed,) = (line for line in lines if line["kind"] == "closed")
    shown = [line["query"]["text"] for line in lines if line["kind"] == "message"]
    return Seen(ran.text + ran.talk, shown, closed["ending"], closed["detail"], ran.code)


def in_a_table(*words: str | Path) -> Seen:
    command = (*SSE, "watch", "-q", "text=text", *map(str, words))
    with Terminal(command, columns=200, rows=40) as terminal:
        code = terminal.finish()
        lines = terminal.scrolled
    rows = [line.split() for line in lines]
    shown = [row[-1] for row in rows if row and row[0].isdecimal() and row[-1].startswith("<")]
    return Seen("\n".join(lines), shown, *summary(lines), code)


def as_text(*words: str | Path) -> Seen:
    ran = sse("tail", "-q", "text", "--summary", *words)
    shown = [f"{text}>" for text in ran.text.strip().split(">")[:-1]]
    return Seen(ran.text + ran.talk, shown, *summary(ran.talk.splitlines()), ran.code)


def in_a_check(*words: str | Path) -> Seen:
    ran = sse("check", "-o", "json", "--format", "plain", *words)
    (stream,) = json.loads(ran.out)["streams"]
    (attempt,) = stream["attempts"]
    shown = re.findall("<[0-9]+>", attempt["answer"].get("text") or "")
    return Seen(ran.text + ran.talk, shown, attempt["ending"], attempt["detail"], None)


def summary(lines: list[str]) -> tuple[str, str]:
    """Return the ending in a closing summary, and all lines: the detail may be above it."""
    endings = {ending.value for ending in Ending}
    words = [line.split(" ")[0] for line in lines]
    return next((word for word in words if word in endings), ""), "\n".join(lines)


WAYS: dict[str, Callable[..., Seen]] = {
    "jsonl": in_json_lines,
    "table": in_a_table,
    "tail": as_text,
    "check": in_a_check,
}


def judge(seen: Seen, fault: Fault, server: Http2Server) -> None:
    """Assert that a run on one connection told the truth."""
    assert (seen.shown, seen.ending) == (ALL[: fault.shown], fault.ending.value), seen
    assert server.sent[: fault.shown] == seen.shown
    assert seen.code in (None, EXIT_CODES[fault.ending])
    assert [word for word in fault.words if word not in seen.detail] == []
    assert INNER_WORDS.findall(seen.printed) == []


ALL = [f"<{number}>" for number in range(1, EVENTS + 1)]
# One of each kind is seen in every way; all are, in the long runs.
KINDS = {
    "graceful GOAWAY in two steps",
    "GOAWAY ENHANCE_YOUR_CALM before the head",
    "RST_STREAM CANCEL in the body",
    "Content-Length above the body",
    "DATA on a stream never opened in the body",
    "HTTP/1.1 server",
}


def _seen_in_every_way() -> Iterator[ParameterSet]:
    """Yield each fault with each way."""
    for name, way in product(MATRIX, WAYS):
        is_long = way != "jsonl" and name not in KINDS
        yield pytest.param(name, way, marks=[pytest.mark.interop] if is_long else [])


@pytest.mark.parametrize(("name", "way"), [*_seen_in_every_way()])
def test_a_fault_of_http2_has_its_ending_and_words_and_shows_the_events_sent(
    name: str, way: str
) -> None:
    fault = MATRIX[name]
    with Http2Server(fault.act, shakes_hands=fault.shakes_hands) as server:
        judge(WAYS[way](server.origin, *LIMITS), fault, server)


@pytest.mark.parametrize("name", MATRIX)
def test_frames_that_come_one_by_one_give_the_same_and_so_does_a_replay(
    name: str, tmp_path: Path
) -> None:
    fault, recording = MATRIX[name], tmp_path / "it.rec"
    with Http2Server(fault.act, apart=True, shakes_hands=fault.shakes_hands) as server:
        live = in_json_lines(server.origin, *LIMITS, "--record", recording)
    judge(live, fault, server)
    assert in_json_lines(recording) == live


@pytest.mark.parametrize("name", MATRIX)
def test_a_stream_is_read_on_after_a_fault_without_repeats_or_losses(name: str) -> None:
    fault = MATRIX[name]
    words = (*LIMITS, "--reconnect", "--retry-delay", "100ms")
    with Http2Server(fault.act, times=1, shakes_hands=fault.shakes_hands) as server:
        seen = as_text(server.origin, *words)
    assert (seen.shown, seen.ending, seen.code) == (ALL, "done", 0), seen
    assert INNER_WORDS.findall(seen.printed) == []


IDLE_FRAMES: dict[str, Callable[[Http2Peer], None]] = {
    "PING": lambda peer: peer.raw(PingFrame(0, b"are you?")),
    "SETTINGS": lambda peer: peer.raw(SettingsFrame(0)),
    "empty DATA": lambda peer: peer.data(b""),
    "padding": lambda peer: peer.data(b"", padding=9),
}


@pytest.mark.parametrize(
    ("kind", "shown", "ending"),
    [
        ("PING", 0, "deadline"),
        ("SETTINGS", 0, "deadline"),
        ("PING", HALF, "stalled"),
        ("SETTINGS", HALF, "stalled"),
        ("empty DATA", HALF, "stalled"),
        ("padding", HALF, "stalled"),
    ],
)
def test_frames_without_a_byte_of_the_stream_do_not_count_as_life(
    kind: str, shown: int, ending: str
) -> None:
    def act(peer: Http2Peer) -> None:
        if shown:
            peer.head()
            peer.events(1, shown)
        while not peer.closing.wait(0.05):
            IDLE_FRAMES[kind](peer)
            peer.flush()

    with Http2Server(act) as server:
        seen = in_json_lines(server.origin, *LIMITS, "--idle-timeout", "0.5")
    assert (seen.shown, seen.ending) == (ALL[:shown], ending), seen


OVER_TLS = [*sorted(KINDS - {"HTTP/1.1 server"}), "no fault", "trailers"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key."""
    return tls.make_certificate(tmp_path_factory.mktemp("tls"), "server")


@pytest.mark.parametrize("name", OVER_TLS)
def test_a_fault_over_tls_gives_the_same(name: str, certificate: Path) -> None:
    fault, context = MATRIX[name], tls.server_context(certificate)
    with Http2Server(fault.act, tls=context) as server:
        words = ("--cacert", certificate, "--max-time", "15")
        judge(in_json_lines(server.origin, *words), fault, server)


BELOW_ZERO = pytest.mark.xfail(reason="a window below 0 is taken for an open one", strict=True)


@pytest.mark.parametrize("size", [96, pytest.param(200_000, marks=BELOW_ZERO)])
def test_a_body_arrives_whole_although_the_window_falls_below_zero(
    size: int, tmp_path: Path
) -> None:
    body, file, act = b"0123456789abcdef" * (size // 16), tmp_path / "body", SmallWindow()
    file.write_bytes(body)
    with Http2Server(act, shakes_hands=False) as server:
        seen = in_json_lines(server.origin, *LIMITS, "--data-binary", f"@{file}")
    assert (seen.shown, seen.ending, act.body == body, act.overrun) == (ALL, "eof", True, 0), seen


@pytest.mark.xfail(reason="a reset without an error discards the reply", strict=True)
def test_a_reply_to_the_start_of_a_body_is_read_although_the_rest_is_not_wanted(
    tmp_path: Path,
) -> None:
    # A server may reply early and reset the stream with NO_ERROR (RFC 9113, 8.1).
    file = tmp_path / "body"
    file.write_bytes(b"x" * 200_000)  # more than the window, which is not opened again

    def act(peer: Http2Peer) -> None:
        peer.read_head()
        whole(peer)
        peer.raw(RstStreamFrame(peer.stream, ErrorCodes.NO_ERROR))
        peer.flush()
        peer.until_gone()

    with Http2Server(act, shakes_hands=False) as server:
        seen = in_json_lines(server.origin, *LIMITS, "--data-binary", f"@{file}")
    assert (seen.shown, seen.ending) == (ALL, "eof"), seen


def test_trailers_are_shown_with_the_head() -> None:
    with Http2Server(MATRIX["trailers"].act) as server:
        ran = sse("watch", "-v", "-o", "text", server.origin, *LIMITS)
    assert "grpc-status: 0" in ran.talk
    assert "x-checksum: ***" in ran.talk  # no header of that name is known to hold no secret
