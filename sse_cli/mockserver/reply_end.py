"""How a connection is left, once a reply is written: by its `ReplyEnd`."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from contextlib import suppress

from sse_cli.mockserver.scenarios.scenario import ReplyEnd

READ_SIZE = 65536
SENT_SECONDS = 1.0  # that a peer has to take what it was sent before a reset
POLL_SECONDS = 0.005


async def _close(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Nothing: a connection that is not to be used again is closed in the end, politely."""


async def _garble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"no chunk size\r\n")
    await writer.drain()


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Leave no time to linger: then closing is a RST instead of a FIN (socket(7)). It takes
    with it what the kernel has not sent, which the journal has as sent: so wait for that."""
    plain = writer.get_extra_info("socket")
    with suppress(TimeoutError):
        async with asyncio.timeout(SENT_SECONDS):
            while _unsent(plain.fileno()):
                await asyncio.sleep(POLL_SECONDS)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError("the fault asks for it")


def _unsent(descriptor: int) -> int:
    """The bytes of a socket that its peer has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4), sys.byteorder)


async def _hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(READ_SIZE):
        pass


async def _be_deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert isinstance(writer.transport, asyncio.ReadTransport)  # noqa: S101 (a socket's)
    writer.transport.pause_reading()
    await asyncio.Event().wait()


ENDS = {
    ReplyEnd.COMPLETE: _close,
    ReplyEnd.CLOSE: _close,
    ReplyEnd.GARBLE: _garble,
    ReplyEnd.RESET: _reset,
    ReplyEnd.HOLD: _hold,
    ReplyEnd.HALF_OPEN: _be_deaf,
}
