"""The end of a reply: a function for each `ReplyEnd`, called once the reply is written."""

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
SENT_SECONDS = 1.0  # for which a peer may acknowledge the bytes before a reset
POLL_SECONDS = 0.005


async def _close(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Do nothing: the connection closes itself unless another request can follow."""


async def _garble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"no chunk size\r\n")
    await writer.drain()


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close with a RST instead of a FIN: no time to linger (socket(7)).

    A reset discards the bytes that the kernel has not sent yet. The request log counts them as
    sent, so wait until they are.
    """
    sock = writer.get_extra_info("socket")
    with suppress(TimeoutError):
        async with asyncio.timeout(SENT_SECONDS):
            while _unsent(sock.fileno()):
                await asyncio.sleep(POLL_SECONDS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError("the fault asks for it")


def _unsent(descriptor: int) -> int:
    """Return how many bytes of a socket its peer has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4), sys.byteorder)


async def _hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(READ_SIZE):
        pass


async def _half_open(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert isinstance(writer.transport, asyncio.ReadTransport)  # noqa: S101 (a socket's)
    writer.transport.pause_reading()
    await asyncio.Event().wait()


ENDS = {
    ReplyEnd.COMPLETE: _close,
    ReplyEnd.CLOSE: _close,
    ReplyEnd.GARBLE: _garble,
    ReplyEnd.RESET: _reset,
    ReplyEnd.HOLD: _hold,
    ReplyEnd.HALF_OPEN: _half_open,
}
