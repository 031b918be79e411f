"""The table of faults, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from sse_cli.mockserver.faults import connections, content_codings, replies, streams
from sse_cli.mockserver.faults.reply_parts import RequestInfo
from sse_cli.mockserver.scenarios.bundled import suggestion
from sse_cli.mockserver.scenarios.scenario import MockReply, Scenario
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ending


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `expected` is the ending that a client has to report for a single connection; a
    reply that never ends by itself ends by a time limit of the client."""

    name: str
    description: str
    expected: Ending
    reply: Callable[[Scenario, RequestInfo], MockReply]


def find_fault(name: str) -> Fault:
    """Return the fault of that name. Raises UsageError with the closest names if there is none."""
    if name in FAULTS:
        return FAULTS[name]
    number = name.removeprefix("status-")
    for status in HTTPStatus:
        if status >= 400 and number == str(status.value):
            return _of_status(status)
    raise UsageError(f"no fault is called {name!r}", suggestion(name, [*FAULTS]))


def _of_status(status: HTTPStatus, note: str = "") -> Fault:
    description = f"{status.value} {status.phrase}, Retry-After: 1.{note}"
    reply = partial(replies.status, status=status.value)
    return Fault(f"status-{status.value}", description, Ending.REFUSED, reply)


_TABLE: Final = (
    Fault(
        "cut-before-headers",
        "Close without a reply.",
        Ending.UNREACHABLE,
        connections.cut_before_headers,
    ),
    Fault(
        "cut-in-headers",
        "Close inside the headers.",
        Ending.UNREACHABLE,
        connections.cut_in_headers,
    ),
    Fault(
        "cut-in-chunk",
        "Close inside a chunk and an event.",
        Ending.TRUNCATED,
        connections.cut_in_chunk,
    ),
    Fault(
        "cut-in-event",
        "End the body correctly, but inside an event.",
        Ending.TRUNCATED,
        connections.cut_in_event,
    ),
    Fault(
        "cut-after-cr", "Close after the CR of a CRLF.", Ending.TRUNCATED, connections.cut_after_cr
    ),
    Fault(
        "cut-between-events",
        "Close between two events, without the last chunk.",
        Ending.TRUNCATED,
        connections.cut_between_events,
    ),
    Fault(
        "cut-without-framing",
        "Close between two events; no length or chunks show that it is a cut.",
        Ending.EOF_UNVERIFIED,
        connections.cut_without_framing,
    ),
    Fault("reset", "Reset the connection between two events.", Ending.TRUNCATED, connections.reset),
    Fault(
        "reset-before-headers",
        "Reset the connection without a reply.",
        Ending.UNREACHABLE,
        connections.reset_before_headers,
    ),
    Fault("no-reply", "Read the request, and never reply.", Ending.DEADLINE, connections.no_reply),
    Fault("silence", "Fall silent between two events.", Ending.STALLED, connections.silence),
    Fault(
        "half-open",
        "Fall silent, and do not notice that the client leaves.",
        Ending.STALLED,
        connections.half_open,
    ),
    Fault(
        "trickle",
        "Half of the events, then a byte every 50 ms and never another event.",
        Ending.DEADLINE,
        connections.trickle,
    ),
    Fault(
        "endless-1xx",
        "103 Early Hints forever, and no reply.",
        Ending.DEADLINE,
        connections.endless_1xx,
    ),
    Fault(
        "bad-chunk-size",
        "A chunk size that is not a number.",
        Ending.MALFORMED,
        connections.bad_chunk_size,
    ),
    Fault(
        "length-too-long",
        "A Content-Length one byte too large.",
        Ending.TRUNCATED,
        connections.length_too_long,
    ),
    Fault(
        "length-too-short",
        "A Content-Length that ends inside an event.",
        Ending.TRUNCATED,
        connections.length_too_short,
    ),
    Fault(
        "no-head", "A million comments instead of a reply.", Ending.MALFORMED, connections.no_head
    ),
    Fault("duplicate-events", "Each event twice.", Ending.EOF, streams.duplicate_events),
    Fault(
        "no-final-blank-line",
        "The last event without the blank line that dispatches it.",
        Ending.TRUNCATED,
        streams.no_final_blank_line,
    ),
    Fault("bom", "A byte order mark at the start of every connection.", Ending.EOF, streams.bom),
    Fault("retry-zero", "retry: 0", Ending.EOF, partial(streams.retry, value=b"0")),
    Fault(
        "retry-huge",
        f"retry: {'9' * 40}",
        Ending.EOF,
        partial(streams.retry, value=b"9" * 40),
    ),
    Fault(
        "awkward-ids",
        "IDs of every kind, a different one last on each connection; then a 204.",
        Ending.EOF,
        streams.awkward_ids,
    ),
    Fault("comments", "A million comments in the middle.", Ending.EOF, streams.many_comments),
    Fault("long-line", "A line of 256 MiB in the middle.", Ending.TOO_LARGE, streams.long_line),
    Fault(
        "wrong-content-type",
        "The stream as text/plain.",
        Ending.REFUSED,
        partial(replies.content_type, kind="text/plain; charset=utf-8"),
    ),
    Fault(
        "no-content-type",
        "The stream without a Content-Type.",
        Ending.REFUSED,
        partial(replies.content_type, kind=""),
    ),
    _of_status(HTTPStatus.UNAUTHORIZED),
    _of_status(HTTPStatus.TOO_MANY_REQUESTS),
    _of_status(HTTPStatus.INTERNAL_SERVER_ERROR),
    _of_status(HTTPStatus.SERVICE_UNAVAILABLE, " Any other 4xx or 5xx works too."),
    Fault("redirect-loop", "302 to the same URL.", Ending.REFUSED, replies.redirect_loop),
    Fault("empty-location", "302 with an empty Location.", Ending.REFUSED, replies.empty_location),
    Fault("cross-origin", "302 to another origin.", Ending.REFUSED, replies.cross_origin),
    Fault(
        "gzip",
        "The body in gzip, even if the client did not ask for it.",
        Ending.EOF,
        partial(content_codings.deflated, coding="gzip", window_bits=31),
    ),
    Fault(
        "deflate",
        "The body in deflate, even if the client did not ask for it.",
        Ending.EOF,
        partial(content_codings.deflated, coding="deflate", window_bits=15),
    ),
    Fault(
        "br", "The body in Brotli.", Ending.REFUSED, partial(content_codings.unread, coding="br")
    ),
    Fault(
        "zstd",
        "The body in Zstandard.",
        Ending.REFUSED,
        partial(content_codings.unread, coding="zstd"),
    ),
    Fault(
        "gzip-bomb",
        "256 MiB in the middle, compressed to 256 KiB.",
        Ending.TOO_LARGE,
        content_codings.gzip_bomb,
    ),
    Fault("deflate-bomb", "The same in deflate.", Ending.TOO_LARGE, content_codings.deflate_bomb),
)
FAULTS: Final = {fault.name: fault for fault in _TABLE}
