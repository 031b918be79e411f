"""The tap of one connection: its phases, its reads, and the first bytes of the reply.

The socket's reads and writes pass through it (`network.py`), decrypted, so it sees what HTTP sees.

Rule 1: a phase is stamped where it begins, which is where the one before it ends. So the phases of
a connection add up to the time of the first byte of the reply.
Rule 2: after the head, a read costs two assignments and an addition; nothing is copied.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

from sse_cli.model.events import Headers, Phase, PhaseName
from sse_cli.transport.http2_frames import Frames

KEPT: Final = 16 * 1024  # bytes of a reply that are kept
_HTTP2_PREFACE: Final = b"PRI * HTTP/2.0"  # of a client's connection (RFC 9113, 3.4)
_LAST_CHUNK: Final = rb"(?:^|\r\n)0+[^\r\n]*\r\n(?P<trailers>(?:[^\r\n:]+:[^\r\n]*\r\n)+)\r\n\Z"
_SOCKS5: Final = (1, 5)  # the first byte of the messages of its handshake (RFC 1928, RFC 1929)


class Tap:
    """The reads and writes of one connection.

    `report` gets each phase as it begins, by the thread that connects. `watch` gets each socket,
    before TLS wraps it. `via` is the name of what is connected to in place of the URL's host. With
    `tunnels`, it is a proxy that is first asked for a tunnel.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        report: Callable[[Phase], object],
        watch: Callable[[socket.socket], object],
        via: str = "",
        *,
        tunnels: bool = False,
    ) -> None:
        self.is_fresh = True
        """Whether the socket was read since the reader of the body set this to False."""
        self.before_read: Callable[[], None] = _nothing
        """Called before each read; it may wait, or raise `httpcore.ReadError` to end the read."""
        self.reads = 0
        """The number of reads that the reply has taken."""
        self.last = self.before_last = b""
        """The bytes of the last two reads."""
        self.encoded = 0
        """The bytes of the body that were decoded since the reader of the body set this to 0."""
        self.start = bytearray()
        """The first bytes that came in reply to the request, at most `KEPT`."""
        self.frames: Frames | None = None
        """The frames of the server, if the connection speaks HTTP/2."""
        self.listens = True
        """Whether `hear` wants to know of the next read."""
        self.watch = watch
        self._clock = clock
        self._report = report
        self._via = via
        self._tunnels = tunnels
        self._phase: PhaseName | None = None

    @property
    def heard(self) -> bool:
        """Whether a byte of the reply's head has come.

        The error of httpcore for a head that was cut short is the same as for no reply at all.
        """
        return self._phase == "head"

    def begin(self, phase: PhaseName) -> None:
        """Stamp the beginning of a phase, unless it has begun."""
        if self._phase not in {phase, "head"}:
            self._phase = phase
            via = self._via if phase in {"dns", "connect"} else ""
            self._report(Phase(self._clock(), phase, via))

    def wrote(self, data: bytes) -> None:
        """Take note of bytes about to be written."""
        if self._phase == "send":
            return
        if self._tunnels and (data[0] in _SOCKS5 or data.startswith(b"CONNECT ")):
            self.begin("proxy")
        elif self._phase not in {"wait", "head"}:
            if data.startswith(_HTTP2_PREFACE):
                self.frames = Frames(partial(self.begin, "head"))
            self.begin("send")

    def waits(self) -> None:
        """Take note that a read begins."""
        if self._phase == "send":
            self.begin("wait")

    def trailers(self) -> Headers:
        """Return the headers after a body that has ended (RFC 9112, 7.1.2; RFC 9113, 8.1)."""
        if self.frames:
            return self.frames.trailers
        tail = self.before_last + self.last
        if tail.endswith(b"0\r\n\r\n"):
            return ()  # nearly always
        found = re.search(_LAST_CHUNK, tail)
        lines = found["trailers"].split(b"\r\n") if found else []
        pairs = (line.decode("utf-8", "replace").partition(":") for line in lines if line)
        return tuple((name, value.strip()) for name, _, value in pairs)

    def undelivered(self, error: Exception) -> bytes:
        """Return the bytes of a body that came in a frame which h2 refused with `error`.

        A body that ends short of its Content-Length came whole, and is worth to be seen.
        """
        short = getattr(error, "actual_length", 0) < getattr(error, "expected_length", 0)
        return self.frames.payload if self.frames and short else b""

    def hear(self, data: bytes) -> None:
        """Keep the bytes of a read that belong to the start of the reply."""
        if self._phase not in {"wait", "head"}:
            self.reads = 0  # they were a proxy's
            return
        if self.frames:  # they tell where the head begins
            self.listens = False
            return
        if data:
            self.begin("head")
        self.start += data[: KEPT - len(self.start)]
        self.listens = len(self.start) < KEPT


def _nothing() -> None:
    """Do nothing before a read."""
