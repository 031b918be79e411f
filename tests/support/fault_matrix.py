"""The table of faults: for each, the ending of a run and the events it shows."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.model.events import Ending
from tests.support.broken_server import EVENTS

ALL = [f"<{n}>" for n in range(1, EVENTS + 1)]
HALF = ALL[: EVENTS // 2]
TWICE = [text for text in ALL for _ in "12"]
LARGE = {"comments", "long-line", "gzip-bomb", "deflate-bomb"}  # They have tests of their own.
# A stream that ends by itself stays far from these limits, however busy the machine is.
AMPLE = ("--idle-timeout", "20", "--max-time", "30")
IDLE = ("--idle-timeout", "0.4", "--max-time", "30")
SHORT = ("--idle-timeout", "20", "--max-time", "1")


class Expected(NamedTuple):
    """The ending of a run: on one connection, and on several if only the first is broken."""

    once: Ending
    shown: list[str]
    again: Ending = Ending.DONE
    shown_again: list[str] = ALL
    connections: int = 3  # all requests of the second run: the broken one, the rest, the 204
    limits: tuple[str, ...] = AMPLE


FINAL = Expected(Ending.REFUSED, [], Ending.REFUSED, [], 1)
MATRIX = {
    "cut-before-headers": Expected(Ending.UNREACHABLE, []),
    "cut-in-headers": Expected(Ending.UNREACHABLE, []),
    "cut-in-chunk": Expected(Ending.TRUNCATED, HALF),
    "cut-in-event": Expected(Ending.TRUNCATED, HALF),
    "cut-after-cr": Expected(Ending.TRUNCATED, ALL[: EVENTS // 2 + 1]),
    "cut-between-events": Expected(Ending.TRUNCATED, HALF),
    "cut-without-framing": Expected(Ending.EOF_UNVERIFIED, HALF),
    "reset": Expected(Ending.TRUNCATED, HALF),
    "reset-before-headers": Expected(Ending.UNREACHABLE, []),
    "no-reply": Expected(Ending.DEADLINE, [], limits=IDLE),
    "silence": Expected(Ending.STALLED, HALF, limits=IDLE),
    "half-open": Expected(Ending.STALLED, HALF, limits=IDLE),
    "trickle": Expected(Ending.DEADLINE, HALF, Ending.DEADLINE, HALF, 1, SHORT),
    "endless-1xx": Expected(Ending.DEADLINE, [], limits=IDLE),
    "bad-chunk-size": Expected(Ending.MALFORMED, HALF),
    "length-too-long": Expected(Ending.TRUNCATED, ALL, connections=2),
    "length-too-short": Expected(Ending.TRUNCATED, HALF),
    "no-head": Expected(Ending.MALFORMED, []),
    "duplicate-events": Expected(Ending.EOF, TWICE, Ending.DONE, TWICE, 2),
    "no-final-blank-line": Expected(Ending.TRUNCATED, ALL[:-1]),
    "bom": Expected(Ending.EOF, ALL, connections=2),
    "retry-zero": Expected(Ending.EOF, ALL, connections=2),
    # It asks for a wait of 300 seconds, more than --max-time leaves.
    "retry-huge": Expected(Ending.EOF, ALL, Ending.DEADLINE, ALL, 1, SHORT),
    "wrong-content-type": FINAL,
    "no-content-type": FINAL,
    "status-401": FINAL,
    "status-429": FINAL,
    "status-500": FINAL,
    "status-503": FINAL,
    "redirect-loop": Expected(Ending.REFUSED, []),  # Repaired, it leads to the stream.
    "empty-location": FINAL,
    "cross-origin": FINAL,
    "gzip": Expected(Ending.EOF, ALL, connections=2),
    "deflate": Expected(Ending.EOF, ALL, connections=2),
    "br": FINAL,
    "zstd": FINAL,
}
# No client resumes at the ids of awkward-ids: mockserver/test_faults.py follows them.
ELSEWHERE = LARGE | {"awkward-ids"}
RECONNECT = ("--reconnect", "--retry-delay", "100ms")
