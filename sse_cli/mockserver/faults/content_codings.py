"""Bodies in content codings, and the compression bombs that these make possible.

The table in `registry.py` describes each function.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from sse_cli.mockserver.faults.reply_parts import LINE_SIZE, PIECE, RequestInfo, line, parts
from sse_cli.mockserver.scenarios.scenario import MockReply, Scenario, Step


def _encoded(
    scenario: Scenario, coding: str, encode: Callable[[bytes], bytes], end: Callable[[], bytes]
) -> Scenario:
    """Return the scenario with each step encoded so that a client can read it at once."""
    steps = [Step(one.delay, encode(one.data), one.data) for one in scenario.steps]
    headers = (*scenario.headers, ("Content-Encoding", coding))
    return replace(scenario, steps=(*steps, Step(0.0, end(), b"")), headers=headers)


def deflated(
    scenario: Scenario, _request: RequestInfo, *, coding: str, window_bits: int
) -> MockReply:
    deflate = zlib.compressobj(wbits=window_bits)

    def encode(data: bytes) -> bytes:
        return deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)

    return _encoded(scenario, coding, encode, deflate.flush)


def gzip_bomb(scenario: Scenario, _request: RequestInfo, *, size: int = LINE_SIZE) -> MockReply:
    """Return a gzip member for each event, and one for the bomb (RFC 1952, 2.2)."""

    def member(step: Step) -> Step:
        return Step(step.delay, zlib.compress(step.data, wbits=31), step.data)

    before, step, after = parts(scenario)
    packed = _bomb(31, size)
    bomb = [Step(0.0, packed[at : at + PIECE], b"") for at in range(0, len(packed), PIECE)]
    steps = (*map(member, before), *bomb, *map(member, (step, *after)))
    headers = (*scenario.headers, ("Content-Encoding", "gzip"))
    return replace(scenario, steps=steps, headers=headers)


def deflate_bomb(scenario: Scenario, _request: RequestInfo, *, size: int = LINE_SIZE) -> MockReply:
    """Return one zlib stream (RFC 1950) of deflate blocks; a client can read each part at once."""
    before, step, after = parts(scenario)
    bomb = _bomb(-15, size)
    checksum = 1
    for one in (*before, *line(size, b"x" * 2**20), step, *after):
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
    headers = (*scenario.headers, ("Content-Encoding", "deflate"))
    return replace(scenario, steps=steps, headers=headers)


@cache
def _bomb(window_bits: int, size: int) -> bytes:
    """Return an event with a line that is too large, as a gzip member (31) or deflate blocks (-15).

    Nothing in it tells a decoder where to stop.
    """
    packer = zlib.compressobj(wbits=window_bits)
    packed = [packer.compress(step.data) for step in line(size, b"x" * 2**20)]
    return b"".join(packed) + packer.flush(zlib.Z_FINISH if window_bits > 0 else zlib.Z_FULL_FLUSH)


def unread(scenario: Scenario, _request: RequestInfo, *, coding: str) -> MockReply:
    """Return the scenario in a coding that clients do not accept, so they can read nothing of it.

    Its blocks are stored uncompressed: Python has no encoder for them, and none is needed.
    """
    start, store, end = _STORED[coding]
    coded = _encoded(scenario, coding, store, lambda: end)
    return replace(
        coded,
        steps=(Step(0.0, start, b""), *(step._replace(says=b"") for step in coded.steps)),
    )


def _brotli_block(data: bytes) -> bytes:
    """Return blocks as in RFC 7932, 9.2: not the last, length - 1 in four nibbles, uncompressed."""
    parts = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join((len(one) - 1 << 3 | 1 << 19).to_bytes(3, "little") + one for one in parts)


def _zstd_block(data: bytes) -> bytes:
    """Return blocks as in RFC 8878, 3.1.1.2: not the last, raw, its size."""
    parts = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join((len(one) << 3).to_bytes(3, "little") + one for one in parts)


# The start (with the window size), a function for blocks, and the end: an empty last block.
_STORED: Final = {
    # 64 KiB of window take one bit; an empty metadata block (9.2) fills up the byte.
    "br": (b"\x0c", _brotli_block, b"\x03"),
    "zstd": (b"\x28\xb5\x2f\xfd\x00\x58", _zstd_block, b"\x01\x00\x00"),
}
