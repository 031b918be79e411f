"""A reply: its head as `Opened`, its body as `Chunk`s, content coding undone, nothing held back."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final

import httpcore
import httpx

from sse_cli.model import media_type
from sse_cli.model.causes import Cause
from sse_cli.model.errors import Terminated
from sse_cli.model.events import Chunk, Closed, Ending, Media, Opened, Push, Signal, new
from sse_cli.transport import content_decoder
from sse_cli.transport.error_mapping import Failed, clean_end, cut, is_http2, out_of_time, stalled
from sse_cli.transport.handshake import Reply, Wire
from sse_cli.transport.watchdog import Watchdog

REFUSED_BODY_LIMIT: Final = 64 * 1024
REFUSED_BODY_SECONDS: Final = 2.0
# What is held at most: a compressed read may hold any number of bytes, and while small chunks are
# unpacked and shown, time passes that is not the stream's.
MOST_HELD: Final = 64 * 1024  # bytes
MOST_PIECES: Final = 64
MediaOf = Callable[[int, str | None], Media]
Clock = Callable[[], float]


def opened_by(reply: Reply, at: float, media_of: MediaOf) -> Opened:
    """The head of a reply; `media_of` judges its status and type."""
    response = reply.response
    headers = tuple((_text(name), _text(value)) for name, value in response.headers.raw)
    return Opened(
        at=at,
        url=str(reply.url),
        status=response.status_code,
        reason=_text(response.extensions.get("reason_phrase", b"")),
        http_version=_text(response.extensions.get("http_version", b"")),
        headers=headers,
        media=media_of(response.status_code, response.headers.get("content-type")),
    )


def read_body(
    opened: Opened,
    reply: Reply,
    watchdog: Watchdog,
    clock: Clock,
    push: Push | None = None,
) -> Generator[Signal, None, Closed]:
    """The body's chunks, but those that are pushed; returns how it closed."""
    refused = opened.media == "other"
    if refused:
        watchdog.limit(REFUSED_BODY_SECONDS)
    gathering = _Gathering(reply.wire, watchdog, clock, None if refused else push)
    closed = clean_end(opened, reply.response)
    try:
        pieces = _decoded(opened, reply.response, watchdog)
        yield from gathering.chunks(pieces, REFUSED_BODY_LIMIT if refused else None)
    except Failed as failed:
        closed = failed.closed()
    except Exception as error:
        # h2's own errors come through httpcore as they are, and importing it costs time.
        if not isinstance(error, httpx.HTTPError | OSError | zlib.error) and not is_http2(error):
            raise
        closed = cut(error)
    if gathering.held:
        yield gathering.taken()
    if refused:
        return Closed(0.0, Ending.REFUSED, *media_type.refusal(opened))
    # Asked before the end is believed: a shut down socket looks like a clean end.
    if watchdog.stalled:
        return stalled(watchdog)
    return out_of_time("the stream still ran", watchdog).closed() if watchdog.fired else closed


class _Gathering:
    """Joins the pieces of a body, HTTP chunks that often hold an event each, which came in one
    read: they are worked through together, before more is waited for. The first of a read, which
    is mostly all of it, is handed on at once."""

    def __init__(self, wire: Wire, watchdog: Watchdog, clock: Clock, push: Push | None) -> None:
        self.held: list[bytes] = []
        self._wire = wire
        self._watchdog = watchdog
        self._clock = clock
        self._push = push if wire.listens else None
        if self._push:
            wire.before_read = self._before_read

    def chunks(self, pieces: Iterable[bytes], most: int | None) -> Iterator[Chunk]:
        """Those that are not pushed, up to the deadline or `most` bytes; some may be left."""
        wire, watchdog, clock, held = self._wire, self._watchdog, self._clock, self.held
        size = handed_on = 0
        try:
            for piece in pieces:
                size += len(piece)
                if wire.is_fresh or self._push is None:
                    wire.is_fresh = False
                    handed_on = size
                    yield new(Chunk, (clock(), piece))
                else:
                    held.append(piece)
                    if len(held) == MOST_PIECES or size - handed_on > MOST_HELD:
                        handed_on = size
                        yield self.taken()
                # What had arrived by then can still be read, and there may be much of it.
                if watchdog.fired or (most and size >= most):
                    break
        except (KeyboardInterrupt, Terminated):  # what has come is still shown
            self._hand_over()
            raise

    def taken(self) -> Chunk:
        """What is held, as one chunk."""
        data = b"".join(self.held)
        self.held.clear()
        return Chunk(self._clock(), data)

    def _before_read(self) -> None:
        if self.held:
            self._watchdog.received()  # meanwhile nobody waits for a byte
            if not self._hand_over():
                # httpcore's own error for a read that fails: it closes the connection and passes
                # it on. The reader knows already how its run ended.
                raise httpcore.ReadError("the reader stopped")
            if self._watchdog.is_for_bytes:
                self._watchdog.waiting()

    def _hand_over(self) -> bool:
        """Push what is held; return whether the reader wants more."""
        return not (self.held and self._push) or self._push(self.taken())


def _reads(response: httpx.Response, watchdog: Watchdog) -> Iterator[bytes]:
    """The body as it came."""
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 (a sync transport's)
    if watchdog.is_for_bytes:
        return _watched(response.stream, watchdog)
    return iter(response.stream)


def _watched(stream: Iterable[bytes], watchdog: Watchdog) -> Iterator[bytes]:
    """Any byte of a body counts for the watchdog, even one that a decoder keeps back; the time
    that our own reader takes does not."""
    watchdog.waiting()
    for data in stream:
        watchdog.received()
        yield data
        watchdog.waiting()


def _decoded(opened: Opened, response: httpx.Response, watchdog: Watchdog) -> Iterator[bytes]:
    names = opened.header("content-encoding")
    if unknown := content_decoder.unsupported(names):
        raise Failed(
            Ending.REFUSED,
            f"the body comes with Content-Encoding {unknown}, which was not asked for",
            Cause.CONTENT_ENCODING,
        )
    found = content_decoder.codings(names)
    reads = _reads(response, watchdog)
    return _undone(reads, found[0]) if found else reads


def _undone(reads: Iterable[bytes], name: str) -> Iterator[bytes]:
    decoder = content_decoder.Decoder(name)
    for chunk in reads:
        yield from decoder.feed(chunk)
    if not decoder.complete:
        raise Failed(Ending.TRUNCATED, f"the {name} body ends before its own end")


def _text(raw: bytes) -> str:
    """A header's bytes: UTF-8 where they are, else Latin-1 (RFC 9110, 5.5)."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
