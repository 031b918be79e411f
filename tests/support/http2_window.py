"""An HTTP/2 server that makes a client's window smaller while a request's body is on its way.

A client may send 65,535 bytes before it reads the server's SETTINGS. When these then set a smaller
window, the one in use falls below 0, and the client waits until it is above (RFC 9113, 6.9.2). h2
itself, on the server's side, does not count this way, so the frames are read with hyperframe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from hpack import Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    HeadersFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.http2_wire import EVENTS, OK, Http2Peer, event

SMALL: Final = 1000  # bytes
FIRST: Final = 2**16 - 1  # bytes: the window before SETTINGS
PREFACE: Final = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
HEADER: Final = 9  # bytes of a frame


class SmallWindow:
    """The act of the server; `body` is what it got, `overrun` the bytes above its window."""

    def __init__(self) -> None:
        self.body = b""
        self.overrun = 0
        self._window = FIRST
        self._is_small = False

    def __call__(self, peer: Http2Peer) -> None:
        """Take the body, then answer with the events."""
        stream = peer.socket.makefile("rb")
        with stream:
            stream.read(PREFACE)
            peer.raw(SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: SMALL}))
            peer.flush()
            for frame in _frames(stream):
                self._take(frame, peer)
                if isinstance(frame, DataFrame) and "END_STREAM" in frame.flags:
                    break
            peer.raw(HeadersFrame(1, Encoder().encode(OK), flags=["END_HEADERS"]))
            peer.raw(*(DataFrame(1, event(number)) for number in range(1, EVENTS + 1)))
            peer.raw(DataFrame(1, flags=["END_STREAM"]))
            peer.close()
            stream.read()

    def _take(self, frame: Frame, peer: Http2Peer) -> None:
        if isinstance(frame, DataFrame):
            self.body += frame.data
            self._window -= len(frame.data)
            self.overrun = max(self.overrun, -self._window)
            if frame.data:
                peer.raw(WindowUpdateFrame(0, len(frame.data)))
            if self._window == 0 and self._is_small:
                self._open(peer, SMALL)
        elif isinstance(frame, SettingsFrame) and "ACK" in frame.flags:
            self._is_small = True
            self._window += SMALL - FIRST
            self._open(peer, SMALL - self._window)
        elif isinstance(frame, SettingsFrame):
            peer.raw(SettingsFrame(0, flags=["ACK"]))
        peer.flush()

    def _open(self, peer: Http2Peer, more: int) -> None:
        self._window += more
        peer.raw(WindowUpdateFrame(1, more))


def _frames(stream: BinaryIO) -> Iterator[Frame]:
    """Yield the client's frames."""
    while header := stream.read(HEADER):
        frame, length = Frame.parse_frame_header(memoryview(header))
        frame.parse_body(memoryview(stream.read(length)))
        yield frame
