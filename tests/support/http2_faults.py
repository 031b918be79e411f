"""Acts of an HTTP/2 server, each of which answers one request with a fault.

Where a client could have read the earlier frames before the next ones are sent, there is a step.
"""

from __future__ import annotations

from typing import Final

from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

from tests.support.http2_wire import EVENTS, HALF, OK, Headers, Http2Peer, event, whole

LAST: Final = 2**31 - 1  # the highest number of a stream: the first of two GOAWAYs names it
PINGS: Final = 1000
PADDING: Final = 255  # bytes; 300 frames of them are more than the window that a client starts with
HUGE: Final = 200 * 1024  # bytes of a header, more than any client takes


def _goaway(peer: Http2Peer, code: int = 0, last: int | None = None, more: bytes = b"") -> None:
    last_stream = peer.stream if last is None else last
    peer.raw(GoAwayFrame(0, last_stream, code, additional_data=more))


def _begin(peer: Http2Peer, *more: tuple[str, str]) -> None:
    peer.head(*more)
    peer.events(1, HALF)
    peer.step()


def _rest(peer: Http2Peer) -> None:
    peer.events(HALF + 1)
    peer.end()


# A stream that must be read to its end


def graceful_before_head(peer: Http2Peer) -> None:
    _goaway(peer)
    peer.step()
    whole(peer)


def graceful(peer: Http2Peer, last: int | None = None) -> None:
    _begin(peer)
    _goaway(peer, last=last)
    peer.step()
    _rest(peer)


def graceful_in_two_steps(peer: Http2Peer) -> None:
    _begin(peer)
    _goaway(peer, last=LAST)
    peer.step()
    peer.events(HALF + 1, HALF + 1)
    _goaway(peer)
    peer.step()
    peer.events(HALF + 2)
    peer.end()


def pings(peer: Http2Peer) -> None:
    _begin(peer)
    wanted = [b"%08d" % n for n in range(PINGS)]
    peer.raw(*(PingFrame(0, payload) for payload in wanted))
    peer.barrier()
    assert peer.acknowledged[-PINGS - 1 : -1] == wanted
    _rest(peer)


def trailers(peer: Http2Peer) -> None:
    peer.head()
    peer.events()
    peer.end([("grpc-status", "0"), ("x-checksum", "c0ffee")])


def continuation(peer: Http2Peer) -> None:
    block = peer.block([*OK, ("x-long", "long " * 20)])
    first, *pieces = (block[at : at + 9] for at in range(0, len(block), 9))
    frames = [ContinuationFrame(peer.stream, piece) for piece in pieces]
    frames[-1].flags.add("END_HEADERS")
    peer.raw(peer.headers_frame(first), *frames)
    peer.events()
    peer.end()


def interim_replies(peer: Http2Peer) -> None:
    for _ in range(3):
        peer.raw(peer.headers_frame(peer.block([(":status", "103")]), "END_HEADERS"))
        peer.step()
    whole(peer)


def padded(peer: Http2Peer) -> None:
    """Send events a byte a frame, padded: the client must give back the padding's credit, too."""
    peer.head()
    for number in range(peer.resumed_after + 1, EVENTS + 1):
        for byte in event(number) + b": a comment that fills the window\n\n":
            peer.data(bytes([byte]), padding=PADDING)
        peer.sent(number)
    peer.end()


def empty_data(peer: Http2Peer) -> None:
    _begin(peer)
    for _ in range(100):
        peer.data(b"")
    _rest(peer)


def settings(peer: Http2Peer) -> None:
    _begin(peer)
    change = {SettingsFrame.HEADER_TABLE_SIZE: 0, SettingsFrame.MAX_CONCURRENT_STREAMS: 0}
    peer.raw(SettingsFrame(0, change))
    peer.step()
    _rest(peer)


def unknown_frames(peer: Http2Peer) -> None:
    """Send frames of an unknown type, ALTSVC and ORIGIN: a client ignores them (RFC 9113, 5.5)."""
    _begin(peer)
    for kind in (0xBE, 0x0A, 0x0C):
        peer.raw(b"\0\0\x04" + bytes([kind]) + b"\0" + b"\0\0\0\0" + b"\0\0\0\0")
    peer.step()
    _rest(peer)


def reset_after_end(peer: Http2Peer) -> None:
    """Reset a stream that has ended: no more of the request is wanted (RFC 9113, 8.1)."""
    whole(peer)
    peer.raw(RstStreamFrame(peer.stream, ErrorCodes.NO_ERROR))


def goaway_after_end(peer: Http2Peer) -> None:
    whole(peer)
    _goaway(peer, ErrorCodes.ENHANCE_YOUR_CALM)
    peer.close()


def hard_with_the_rest(peer: Http2Peer) -> None:
    """Give up the connection, but not the stream, which is below the last one (RFC 9113, 6.8)."""
    _begin(peer)
    _goaway(peer, ErrorCodes.ENHANCE_YOUR_CALM)
    peer.step()
    _rest(peer)
    peer.close()


# GOAWAY and RST_STREAM that end a stream


def hard_before_head(peer: Http2Peer, code: int, last: int | None = None) -> None:
    peer.step()
    _goaway(peer, code, last, b"too_many_pings")
    peer.close()


def hard_in_body(peer: Http2Peer, code: int) -> None:
    _begin(peer)
    _goaway(peer, code, more=b"too_many_pings")
    peer.close()


def reset_before_head(peer: Http2Peer, code: int) -> None:
    peer.step()
    peer.raw(RstStreamFrame(peer.stream, code))


def reset_in_head(peer: Http2Peer, code: int) -> None:
    """Reset the stream inside a block of headers, where no other frame may be (RFC 9113, 6.10)."""
    peer.step()
    peer.raw(peer.headers_frame(peer.block(OK)[:5]), RstStreamFrame(peer.stream, code))


def reset_in_body(peer: Http2Peer, code: int) -> None:
    _begin(peer)
    peer.raw(RstStreamFrame(peer.stream, code))


def reset_in_event(peer: Http2Peer) -> None:
    _begin(peer)
    peer.data(event(HALF + 1)[:-5])
    peer.raw(RstStreamFrame(peer.stream, ErrorCodes.INTERNAL_ERROR))


def reset_after_interim_reply(peer: Http2Peer) -> None:
    peer.raw(peer.headers_frame(peer.block([(":status", "103")]), "END_HEADERS"))
    reset_before_head(peer, ErrorCodes.CANCEL)


def reset_by_unknown_code(peer: Http2Peer) -> None:
    _begin(peer)
    peer.raw(RstStreamFrame(peer.stream, 0xBEEF))


# Ends of the connection


def cut_before_head(peer: Http2Peer) -> None:
    peer.step()
    peer.close()


def cut_in_head(peer: Http2Peer) -> None:
    peer.step()
    peer.raw(peer.headers_frame(peer.block(OK)[:5]))
    peer.close()


def cut_in_body(peer: Http2Peer) -> None:
    _begin(peer)
    peer.close()


def cut_after_graceful(peer: Http2Peer) -> None:
    """Announce the end of the connection, then end it too early, as a restart in a hurry does."""
    _begin(peer)
    _goaway(peer)
    peer.step()
    peer.close()


def cut_in_frame(peer: Http2Peer) -> None:
    _begin(peer)
    peer.raw(DataFrame(peer.stream, event(HALF + 1)).serialize()[:-4])
    peer.close()


# Frames that break the protocol


def length_too_long(peer: Http2Peer) -> None:
    _begin(peer, ("content-length", str(sum(len(event(n)) for n in range(1, EVENTS + 1)) + 9)))
    _rest(peer)


def length_too_short(peer: Http2Peer) -> None:
    _begin(peer, ("content-length", str(sum(len(event(n)) for n in range(1, HALF + 1)))))
    peer.data(event(HALF + 1))


def instead_of_head(peer: Http2Peer, wrong: Frame | bytes) -> None:
    peer.step()
    peer.raw(wrong)


def wrong_in_body(peer: Http2Peer, wrong: Frame | bytes) -> None:
    _begin(peer)
    peer.raw(wrong)


def whole_head(peer: Http2Peer, headers: Headers) -> None:
    peer.step()
    peer.raw(peer.headers_frame(peer.block(headers), "END_HEADERS", "END_STREAM"))


def head_over_the_limit(peer: Http2Peer) -> None:
    block = peer.block([*OK, ("x-huge", "~" * HUGE)])
    first, *pieces = (block[at : at + 2**14] for at in range(0, len(block), 2**14))
    frames = [ContinuationFrame(peer.stream, piece) for piece in pieces]
    frames[-1].flags.add("END_HEADERS")
    peer.raw(peer.headers_frame(first), *frames)


def endless_head(peer: Http2Peer) -> None:
    """Send CONTINUATION frames that add nothing, as in a flood of them (CVE-2024-27316)."""
    peer.raw(peer.headers_frame(peer.block(OK)), *[ContinuationFrame(peer.stream)] * 200)


def answers_http1(peer: Http2Peer) -> None:
    peer.socket.recv(65536)
    peer.socket.sendall(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nno h2\n"
    )
