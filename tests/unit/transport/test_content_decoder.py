"""Content codings: decoded as the bytes arrive, in little memory, and never trusted."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model import content_coding
from sse_cli.model.causes import Cause
from sse_cli.model.events import Chunk, Ending, Opened
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect, content_decoder
from tests.support.listener import PATIENCE
from tests.support.replies import CHUNKED, LAST_CHUNK, STREAM, chunk, head, whole
from tests.support.signals import ask, body, chunks, closed, reply_to
from tests.support.wire import Peer, Wire

EVENTS = b"".join(b'data: {"n": %d}\n\n' % number for number in range(200))


def raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate with its zlib header": ("deflate", zlib.compress),
    "deflate without it": ("deflate", raw_deflate),
    "gzip in members": ("gzip", lambda data: gzip.compress(data[:99]) + gzip.compress(data[99:])),
    "identity": ("identity", bytes),
    "nothing": ("", bytes),
}


@pytest.mark.parametrize(("name", "encode"), ENCODERS.values(), ids=ENCODERS.keys())
def test_a_coding_is_decoded(name: str, encode: Callable[[bytes], bytes]) -> None:
    with Wire(whole(encode(EVENTS), STREAM, f"Content-Encoding: {name}")) as server:
        signals = ask(server.origin)
    assert body(signals) == EVENTS
    assert closed(signals).ending is Ending.EOF


@given(st.binary(max_size=3000), st.integers(1, 50), st.sampled_from(sorted(ENCODERS)[:5]))
def test_a_coding_is_decoded_however_it_is_cut(data: bytes, size: int, which: str) -> None:
    name, encode = ENCODERS[which]
    encoded = encode(data)
    if not content_coding.codings(name):
        return
    decoder = content_decoder.Decoder(content_coding.codings(name)[0])
    out = b""
    for start in range(0, len(encoded), size):
        out += b"".join(decoder.feed(encoded[start : start + size]))
    assert out == data
    assert decoder.complete


@pytest.mark.parametrize("size", [1, 63, 64, 65, 66, 200])
def test_no_decodable_byte_is_held_back(size: int) -> None:
    # 65 bytes are about one piece of zeros: zlib stops there with all its input consumed.
    encoded = gzip.compress(bytes(30 * 2**20))
    decoder, oracle = content_decoder.Decoder("gzip"), zlib.decompressobj(31)
    for start in range(0, len(encoded), size):
        pieces = list(decoder.feed(encoded[start : start + size]))
        whole = oracle.decompress(encoded[start : start + size])
        assert sum(map(len, pieces)) == len(whole)
        assert all(0 < len(piece) <= content_decoder.PIECE for piece in pieces)


def test_each_flushed_event_is_delivered_before_the_server_sends_the_next() -> None:
    gate = threading.Event()

    def gated(peer: Peer) -> None:
        squeeze = zlib.compressobj(wbits=31)
        flush = zlib.Z_SYNC_FLUSH
        peer.send(head(STREAM, CHUNKED, "Content-Encoding: gzip"))
        peer.send(chunk(squeeze.compress(b"data: one\n\n") + squeeze.flush(flush)))
        assert gate.wait(PATIENCE)
        peer.send(chunk(squeeze.compress(b"data: two\n\n") + squeeze.flush()), LAST_CHUNK)

    with Wire(gated) as server:
        signals = reply_to(Request(server.origin, max_time=PATIENCE))
        assert isinstance(next(signals), Opened)
        first = next(signals)
        gate.set()
        rest = list(signals)
    assert isinstance(first, Chunk)
    assert first.data == b"data: one\n\n"
    assert chunks(rest) == [b"data: two\n\n"]
    assert closed(rest).ending is Ending.EOF


@pytest.mark.parametrize("name", ["br", "zstd", "compress", "gzip, br", "gzip, gzip", "GZIP,BR"])
def test_an_unsupported_coding_is_refused_and_named(name: str) -> None:
    with Wire(whole(b"\x1b\x03", STREAM, f"Content-Encoding: {name}")) as server:
        signals = ask(server.origin)
    assert body(signals) == b""
    assert closed(signals).ending is Ending.REFUSED
    assert name.rpartition(" ")[2].lower().rpartition(",")[2] in closed(signals).detail
    assert closed(signals).cause == Cause.CONTENT_ENCODING


NOT_CODINGS = [
    "none",
    "None",
    "utf-8",
    "chunked",
    "BINARY",
    "text/event-stream",
    "identity, none",
    "",
]


@pytest.mark.parametrize("name", NOT_CODINGS)
@pytest.mark.parametrize("data", [EVENTS, "data: é\n\n".encode(), b"\xef\xbb\xbfdata: \x1b\n\n"])
def test_a_name_that_is_not_a_coding_says_nothing_about_the_body(name: str, data: bytes) -> None:
    with Wire(whole(data, STREAM, f"Content-Encoding: {name}")) as server:
        signals = ask(server.origin)
    assert body(signals) == data
    assert closed(signals).ending is Ending.EOF


def test_a_character_that_the_first_read_cuts_is_still_text() -> None:
    assert not content_decoder.looks_encoded("data: é".encode()[:-1])
    assert content_decoder.looks_encoded(b"data: \xe9\n\n")


@pytest.mark.parametrize("name", ["none, gzip", "gzip, utf-8", "identity,gzip,"])
def test_a_coding_among_such_names_is_decoded(name: str) -> None:
    with Wire(whole(gzip.compress(EVENTS), STREAM, f"Content-Encoding: {name}")) as server:
        assert body(ask(server.origin)) == EVENTS


@pytest.mark.parametrize("start", [b"BZh91AY&SY\x00", b"\x04\x22\x4d\x18", b"\xfd7zXZ\x00"])
def test_an_unknown_coding_is_refused_if_the_body_is_not_text(start: bytes) -> None:
    with Wire(whole(start * 50, STREAM, "Content-Encoding: x-squeezed")) as server:
        signals = ask(server.origin)
    assert body(signals) == b""
    assert closed(signals).ending is Ending.REFUSED
    assert "Content-Encoding x-squeezed" in closed(signals).detail
    assert closed(signals).cause == Cause.CONTENT_ENCODING


def test_the_status_of_a_refused_reply_takes_precedence_over_its_coding() -> None:
    reply = whole(b"\x1b\x03", STREAM, "Content-Encoding: br", status="500 Oops")
    with Wire(reply) as server:
        assert closed(ask(server.origin)).detail == "500 Oops"


def test_a_refused_body_is_decoded_too() -> None:
    headers = ("Content-Type: application/json", "Content-Encoding: gzip")
    reply = whole(gzip.compress(b'{"error": 1}'), *headers, status="401 No")
    with Wire(reply) as server:
        assert body(ask(server.origin)) == b'{"error": 1}'


def test_a_broken_coding_is_malformed_and_earlier_data_is_kept() -> None:
    squeeze = zlib.compressobj(wbits=31)
    good = squeeze.compress(EVENTS) + squeeze.flush(zlib.Z_FULL_FLUSH)
    with Wire(whole(good + b"\xff" * 50, STREAM, "Content-Encoding: gzip")) as server:
        signals = ask(server.origin)
    assert closed(signals).ending is Ending.MALFORMED
    assert "content coding" in closed(signals).detail
    reply = head(STREAM, CHUNKED, "Content-Encoding: gzip") + chunk(good) + chunk(b"\xff" * 50)
    with Wire(reply + LAST_CHUNK) as server:
        signals = ask(server.origin)
    assert body(signals) == EVENTS
    assert closed(signals).ending is Ending.MALFORMED


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_garbage_instead_of_a_coding_is_malformed_and_names_it(coding: str) -> None:
    with Wire(whole(b"\xff" + EVENTS, STREAM, f"Content-Encoding: {coding}")) as server:
        end = closed(ask(server.origin))
    assert end.ending is Ending.MALFORMED
    assert end.detail == f"the body's content coding is broken: it is not valid {coding}"


@pytest.mark.parametrize("kept", [5, 30, -8, -1])
def test_a_coded_body_without_its_end_marker_is_truncated(kept: int) -> None:
    encoded = gzip.compress(EVENTS)[:kept]
    with Wire(whole(encoded, STREAM, "Content-Encoding: gzip")) as server:
        signals = ask(server.origin)
    assert EVENTS.startswith(body(signals))
    assert closed(signals).ending is Ending.TRUNCATED


def test_an_empty_coded_body_is_complete() -> None:
    with Wire(whole(b"", STREAM, "Content-Encoding: gzip")) as server:
        assert closed(ask(server.origin)).ending is Ending.EOF


GIB = 2**30


def bomb() -> bytes:
    """Return 1 GiB of zeros in 1 MiB of gzip: one stream of blocks that were compressed once."""
    zeros = bytes(2**24)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(zeros) + squeeze.flush(zlib.Z_FULL_FLUSH)
    times, crc = GIB // len(zeros), 0
    for _ in range(times):
        crc = zlib.crc32(zeros, crc)
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return (
        header + block * times + b"\x03\0" + crc.to_bytes(4, "little") + GIB.to_bytes(4, "little")
    )


def test_a_decompression_bomb_is_read_as_a_long_stream() -> None:
    payload = bomb()
    assert len(payload) < 1.1 * 2**20
    with Wire(whole(payload, STREAM, "Content-Encoding: gzip")) as server:
        size = 0
        tracemalloc.start()
        try:
            for signal in connect.connect(Request(server.origin), RunClock()):
                if isinstance(signal, Chunk):
                    size += len(signal.data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert closed([signal]).ending is Ending.EOF
    assert size == GIB
    assert peak < 4 * 2**20


def test_a_refused_bomb_is_read_only_to_the_limit_of_refused_bodies() -> None:
    reply = whole(bomb(), "Content-Encoding: gzip", status="500 Oops")
    with Wire(reply) as server:
        assert len(body(ask(server.origin))) <= 2 * connect.REFUSED_BODY_LIMIT
