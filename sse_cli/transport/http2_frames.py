"""The frames that an HTTP/2 server sends, before httpcore and h2 see them (RFC 9113).

httpcore ends a stream at any GOAWAY, also one that only says that no more requests are taken, and
h2 discards all frames that it was given together with a broken one. So frames are given to them
one at a time, and those that end a stream are judged here.

Rule 1: a GOAWAY that spares our stream changes nothing, so it is withheld (6.8). It is named if
the connection then ends before the stream does.
Rule 2: any other GOAWAY, and a reset of our stream, is an error that is named by its code, after
the frames before it were passed on.
Rule 3: a frame of an impossible length is an error at once, because h2 would wait for its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpcore

from sse_cli.model.events import Headers

STREAM: Final = 1  # ours: there is one request to a connection
LONGEST: Final = 16384  # bytes of a frame, as our settings say (6.5.2)
HEADER_LIMIT: Final = 64 * 1024  # bytes of a head, as our settings say
_HEADER: Final = 9  # bytes before the payload
_DATA, _HEADERS, _RST_STREAM, _GOAWAY, _CONTINUATION = 0, 1, 3, 7, 9
_END_HEADERS, _PADDED, _PRIORITY = 0x4, 0x8, 0x20
_CODES: Final = (  # section 7
    *("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT"),
    *("STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR"),
    *("CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)
_HTTP1: Final = b"HTTP/1."
_LONGEST_LINE: Final = 1024  # bytes of a status line that are waited for


class FrameError(httpcore.RemoteProtocolError):
    """An end that the server gave to our stream, or with `is_malformed` a broken rule."""

    def __init__(self, message: str, *, is_malformed: bool = False) -> None:
        super().__init__(message)
        self.is_malformed = is_malformed


class SpeaksHTTP1(FrameError):  # noqa: N818 (its base has the suffix)
    """A reply in HTTP/1 to a request in HTTP/2."""

    def __init__(self, start: bytes) -> None:
        line = start.partition(b"\r")[0][:60].decode("ascii", "replace")
        super().__init__(f"it begins with {line!r}", is_malformed=True)


class Frames:
    """A filter of the frames of one connection; `head` is called when the head begins.

    `trailers` are the headers that came after the body. `payload` is the data of the last frame
    that was passed on.
    """

    def __init__(self, head: Callable[[], None]) -> None:
        self.trailers: Headers = ()
        self.payload = b""
        self._head = head
        self._buffer = bytearray()
        self._block: bytearray | None = None  # an unfinished block of headers
        self._decode: Callable[[bytes], list[tuple[bytes, bytes]]] | None = None
        self._is_begun = False
        self._has_head = False
        self._is_broken = False
        self._goaway = ""

    def feed(self, data: bytes) -> None:
        """Take bytes of a read."""
        self._buffer += data

    def next(self) -> bytes:
        """Return the next whole frame to pass on, b"" without one. Raises FrameError."""
        buffer = self._buffer
        while len(buffer) >= _HEADER:
            if not self._is_begun:
                if buffer.startswith(_HTTP1):
                    if b"\n" in buffer or len(buffer) > _LONGEST_LINE:
                        raise SpeaksHTTP1(bytes(buffer))
                    break
                self._is_begun = True
            size = int.from_bytes(buffer[:3], "big")
            if size > LONGEST:
                text = f"FRAME_SIZE_ERROR, a frame of {size:,} bytes"
                raise FrameError(text, is_malformed=True)
            if len(buffer) < _HEADER + size:
                break
            frame = bytes(buffer[: _HEADER + size])
            if self._is_passed_on(frame):
                del buffer[: _HEADER + size]
                return frame
            del buffer[: _HEADER + size]
        return b""

    def ended(self) -> None:
        """Take the end of the connection. Raises FrameError if frames explain it."""
        if not self._is_begun and self._buffer.startswith(_HTTP1):
            raise SpeaksHTTP1(bytes(self._buffer))
        if self._goaway:
            raise FrameError(self._goaway)

    def _is_passed_on(self, frame: bytes) -> bool:
        kind, flags = frame[3], frame[4]
        is_ours = int.from_bytes(frame[5:_HEADER], "big") & 0x7FFFFFFF == STREAM
        self.payload = b""
        if kind == _DATA:
            if not is_ours:
                number = int.from_bytes(frame[5:_HEADER], "big") & 0x7FFFFFFF
                text = f"PROTOCOL_ERROR, DATA on stream {number}, which is not open"
                raise FrameError(text, is_malformed=True)
            self.payload = _unpadded(frame, flags)
        elif kind == _GOAWAY:
            return not self._take_goaway(frame)
        elif kind == _CONTINUATION and self._block is None:
            text = "PROTOCOL_ERROR, a CONTINUATION frame outside of a head"
            raise FrameError(text, is_malformed=True)
        elif kind == _RST_STREAM and is_ours and len(frame) == _HEADER + 4:
            text = f"RST_STREAM {_code(frame[_HEADER:])}"
            raise FrameError(text, is_malformed=self._block is not None)
        elif kind in {_HEADERS, _CONTINUATION} and is_ours:
            self._take_headers(kind, flags, frame)
        return True

    def _take_goaway(self, frame: bytes) -> bool:
        """Return whether a GOAWAY lets our stream go on. Raises FrameError if it does not."""
        payload = frame[_HEADER:]
        if len(payload) < 8:
            return False  # h2 reports it
        said = payload[8:68].decode("ascii", "replace")
        text = f"GOAWAY {_code(payload[4:8])}" + (f" ({said!r})" if said else "")
        if int.from_bytes(payload[:4], "big") & 0x7FFFFFFF < STREAM:
            raise FrameError(text)
        self._goaway = text
        return True

    def _take_headers(self, kind: int, flags: int, frame: bytes) -> None:
        if kind == _HEADERS:
            self._head()
            payload = _unpadded(frame, flags)
            self._block = bytearray(payload[5:] if flags & _PRIORITY else payload)
        elif self._block is not None:
            self._block += frame[_HEADER:]
        if self._block is None:
            return
        if len(self._block) > HEADER_LIMIT:
            raise _too_long()
        if flags & _END_HEADERS:
            block, self._block = bytes(self._block), None
            self._take_block(block)

    def _take_block(self, block: bytes) -> None:
        """Decode a block of headers; h2 reports one that can't be decoded."""
        import hpack  # noqa: PLC0415 (a part of h2, which is loaded for HTTP/2 only)

        if self._decode is None:
            decoder = hpack.Decoder()
            self._decode = lambda data: [
                (bytes(k), bytes(v)) for k, v in decoder.decode(data, raw=True)
            ]
        if self._is_broken:
            return
        try:
            headers = self._decode(block)
        except hpack.OversizedHeaderListError:
            raise _too_long() from None
        except hpack.HPACKError:
            self._is_broken = True
            return
        if self._has_head:
            self.trailers = tuple((_text(name), _text(value)) for name, value in headers)
            return
        status = dict(headers).get(b":status")
        if status is None:
            raise FrameError("PROTOCOL_ERROR, a head without :status", is_malformed=True)
        self._has_head = not status.startswith(b"1")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _too_long() -> FrameError:
    return FrameError(f"its headers are over {HEADER_LIMIT // 1024} KiB", is_malformed=True)


def _unpadded(frame: bytes, flags: int) -> bytes:
    payload = frame[_HEADER:]
    if flags & _PADDED and payload:
        return payload[1 : len(payload) - payload[0]]
    return payload


def _code(raw: bytes) -> str:
    code = int.from_bytes(raw, "big")
    return _CODES[code] if code < len(_CODES) else f"{code:#x}"
