"""A reply as signals: its head as `Opened`, its body as `Chunk`s, with content coding removed.

Batching of reads: a server that sends an HTTP chunk for each event makes httpcore yield many small
pieces from one read of the socket. To handle each by itself costs far more than to receive it. So
the first piece of a read is yielded at once, since it is usually the only one, and the others are
joined and pushed just before the socket is read again. Nothing waits longer than the parsing of
bytes that have arrived already.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final

import httpcore
import httpx

from sse_cli.model import content_coding, media_type
from sse_cli.model.causes import Cause
from sse_cli.model.errors import Terminated
from sse_cli.model.events import Chunk, Closed, Ending, Media, Opened, Push, Signal, new
from sse_cli.transport import content_decoder, refused_body
from sse_cli.transport.error_mapping import Failed, clean_end, cut, is_http2, out_of_time, stalled
from sse_cli.transport.exchange import Clock, Reply
from sse_cli.transport.tap import Tap
from sse_cli.transport.watchdog import Watchdog

REFUSED_BODY_LIMIT: Final = 64 * 1024
REFUSED_BODY_SECONDS: Final = 2.0
# Limits of the bytes held before they are yielded: a compressed read may expand to any number of
# bytes, and the time to unpack many small chunks would delay the stamp of the first.
MOST_HELD: Final = 64 * 1024  # bytes
MOST_PIECES: Final = 64
MediaOf = Callable[[Opened], Media]


def opened_by(reply: Reply, at: float, media_of: MediaOf) -> Opened:
    """Return the head of a reply as a signal; `media_of` judges it."""
    response = reply.response
    headers = tuple((_text(name), _text(value)) for name, value in response.headers.raw)
    opened = Opened(
        at=at,
        url=str(reply.url),
        status=response.status_code,
        reason=_text(response.extensions.get("reason_phrase", b"")),
        http_version=_text(response.extensions.get("http_version", b"")),
        headers=headers,
    )
    return opened._replace(media=media_of(opened))


def read_body(
    opened: Opened,
    reply: Reply,
    watchdog: Watchdog,
    clock: Clock,
    push: Push | None = None,
) -> Generator[Signal, None, Closed]:
    """Yield the chunks of the body that are not pushed; return its end, not stamped yet."""
    refused = opened.media == "other"
    if refused:
        watchdog.limit(REFUSED_BODY_SECONDS)
    batcher = _Batcher(reply.tap, watchdog, clock, None if refused else push)
    headers = reply.response.headers
    closed = clean_end(opened, reply.response)
    body: list[bytes] = []  # of a refused reply
    try:
        pieces = _decoded(opened, reply, watchdog)
        if refused:
            yield from batcher.chunks(_kept(pieces, body), REFUSED_BODY_LIMIT)
        else:
            yield from batcher.chunks(pieces, None)
        if not watchdog.fired and closed.ending is Ending.EOF and "content-length" not in headers:
            closed = closed._replace(trailers=reply.tap.trailers())
    except Failed as failed:
        closed = failed.closed()
    except Exception as error:
        # httpcore passes h2's own errors on as they are; importing h2 to name them takes time.
        if not isinstance(error, httpx.HTTPError | OSError) and not is_http2(error):
            raise
        closed = cut(error)
    if batcher.held:
        yield batcher.take()
    if refused:
        detail, cause = media_type.refusal(opened)
        told = refused_body.cause_of(opened.status or 0, b"".join(body), reply.accept)
        return Closed(0.0, Ending.REFUSED, detail, told or cause)
    # The watchdog comes first: a socket that it shut down looks like a clean end.
    if watchdog.stalled:
        return stalled(watchdog)
    return out_of_time("the stream still ran", watchdog).closed() if watchdog.fired else closed


def _kept(pieces: Iterable[bytes], kept: list[bytes]) -> Iterator[bytes]:
    """Yield the pieces, and add them to `kept`."""
    for piece in pieces:
        kept.append(piece)
        yield piece


class _Batcher:
    """Batches of the pieces of a body that came in one read (see the module's docstring)."""

    def __init__(self, tap: Tap, watchdog: Watchdog, clock: Clock, push: Push | None) -> None:
        self.held: list[bytes] = []
        self._tap = tap
        self._watchdog = watchdog
        self._clock = clock
        self._push = push
        if push:
            tap.before_read = self._before_read

    def chunks(self, pieces: Iterable[bytes], most: int | None) -> Iterator[Chunk]:
        """Yield the chunks that are not pushed, up to the deadline or `most` bytes.

        Pieces may still be held at the end.
        """
        tap, watchdog, clock, held = self._tap, self._watchdog, self._clock, self.held
        size = handed_on = 0
        try:
            for piece in pieces:
                size += len(piece)
                if tap.is_fresh or self._push is None:
                    tap.is_fresh = False
                    handed_on = size
                    encoded, tap.encoded = tap.encoded, 0
                    yield new(Chunk, (clock(), piece, tap.reads, encoded))
                else:
                    held.append(piece)
                    if len(held) == MOST_PIECES or size - handed_on > MOST_HELD:
                        handed_on = size
                        yield self.take()
                # A shutdown leaves a backlog readable, and it may be long.
                if watchdog.fired or (most and size >= most):
                    break
        except (KeyboardInterrupt, Terminated):  # bytes that have come are still shown
            self._deliver()
            raise

    def take(self) -> Chunk:
        """Return the pieces held as one chunk, and hold them no longer."""
        data = b"".join(self.held)
        self.held.clear()
        encoded, self._tap.encoded = self._tap.encoded, 0
        return Chunk(self._clock(), data, self._tap.reads, encoded)

    def _before_read(self) -> None:
        if self.held:
            self._watchdog.received()  # no read waits while the reader works
            if not self._deliver():
                # httpcore's own error for a read that fails: it closes the connection and raises
                # the error. The reader has already recorded how its run ended.
                raise httpcore.ReadError("the reader stopped")
            if self._watchdog.is_for_bytes:
                self._watchdog.waiting()

    def _deliver(self) -> bool:
        """Push the pieces held; return whether the reader wants more."""
        return not (self.held and self._push) or self._push(self.take())


def _reads(response: httpx.Response, watchdog: Watchdog) -> Iterator[bytes]:
    """Return the reads of the body, still encoded."""
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 (a sync transport's)
    if watchdog.is_for_bytes:
        return _watched(response.stream, watchdog)
    return iter(response.stream)


def _watched(stream: Iterable[bytes], watchdog: Watchdog) -> Iterator[bytes]:
    """Yield the reads, and tell the watchdog when one waits.

    Any byte of a body counts, even one that a decoder holds back. The time that our own reader
    takes does not.
    """
    watchdog.waiting()
    for data in stream:
        if not data:  # a frame of HTTP/2 may hold none
            continue
        watchdog.received()
        yield data
        watchdog.waiting()


def _decoded(opened: Opened, reply: Reply, watchdog: Watchdog) -> Iterator[bytes]:
    names = opened.header("content-encoding")
    if unsupported := content_coding.unsupported(names):
        raise _undecodable(unsupported)
    codings = content_coding.codings(names)
    reads = _reads(reply.response, watchdog)
    if codings:
        return _decompressed(reads, codings[0], reply.tap)
    unknown = content_coding.unknown(names)
    return _plain(reads, unknown)


def _undecodable(names: str) -> Failed:
    detail = f"the body comes with Content-Encoding {names}, which was not asked for"
    return Failed(Ending.REFUSED, detail, Cause.CONTENT_ENCODING)


def _plain(reads: Iterable[bytes], unknown: str) -> Iterator[bytes]:
    """Yield the reads unchanged, unless the first one shows that the body is encoded.

    `unknown` is the name of a coding, if it is one, "" for none.
    """
    reads = iter(reads)
    for data in reads:
        if unknown and content_decoder.looks_encoded(data):
            raise _undecodable(unknown)
        if coding := content_decoder.coding_of(data):
            detail = f"the body is encoded with {coding}, and no Content-Encoding says so"
            raise Failed(Ending.REFUSED, detail, Cause.CODING_UNNAMED)
        yield data
        break
    yield from reads


def _decompressed(reads: Iterable[bytes], name: str, tap: Tap) -> Iterator[bytes]:
    decoder = content_decoder.Decoder(name)
    start = b""
    for chunk in reads:
        start = start or chunk
        tap.encoded += len(chunk)
        try:
            yield from decoder.feed(chunk)
        except zlib.error:
            raise _broken_coding(name, start) from None
    if not decoder.complete:
        raise Failed(Ending.TRUNCATED, f"the {name} body is incomplete")


def _broken_coding(name: str, start: bytes) -> Failed:
    if not content_decoder.looks_encoded(start):
        detail = f"the body is plain text, but Content-Encoding says {name}"
        return Failed(Ending.MALFORMED, detail, Cause.CODING_UNTRUE)
    detail = f"the body's content coding is broken: it is not valid {name}"
    other = content_decoder.coding_of(start)
    if other and other not in name:
        detail += f" but {other}"
    return Failed(Ending.MALFORMED, detail)


def _text(raw: bytes) -> str:
    """Return the text of a header: UTF-8 if it is valid, else Latin-1 (RFC 9110, 5.5)."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
