"""What can go wrong with a stream, as a table: each fault makes a bad reply of a good scenario.

Rule 1: a fault is a pure function of the scenario and of what was asked; waits of its own
are the same at any speed. Rule 2: where it strikes in the middle, the events before it are
sent whole. Rule 3: `Step.says` tells what of the stream a client learns by a write, so that
the journal of the server is what the client has to show, no more and no less.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from http import HTTPStatus
from itertools import chain, repeat
from typing import Final

from sse_cli.errors import UsageError
from sse_cli.events import Ending
from sse_cli.scenarios import RawReply, Reply, Scenario, Step, Then, suggestion

PIECE: Final = 64 * 1024
LINE_SIZE: Final = 256 * 2**20
COMMENTS: Final = 1_000_000
HINT_SECONDS: Final = 0.02  # between informational replies
TRICKLE_SECONDS: Final = 0.05  # between bytes
MOVED: Final = "/moved"
# Ids that something on the way may trim, escape, refuse, or take for something else.
AWKWARD_IDS: Final = (
    b"", b"007", b"-1", b"1e9", b"null", b"two words", b"\ttab", b"trailing ", b"  both  ",
    b"a;b,c=d", b'"quoted"', b"%0d%0aX-Injected: 1", b"a:b", b"\\n", b"<b>&amp;",
    "h\u00e9".encode(), "\u516d\u6642".encode(), "\U0001f600".encode(), "a\u2028b\u0085c".encode(),
    "\u202eevil".encode(), b"\xff\xfe", b"\x1b[31mred", b"bell\x07", b"\x7f", b"v\x0bt", b"f\x0cf",
    b"nul\x00nul", b"x" * 4096, b"y" * 4097,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a fault may know of a request: its path, its Host, and its number among those that
    asked for a scenario (from 1)."""

    path: str
    host: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be broken. `expected` is how a client has to say that a single connection
    ended; those that never end by themselves end by a deadline of the client's."""

    name: str
    description: str
    expected: Ending
    reply: Callable[[Scenario, Asked], Reply]


def named(name: str) -> Fault:
    """The fault `name`. Raises UsageError, naming the closest, if there is none."""
    if name in FAULTS:
        return FAULTS[name]
    number = name.removeprefix("status-")
    for status in HTTPStatus:
        if status >= 400 and number == str(status.value):
            return _of_status(status)
    raise UsageError(f"no fault is called {name!r}", suggestion(name, [*FAULTS]))


# The parts of a reply


def _head(scenario: Scenario, *headers: str) -> Step:
    """The head as bare bytes; it says nothing of the stream."""
    phrase = HTTPStatus(scenario.status).phrase
    own = [f"{name}: {value}" for name, value in scenario.headers]
    if scenario.content_type:
        own.append(f"Content-Type: {scenario.content_type}")
    lines = [f"HTTP/1.1 {scenario.status} {phrase}", *own, *headers, "", ""]
    return Step(0.0, "\r\n".join(lines).encode(), b"")


def _chunk(step: Step) -> Step:
    """A step as one chunk (RFC 9112, 7.1)."""
    says = step.data if step.says is None else step.says
    return Step(step.delay, b"%x\r\n%s\r\n" % (len(step.data), step.data), says)


_LAST_CHUNK: Final = Step(0.0, b"0\r\n\r\n", b"")


def _parts(scenario: Scenario) -> tuple[tuple[Step, ...], Step, tuple[Step, ...]]:
    """The steps before the middle, the one there, and those after it."""
    steps = scenario.steps or (Step(0.0, b""),)
    middle = len(steps) // 2
    return steps[:middle], steps[middle], steps[middle + 1 :]


def _half(step: Step) -> Step:
    return step._replace(data=step.data[: len(step.data) // 2])


def _chunked(
    scenario: Scenario, steps: Iterable[Step], then: Then = Then.CLOSE, *after: Step
) -> RawReply:
    """A head, each of `steps` as a chunk, and `after` as it stands; no last chunk."""
    pieces = [_head(scenario, "Transfer-Encoding: chunked"), *map(_chunk, steps), *after]
    return RawReply(lambda: pieces, then)


# Cuts


def _cut_before_headers(_scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(lambda: ())


def _cut_in_headers(scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(lambda: [_half(_head(scenario))])


def _cut_in_chunk(scenario: Scenario, _asked: Asked) -> Reply:
    before, step, _ = _parts(scenario)
    part = _half(step).data
    cut = Step(step.delay, b"%x\r\n%s" % (len(step.data), part), part)
    return _chunked(scenario, before, Then.CLOSE, cut)


def _cut_in_event(scenario: Scenario, _asked: Asked) -> Reply:
    before, step, _ = _parts(scenario)
    return replace(scenario, steps=(*before, _half(step)))


def _cut_after_cr(scenario: Scenario, _asked: Asked) -> Reply:
    before, step, _ = _parts(scenario)
    with_cr = [one._replace(data=one.data.replace(b"\n", b"\r\n")) for one in (*before, step)]
    with_cr[-1] = with_cr[-1]._replace(data=with_cr[-1].data[:-1])
    return _chunked(scenario, with_cr)


def _cut_between_events(scenario: Scenario, _asked: Asked) -> Reply:
    return _chunked(scenario, _parts(scenario)[0])


def _cut_without_framing(scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(lambda: [_head(scenario, "Connection: close"), *_parts(scenario)[0]])


def _reset_before_headers(_scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(lambda: (), Then.RESET)


def _reset(scenario: Scenario, _asked: Asked) -> Reply:
    return _chunked(scenario, _parts(scenario)[0], Then.RESET)


# Waits without an end


def _no_reply(_scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(lambda: (), Then.HOLD)


def _silence(scenario: Scenario, _asked: Asked) -> Reply:
    return _chunked(scenario, _parts(scenario)[0], Then.HOLD)


def _half_open(scenario: Scenario, _asked: Asked) -> Reply:
    return _chunked(scenario, _parts(scenario)[0], Then.DEAF)


def _trickle(scenario: Scenario, _asked: Asked) -> Reply:
    begun = [_head(scenario, "Transfer-Encoding: chunked"), *map(_chunk, _parts(scenario)[0])]
    return RawReply(lambda: chain(begun, repeat(_chunk(Step(TRICKLE_SECONDS, b":")))))


def _endless_1xx(_scenario: Scenario, _asked: Asked) -> Reply:
    hint = Step(HINT_SECONDS, b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n", b"")
    return RawReply(lambda: repeat(hint))


# Bad framing


def _bad_chunk_size(scenario: Scenario, _asked: Asked) -> Reply:
    before, step, _ = _parts(scenario)
    bad = Step(step.delay, b"oops\r\n%s\r\n" % step.data, b"")
    return _chunked(scenario, before, Then.CLOSE, bad)


def _with_length(scenario: Scenario, length: int, steps: Iterable[Step]) -> Reply:
    head = _head(scenario, f"Content-Length: {length}")
    return RawReply(lambda: [head, *steps])


def _length_too_long(scenario: Scenario, _asked: Asked) -> Reply:
    size = sum(len(step.data) for step in scenario.steps)
    return _with_length(scenario, size + 1, scenario.steps)


def _length_too_short(scenario: Scenario, _asked: Asked) -> Reply:
    before, step, after = _parts(scenario)
    part = _half(step).data
    length = sum(len(one.data) for one in before) + len(part)
    unsaid = [one._replace(says=b"") for one in after]
    return _with_length(scenario, length, [*before, step._replace(says=part), *unsaid])


def _no_head(_scenario: Scenario, _asked: Asked) -> Reply:
    return RawReply(_comments)


# Bad streams


def _duplicate_events(scenario: Scenario, _asked: Asked) -> Reply:
    return replace(scenario, steps=tuple(step for step in scenario.steps for _ in "12"))


def _no_final_blank_line(scenario: Scenario, _asked: Asked) -> Reply:
    *before, last = scenario.steps or (Step(0.0, b""),)
    return replace(scenario, steps=(*before, last._replace(data=last.data.rstrip(b"\n") + b"\n")))


def _begin_with(scenario: Scenario, start: bytes) -> Scenario:
    return replace(scenario, steps=(Step(0.0, start), *scenario.steps))


def _bom(scenario: Scenario, _asked: Asked) -> Reply:
    return _begin_with(scenario, b"\xef\xbb\xbf")


def _retry(scenario: Scenario, _asked: Asked, *, value: bytes) -> Reply:
    return _begin_with(scenario, b"retry: %s\n\n" % value)


def _awkward_ids(scenario: Scenario, asked: Asked) -> Reply:
    """All of them each time, so that each is once the last, and asked for then."""
    if asked.number > len(AWKWARD_IDS):
        return Scenario("", "", (), 204, "")
    ids = AWKWARD_IDS[asked.number :] + AWKWARD_IDS[: asked.number]
    steps = [
        Step(0.0, b'id: %s\ndata: {"text":"<%d>"}\n\n' % (one, n)) for n, one in enumerate(ids, 1)
    ]
    return replace(scenario, steps=tuple(steps))


def _comments() -> Iterator[Step]:
    """Comments of nothing but their colon."""
    lines = PIECE // 2
    for start in range(0, COMMENTS, lines):
        yield Step(0.0, b":\n" * min(lines, COMMENTS - start), b"")


def _in_the_middle(scenario: Scenario, steps: Iterable[Step]) -> Scenario:
    before, step, after = _parts(scenario)
    return replace(scenario, steps=(*before, *steps, step, *after))


def _many_comments(scenario: Scenario, _asked: Asked) -> Reply:
    return _in_the_middle(scenario, _comments())


def _line(size: int, piece: bytes) -> Iterator[Step]:
    """An event with a line of `size` bytes, too large for any client to show."""
    yield Step(0.0, b"data: ", b"")
    yield from repeat(Step(0.0, piece, b""), size // len(piece))
    yield Step(0.0, b"\n\n", b"")


def _long_line(scenario: Scenario, _asked: Asked) -> Reply:
    return _in_the_middle(scenario, _line(LINE_SIZE, b"x" * PIECE))


# Other replies


def _status(scenario: Scenario, _asked: Asked, *, status: int) -> Reply:
    body = b'{"error":{"message":"a fault that was asked for"}}\n'
    return replace(
        scenario,
        steps=(Step(0.0, body, b""),),
        status=status,
        content_type="application/json",
        headers=(("Retry-After", "1"), ("Content-Length", str(len(body)))),
    )


def _of_status(status: HTTPStatus, more: str = "") -> Fault:
    words = f"{status.value} {status.phrase}, Retry-After: 1.{more}"
    reply = partial(_status, status=status.value)
    return Fault(f"status-{status.value}", words, Ending.REFUSED, reply)


def _content_type(scenario: Scenario, _asked: Asked, *, kind: str) -> Reply:
    unsaid = tuple(step._replace(says=b"") for step in scenario.steps)
    return replace(scenario, steps=unsaid, content_type=kind)


def _redirect(location: str) -> Reply:
    headers = (("Location", location), ("Content-Length", "0"))
    return Scenario("", "", (), 302, "", headers)


def _redirect_loop(_scenario: Scenario, asked: Asked) -> Reply:
    return _redirect(asked.path)


def _empty_location(_scenario: Scenario, _asked: Asked) -> Reply:
    return _redirect("")


def _cross_origin(scenario: Scenario, asked: Asked) -> Reply:
    """The same server by its other name is another origin."""
    if asked.path.endswith(MOVED):
        return scenario
    host, _, port = asked.host.rpartition(":")
    other = "127.0.0.1" if host == "localhost" else "localhost"
    return _redirect(f"http://{other}:{port}{asked.path}{MOVED}")


# Content codings


def _encoded(
    scenario: Scenario, coding: str, encode: Callable[[bytes], bytes], end: Callable[[], bytes]
) -> Scenario:
    """Each step encoded so that it can be read at once."""
    steps = [Step(one.delay, encode(one.data), one.data) for one in scenario.steps]
    headers = (*scenario.headers, ("Content-Encoding", coding))
    return replace(scenario, steps=(*steps, Step(0.0, end(), b"")), headers=headers)


def _deflated(scenario: Scenario, _asked: Asked, *, coding: str, window_bits: int) -> Reply:
    deflate = zlib.compressobj(wbits=window_bits)

    def encode(data: bytes) -> bytes:
        return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)

    return _encoded(scenario, coding, encode, deflate.flush)


def _gzip_bomb(scenario: Scenario, _asked: Asked) -> Reply:
    """A member for each event and one for the bomb (RFC 1952, 2.2)."""

    def member(step: Step) -> Step:
        return Step(step.delay, zlib.compress(step.data, wbits=31), step.data)

    before, step, after = _parts(scenario)
    packed = _bomb(31)
    bomb = [Step(0.0, packed[at : at + PIECE], b"") for at in range(0, len(packed), PIECE)]
    steps = (*map(member, before), *bomb, *map(member, (step, *after)))
    return replace(scenario, steps=steps, headers=(("Content-Encoding", "gzip"),))


def _deflate_bomb(scenario: Scenario, _asked: Asked) -> Reply:
    """One zlib stream (RFC 1950) of deflate's blocks, each part's to be read at once."""
    before, step, after = _parts(scenario)
    bomb = _bomb(-15)
    checksum = 1
    for one in (*before, *_line(LINE_SIZE, b"x" * 2**20), step, *after):
        checksum = zlib.adler32(one.data, checksum)

    def blocks(step: Step) -> Step:
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(step.data) + packer.flush(zlib.Z_FULL_FLUSH)
        return Step(step.delay, packed, step.data)

    steps = (
        Step(0.0, b"\x78\x9c", b""),
        *map(blocks, before),
        *(Step(0.0, bomb[at : at + PIECE], b"") for at in range(0, len(bomb), PIECE)),
        *map(blocks, (step, *after)),
        Step(0.0, b"\x03\x00" + checksum.to_bytes(4, "big"), b""),
    )
    return replace(scenario, steps=steps, headers=(("Content-Encoding", "deflate"),))


@cache
def _bomb(window_bits: int) -> bytes:
    """An event with a too large line, as a gzip member (31) or as blocks of deflate (-15):
    nothing in it marks a place to stop."""
    packer = zlib.compressobj(wbits=window_bits)
    packed = [packer.compress(step.data) for step in _line(LINE_SIZE, b"x" * 2**20)]
    return b"".join(packed) + packer.flush(zlib.Z_FINISH if window_bits > 0 else zlib.Z_FULL_FLUSH)


def _unread(scenario: Scenario, _asked: Asked, *, coding: str) -> Reply:
    """A coding that nobody asked for, so that nothing is learnt from it. Its blocks are
    stored uncompressed: Python has no encoder for them, and none is needed."""
    start, store, end = _STORED[coding]
    coded = _encoded(scenario, coding, store, lambda: end)
    return replace(
        coded,
        steps=(Step(0.0, start, b""), *(step._replace(says=b"") for step in coded.steps)),
    )


def _brotli_block(data: bytes) -> bytes:
    """RFC 7932, 9.2: not the last, four nibbles of length less one, uncompressed."""
    parts = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join((len(one) - 1 << 3 | 1 << 19).to_bytes(3, "little") + one for one in parts)


def _zstd_block(data: bytes) -> bytes:
    """RFC 8878, 3.1.1.2: not the last, raw, its size."""
    parts = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join((len(one) << 3).to_bytes(3, "little") + one for one in parts)


# The start (window size), a block, the end: an empty last block.
_STORED: Final = {
    # 64 KiB of window take one bit; an empty metadata block (9.2) fills up the byte.
    "br": (b"\x0c", _brotli_block, b"\x03"),
    "zstd": (b"\x28\xb5\x2f\xfd\x00\x58", _zstd_block, b"\x01\x00\x00"),
}


_TABLE: Final = (
    Fault("cut-before-headers", "Close without a word.", Ending.UNREACHABLE, _cut_before_headers),
    Fault("cut-in-headers", "Close inside the headers.", Ending.UNREACHABLE, _cut_in_headers),
    Fault("cut-in-chunk", "Close inside a chunk and an event.", Ending.TRUNCATED, _cut_in_chunk),
    Fault("cut-in-event", "End as HTTP should, inside an event.", Ending.TRUNCATED, _cut_in_event),
    Fault("cut-after-cr", "Close after the CR of a CRLF.", Ending.TRUNCATED, _cut_after_cr),
    Fault(
        "cut-between-events",
        "Close between two events, without the last chunk.",
        Ending.TRUNCATED,
        _cut_between_events,
    ),
    Fault(
        "cut-without-framing",
        "Close between two events; no length or chunks tell that it is no end.",
        Ending.EOF_UNVERIFIED,
        _cut_without_framing,
    ),
    Fault("reset", "Reset the connection between two events.", Ending.TRUNCATED, _reset),
    Fault(
        "reset-before-headers",
        "Reset the connection without a word.",
        Ending.UNREACHABLE,
        _reset_before_headers,
    ),
    Fault("no-reply", "Read the request, and never reply.", Ending.DEADLINE, _no_reply),
    Fault("silence", "Fall silent between two events.", Ending.STALLED, _silence),
    Fault(
        "half-open",
        "Fall silent, and don't notice that the client leaves.",
        Ending.STALLED,
        _half_open,
    ),
    Fault(
        "trickle",
        "After half of the events a byte every 50 ms, and never another event.",
        Ending.DEADLINE,
        _trickle,
    ),
    Fault("endless-1xx", "103 Early Hints for ever, no reply.", Ending.DEADLINE, _endless_1xx),
    Fault("bad-chunk-size", "A chunk size that is no number.", Ending.MALFORMED, _bad_chunk_size),
    Fault(
        "length-too-long",
        "A Content-Length of one byte more than comes.",
        Ending.TRUNCATED,
        _length_too_long,
    ),
    Fault(
        "length-too-short",
        "A Content-Length that ends inside an event.",
        Ending.TRUNCATED,
        _length_too_short,
    ),
    Fault("no-head", "A million comments instead of a reply.", Ending.MALFORMED, _no_head),
    Fault("duplicate-events", "Each event twice.", Ending.EOF, _duplicate_events),
    Fault(
        "no-final-blank-line",
        "The last event without the blank line that dispatches it.",
        Ending.TRUNCATED,
        _no_final_blank_line,
    ),
    Fault("bom", "A byte order mark at the start of every connection.", Ending.EOF, _bom),
    Fault("retry-zero", "retry: 0", Ending.EOF, partial(_retry, value=b"0")),
    Fault(
        "retry-huge",
        f"retry: {'9' * 40}",
        Ending.EOF,
        partial(_retry, value=b"9" * 40),
    ),
    Fault(
        "awkward-ids",
        "Ids of every kind; each connection ends with another one, then comes a 204.",
        Ending.EOF,
        _awkward_ids,
    ),
    Fault("comments", "A million comments in the middle.", Ending.EOF, _many_comments),
    Fault("long-line", "A line of 256 MiB in the middle.", Ending.TOO_LARGE, _long_line),
    Fault(
        "wrong-content-type",
        "The stream as text/plain.",
        Ending.REFUSED,
        partial(_content_type, kind="text/plain; charset=utf-8"),
    ),
    Fault(
        "no-content-type",
        "The stream without a Content-Type.",
        Ending.REFUSED,
        partial(_content_type, kind=""),
    ),
    _of_status(HTTPStatus.UNAUTHORIZED),
    _of_status(HTTPStatus.TOO_MANY_REQUESTS),
    _of_status(HTTPStatus.INTERNAL_SERVER_ERROR),
    _of_status(HTTPStatus.SERVICE_UNAVAILABLE, " Any other 4xx or 5xx goes, too."),
    Fault("redirect-loop", "302 to the same URL.", Ending.REFUSED, _redirect_loop),
    Fault("empty-location", "302 with an empty Location.", Ending.REFUSED, _empty_location),
    Fault("cross-origin", "302 to another origin.", Ending.REFUSED, _cross_origin),
    Fault(
        "gzip",
        "The body in gzip, asked for or not.",
        Ending.EOF,
        partial(_deflated, coding="gzip", window_bits=31),
    ),
    Fault(
        "deflate",
        "The body in deflate, asked for or not.",
        Ending.EOF,
        partial(_deflated, coding="deflate", window_bits=15),
    ),
    Fault("br", "The body in Brotli.", Ending.REFUSED, partial(_unread, coding="br")),
    Fault("zstd", "The body in Zstandard.", Ending.REFUSED, partial(_unread, coding="zstd")),
    Fault("gzip-bomb", "256 MiB in the middle that take 256 KiB.", Ending.TOO_LARGE, _gzip_bomb),
    Fault("deflate-bomb", "The same in deflate.", Ending.TOO_LARGE, _deflate_bomb),
)
FAULTS: Final = {fault.name: fault for fault in _TABLE}
