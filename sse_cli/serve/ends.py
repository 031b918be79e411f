"""How a connection is left, once a reply is written: by `Then`."""

from __future__ import annotations

import asyncio
import socket
import struct

from sse_cli.scenarios import Then

READ_SIZE = 65536


async def _close(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Nothing: a connection that is not to be used again is closed in the end, politely."""


async def _garble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"no chunk size\r\n")
    await writer.drain()


async def _reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Leave no time to linger: then closing is a RST instead of a FIN (socket(7))."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError("the fault asks for it")


async def _hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(READ_SIZE):
        pass


async def _be_deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert isinstance(writer.transport, asyncio.ReadTransport)  # noqa: S101 (a socket's)
    writer.transport.pause_reading()
    await asyncio.Event().wait()


ENDS = {
    Then.END: _close,
    Then.CLOSE: _close,
    Then.GARBLE: _garble,
    Then.RESET: _reset,
    Then.HOLD: _hold,
    Then.DEAF: _be_deaf,
}
