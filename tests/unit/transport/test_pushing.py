"""HTTP chunks that arrive in one read of the socket: they are processed together, before the next
read."""

from __future__ import annotations

import fcntl
import gzip
import os
import random
import signal
import socket
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import h2.connection
import pytest

from sse_cli.model.events import Chunk, Closed, Ending, Opened, Signal
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from sse_cli.request.model import Request
from sse_cli.run.stream_run import StreamRun
from sse_cli.run.time_limit import TimeLimit
from sse_cli.sources.clock import RunClock
from sse_cli.transport.body import MOST_HELD, MOST_PIECES, _Batcher
from sse_cli.transport.tap import Tap
from sse_cli.transport.watchdog import Watchdog
from tests.support.http2_server import OK, serving
from tests.support.listener import PATIENCE
from tests.support.program import error_and_hint, finish, redirected, sse, start
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head
from tests.support.signals import body, closed, reply_to
from tests.support.wire import Handler, Peer, Wire

EVENTS = [b"data: %d\n\n" % number for number in range(5)]
TOGETHER = head(STREAM, CHUNKED) + b"".join(map(chunk, EVENTS))


def chunks(seen: Sequence[Signal]) -> list[bytes]:
    return [one.data for one in seen if isinstance(one, Chunk)]


def pushing(
    url: str, each: Callable[[Chunk], None] = lambda _: None, **fields: object
) -> list[Signal]:
    """Return every signal of one request in order, yielded or pushed; `each` gets the pushed
    ones."""
    seen: list[Signal] = []

    def push(pushed: Chunk) -> bool:
        seen.append(pushed)
        each(pushed)
        return True

    request = Request(url, **{"max_time": PATIENCE, **fields})  # type: ignore[arg-type]
    for one in reply_to(request, push):
        seen.append(one)
    return seen


def waiting_for(seen: threading.Event, *more: bytes) -> Handler:
    """Return a handler that sends five events at once, and the rest when those were seen."""

    def handler(peer: Peer) -> None:
        peer.send(TOGETHER)
        assert seen.wait(PATIENCE)
        peer.send(*more, LAST_CHUNK)

    return handler


def test_chunks_of_one_read_are_pushed_before_the_next_read() -> None:
    pushed = threading.Event()
    with Wire(waiting_for(pushed, chunk(b": more\n"))) as server:
        seen = pushing(server.origin, lambda _: pushed.set())
    assert chunks(seen) == [EVENTS[0], b"".join(EVENTS[1:]), b": more\n"]
    assert closed(seen).ending is Ending.EOF


def test_frames_of_http_2_are_pushed_like_chunks() -> None:
    pushed = threading.Event()

    def act(connection: h2.connection.H2Connection, peer: socket.socket) -> None:
        connection.send_headers(1, OK)
        for event in EVENTS:
            connection.send_data(1, event)
        peer.sendall(connection.data_to_send())
        assert pushed.wait(PATIENCE)
        connection.end_stream(1)

    with serving(act) as (origin, _):
        seen = pushing(origin, lambda _: pushed.set(), http_version="2-prior-knowledge")
    assert chunks(seen)[:2] == [EVENTS[0], b"".join(EVENTS[1:])]
    assert closed(seen).ending is Ending.EOF


@pytest.mark.parametrize(
    ("rest", "ending"),
    [
        (LAST_CHUNK, Ending.EOF),
        (b"", Ending.TRUNCATED),
        (b"f", Ending.TRUNCATED),
        (b"no size\r\n", Ending.MALFORMED),
    ],
)
def test_held_chunks_come_before_the_end_however_it_ends(rest: bytes, ending: Ending) -> None:
    with Wire(TOGETHER + rest) as server:
        seen = pushing(server.origin)
    assert body(seen) == b"".join(EVENTS)
    assert closed(seen).ending is ending
    assert isinstance(seen[-1], Closed)


@pytest.mark.parametrize("seed", range(8))
def test_bytes_come_in_order_however_they_are_cut(seed: int) -> None:
    dice = random.Random(seed)
    raw = dice.randbytes(300_000)
    sent, sizes = b"", [1, 10, 1000, 90_000]
    rest = raw
    while rest:
        size = dice.choice(sizes)
        sent, rest = sent + chunk(rest[:size]), rest[size:]

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED))
        left = sent + LAST_CHUNK
        while left:
            size = dice.choice([1, 100, 5000, 200_000])
            peer.send(left[:size])
            left = left[size:]

    with Wire(handler) as server:
        seen = pushing(server.origin)
    assert body(seen) == raw, seed
    stamps = [one.at for one in seen]
    assert stamps == sorted(stamps), seed
    assert closed(seen).ending is Ending.EOF


def test_decompressed_data_is_held_only_up_to_the_limit() -> None:
    packed = gzip.compress(b"data: \n\n" * 1_000_000)  # 8 MB, of some 8 KB
    with Wire(head(STREAM, CHUNKED, "Content-Encoding: gzip") + chunk(packed)) as server:
        seen = pushing(server.origin)
    assert sum(map(len, chunks(seen))) == 8_000_000
    assert max(map(len, chunks(seen))) <= 2 * MOST_HELD


def test_the_number_of_held_pieces_is_limited() -> None:
    events = [b"data: %d\n\n" % number for number in range(500)]
    with Wire(head(STREAM, CHUNKED) + b"".join(map(chunk, events)) + LAST_CHUNK) as server:
        seen = pushing(server.origin)
    assert body(seen) == b"".join(events)
    held = [data.count(b"data") for data in chunks(seen)]
    assert max(held) == MOST_PIECES
    assert len(held) < len(events) / 10


def test_a_reply_that_is_not_a_stream_is_never_pushed() -> None:
    reply = head(CHUNKED, "Content-Type: text/html") + b"".join(map(chunk, EVENTS)) + LAST_CHUNK
    with Wire(reply) as server:
        seen = pushing(server.origin, lambda _: pytest.fail("was pushed"))
    assert chunks(seen) == EVENTS


def test_a_slow_reader_is_not_silence_of_the_stream() -> None:
    done = threading.Event()

    def slowly(_: Chunk) -> None:
        assert not threading.Event().wait(1.0)  # as long as a slow terminal takes
        done.set()

    with Wire(waiting_for(done)) as server:
        seen = pushing(server.origin, slowly, idle_timeout=0.4)
    assert closed(seen).ending is Ending.EOF


def test_silence_after_a_push_is_noticed() -> None:
    def handler(peer: Peer) -> None:
        peer.send(TOGETHER)
        peer.until_gone()

    with Wire(handler) as server:
        seen = pushing(server.origin, idle_timeout=0.2)
    assert body(seen) == b"".join(EVENTS)
    assert closed(seen).ending is Ending.STALLED


def test_ctrl_c_during_a_push_loses_no_received_event() -> None:
    def pieces() -> Iterator[bytes]:
        yield from EVENTS[:3]
        raise KeyboardInterrupt

    tap = Tap(RunClock(), lambda _: None, lambda _: None)
    pushed, seen = list[Chunk](), list[Chunk]()

    def push(chunk: Chunk) -> bool:
        pushed.append(chunk)
        return True

    batcher = _Batcher(tap, Watchdog(None), RunClock(), push)
    with pytest.raises(KeyboardInterrupt):
        seen.extend(batcher.chunks(pieces(), None))
    assert (chunks(seen), chunks(pushed)) == ([EVENTS[0]], [b"".join(EVENTS[1:3])])


# The program: servers that send many events at once and then nothing while we listen


def silent(peer: Peer) -> None:
    peer.send(TOGETHER)
    peer.until_gone()


def test_every_event_is_shown_while_the_server_is_silent() -> None:
    shown = threading.Event()
    with Wire(waiting_for(shown)) as server, start(server.origin, "-o", "text", "-m", "30") as run:
        assert run.stdout
        assert [run.stdout.readline() for _ in EVENTS] == [b"0\n", b"1\n", b"2\n", b"3\n", b"4\n"]
        shown.set()
        ran = finish(run)
    assert (ran.code, ran.out) == (0, b"")


@pytest.mark.parametrize("limit", [("-n", "3"), ("--until", "@ == `2`")])
def test_a_limit_reached_during_a_push_ends_the_run(limit: Sequence[str]) -> None:
    with Wire(silent) as server:
        ran = sse(server.origin, "-o", "text", "-m", "30", *limit)
    assert (ran.code, ran.out) == (0, b"0\n1\n2\n")


def test_a_recording_of_a_run_with_a_limit_ends_as_the_run_did(tmp_path: Path) -> None:
    late = chunk(b'data: {"error":{"message":"late"}}\n\n')
    file = tmp_path / "it.rec"
    with Wire(TOGETHER + late + LAST_CHUNK) as server:
        ran = sse(server.origin, "-o", "text", "-n", "3", "--record", file, "--summary")
    again = sse(file, "-o", "text", "--summary")
    assert (ran.code, ran.out) == (again.code, again.out) == (0, b"0\n1\n2\n")
    assert ran.talk.splitlines()[1:] == again.talk.splitlines()[1:]
    assert recording_bytes(file) == b"".join(EVENTS[:3])


def recording_bytes(file: Path) -> bytes:
    return sse("convert", file, "--to", "sse").out


def test_ctrl_c_leaves_whole_lines_to_a_slow_reader() -> None:
    events = [chunk(b'data: {"n":%d,"pad":"%s"}\n\n' % (n, b"x" * 1000)) for n in range(300)]

    def handler(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), *[b"".join(events)])
        peer.until_gone()

    with Wire(handler) as server, start(server.origin, "-o", "jsonl", "-m", "30") as run:
        until(lambda: waiting_in(run.stdout) > 40_000)  # the pipe fills, and nobody reads
        run.send_signal(signal.SIGINT)
        ran = finish(run)
    assert ran.out.endswith(b"\n")
    numbers = [line["n"] for line in ran.objects("data")]
    assert numbers == [n + 1 for n in range(len(numbers))]


def waiting_in(pipe: IO[bytes] | None) -> int:
    """Return the number of bytes in a pipe."""
    assert pipe
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        os.sched_yield()


def test_an_output_error_during_a_push_is_not_a_failure_of_the_connection() -> None:
    later = ("-q", "@ > `0` && @ || null")  # the first event, which is not pushed, prints nothing
    with Wire(silent) as server:
        ran = redirected("> /dev/full", server.origin, "-o", "text", "-m", "30", *later)
    assert ran.code == 7
    assert error_and_hint(ran)[0] == "can't write to standard output: no space left on device"


def test_an_expectation_that_fails_during_a_push_is_reported() -> None:
    with Wire(silent) as server:
        ran = sse("check", server.origin, "--max-events", "3", "--min-events", "4")
    assert ran.code == 1, ran.talk


# The reader ends the run while bytes are pushed; the source must not see or swallow that


def test_a_reader_that_wants_no_more_ends_the_reading() -> None:
    def push(_: Chunk) -> bool:
        return False

    with Wire(silent) as server:
        request = Request(server.origin, max_time=PATIENCE)
        seen = list(reply_to(request, push))
    assert chunks(seen) == EVENTS[:1]
    assert isinstance(seen[-1], Closed)


class Kept(Observer):
    """A view that calls `each` and then keeps the data that it was shown."""

    def __init__(self, each: Callable[[], object]) -> None:
        self.data: list[str] = []
        self._each = each

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        self._each()
        self.data += [row.message.data for row in rows]
        return rows


def run_over(each: Callable[[], object], *more: Observer) -> tuple[Closed, list[str], list[bool]]:
    """Return how a run ends whose source pushes five events, the data shown, and what push
    returned."""
    view, wanted = Kept(each), list[bool]()
    run = StreamRun(Session(), RunClock(), [*more, view])

    def source() -> Iterator[Signal]:
        yield Opened(0.0, "http://h/", 200)
        wanted.append(run.push(Chunk(0.1, b"".join(EVENTS))))
        yield Closed(0.3, Ending.EOF)

    return run.read(source()), view.data, wanted


def test_an_error_of_a_view_is_raised_by_the_run_and_not_in_its_source() -> None:
    def fail() -> None:
        raise BrokenPipeError("ours")

    with pytest.raises(BrokenPipeError, match="ours"):
        run_over(fail)


def test_a_push_tells_the_source_whether_to_read_on() -> None:
    closed, data, wanted = run_over(lambda: None)
    assert (closed.ending, data, wanted) == (Ending.EOF, ["0", "1", "2", "3", "4"], [True])


def test_chunks_pushed_after_the_time_limit_are_cut_off() -> None:
    closed, data, wanted = run_over(lambda: None, TimeLimit(0.05))
    assert (data, wanted) == ([], [False])
    assert (closed.at, closed.ending) == (0.05, Ending.LIMIT)
