"""One peer of the mock server: its requests in turn, until either side has had enough."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import h11

from sse_cli.mockserver.reply_end import ENDS, READ_SIZE
from sse_cli.mockserver.request_log import Exchange
from sse_cli.mockserver.router import head, header_values, refusal
from sse_cli.mockserver.scenarios.scenario import (
    Gate,
    MockReply,
    RawReply,
    ReplyEnd,
    Scenario,
    Step,
)

KEPT_BYTES = 16 * 2**10  # of a head that is not read yet: as much as h11 takes
GATE_POLL = 0.002  # seconds between looks at a shut gate; only tests have gates


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may take: seconds for a request's head (and between requests), for its
    body, and to read the last words; bytes of body; seconds that it may leave a write unread
    when others need room. And how many connections of all peers there are at a time."""

    head_seconds: float = 10.0
    body_seconds: float = 30.0
    linger_seconds: float = 1.0
    stuck_seconds: float = 5.0
    body_bytes: int = 10 * 2**20
    connections: int = 256


class Owner(Protocol):
    """What a connection asks of its server."""

    limits: Limits
    keeps_content: bool  # what was asked and said, for the journal

    def begin_exchange(self, request: h11.Request, body: bytes, size: int) -> Exchange:
        """A page for the journal."""

    def begin_unreadable(self, start: bytes) -> Exchange:
        """A page for a request whose head can't be read; `start` is what came of it."""

    def reply(self, request: h11.Request, exchange: Exchange) -> MockReply:
        """What to answer."""

    def end_exchange(self, exchange: Exchange) -> None:
        """The exchange is over."""


class Connection:
    """`waiting_since` is when it began to wait for the peer's next request, `stuck_since` for
    the peer to read, in seconds of the loop's clock (`now`); None while it does not. `peer` is
    the other side's address."""

    def __init__(
        self, owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._reader, self._writer = reader, writer
        self.now = asyncio.get_running_loop().time
        self.peer = str((writer.get_extra_info("peername") or ("",))[0])
        self.waiting_since: float | None = self.now()
        self.stuck_since: float | None = None
        # Then `drain` waits until the kernel has it all: pieces don't pile up in here.
        writer.transport.set_write_buffer_limits(high=0)
        self._http = h11.Connection(h11.SERVER)  # its default bounds a head to 16 KiB
        self._start = bytearray()  # of the request that comes, until its head is read
        self._request: h11.Request | None = None  # once it is
        self._taken = 0  # bytes of its body

    async def run(self) -> None:
        """Serve the peer to the end. Raises nothing but CancelledError."""
        async with self._to_the_end():
            while await self._exchange():
                self._http.start_next_cycle()
            await self._linger()

    async def turn_away(self) -> None:
        """Serve nothing: there is no room."""
        async with self._to_the_end():
            await self._write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n")
            await self._linger()

    @asynccontextmanager
    async def _to_the_end(self) -> AsyncIterator[None]:
        try:
            yield
        except (OSError, h11.ProtocolError):
            pass  # the peer left, or got less than the Content-Length its scenario promised
        finally:
            self._writer.transport.abort()
            await self.closed()

    def drop(self, task: asyncio.Task[None]) -> None:
        """End it now; `task` runs it, or would have: what is cancelled before its first step
        never gets to close anything."""
        self._writer.transport.abort()
        task.cancel()

    async def closed(self) -> None:
        """Wait until its socket is closed."""
        with suppress(OSError):
            # Shielded: to cancel this wait would cancel it for whoever waits after that, too.
            await asyncio.shield(self._writer.wait_closed())

    async def _exchange(self) -> bool:
        """One request and its reply. False when the connection has to end."""
        self.waiting_since = self.now()
        try:
            asked = await self._read_request()
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
            return False
        if asked is None:
            return False
        self.waiting_since = None
        request, body, size = asked
        exchange = self._owner.begin_exchange(request, body, size)
        with self._timed(exchange):
            return await self._answer(request, exchange)

    async def _refuse(self, status: int) -> None:
        """Answer a request that can't be read, which has its page all the same."""
        asked = self._request
        if asked is None:
            exchange = self._owner.begin_unreadable(bytes(self._start))
        else:
            exchange = self._owner.begin_exchange(asked, b"", self._taken)
        with self._timed(exchange):
            is_head = asked is not None and asked.method == b"HEAD"
            await self.framed(refusal(status), is_head, exchange)
            exchange.complete = True

    @contextmanager
    def _timed(self, exchange: Exchange) -> Iterator[None]:
        try:
            yield
        finally:
            exchange.seconds = self.now() - exchange.at
            self._owner.end_exchange(exchange)

    async def _answer(self, request: h11.Request, exchange: Exchange) -> bool:
        reply = self._owner.reply(request, exchange)
        note = self._note(exchange)
        if isinstance(reply, RawReply):
            for step in reply.steps():
                await self._put(step, note)
            end = reply.end
        else:
            await _wait(reply.wait)
            end = await _WAYS[reply.framing](self, reply, request.method == b"HEAD", exchange)
        exchange.complete = True
        await ENDS[end](self._reader, self._writer)
        return self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _read_request(self) -> tuple[h11.Request, bytes, int] | None:
        """The next request, its body and the body's size; the body is empty if nobody keeps
        it. None when there is none. Raises RemoteProtocolError with the status to answer."""
        self._request, self._taken = None, 0
        self._start[:] = self._http.trailing_data[0][:KEPT_BYTES]  # that came with the one before
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                request = await self._next_event()
        except TimeoutError:
            if self._http.trailing_data[0]:
                raise h11.RemoteProtocolError("slow head", error_status_hint=408) from None
            return None
        if not isinstance(request, h11.Request):
            return None
        self._request = request
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return request, *await self._read_body(request)
        except TimeoutError:
            raise h11.RemoteProtocolError("slow body", error_status_hint=408) from None

    async def _read_body(self, request: h11.Request) -> tuple[bytes, int]:
        announced = sum(int(value) for value in header_values(request, b"content-length"))
        if announced > self._limits.body_bytes:  # before a `100 Continue` invites it
            raise h11.RemoteProtocolError("large body", error_status_hint=413)
        kept = bytearray()
        while isinstance(part := await self._next_event(), h11.Data):
            self._taken += len(part.data)
            if self._taken > self._limits.body_bytes:
                raise h11.RemoteProtocolError("large body", error_status_hint=413)
            if self._owner.keeps_content:
                kept += part.data
        return bytes(kept), self._taken

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            data = await self._reader.read(READ_SIZE)
            if self._request is None:
                self._start += data[: KEPT_BYTES - len(self._start)]
            self._http.receive_data(data)
        return event

    async def framed(self, scenario: Scenario, is_head: bool, exchange: Exchange) -> ReplyEnd:
        """A reply as HTTP frames it; h11 knows how."""
        await self._send(head(scenario))
        exchange.status = scenario.status
        if not is_head:
            note = self._note(exchange)
            for step in scenario.all_steps():
                await _wait(step.delay)
                await self._send(h11.Data(data=step.data))
                note(step)
        if is_head or scenario.end is ReplyEnd.COMPLETE:
            await self._send(h11.EndOfMessage())
            return ReplyEnd.COMPLETE
        return scenario.end

    async def unframed(self, scenario: Scenario, is_head: bool, exchange: Exchange) -> ReplyEnd:
        """A reply whose body ends with the connection (RFC 9112, 6.3, case 8)."""
        reply = head(scenario)
        lines = [b"HTTP/1.1 %d %s" % (reply.status_code, reply.reason)]
        lines += [b"%s: %s" % pair for pair in reply.headers.raw_items()]
        await self._write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        exchange.status = scenario.status
        return await self.headless(scenario, is_head, exchange)

    async def headless(self, scenario: Scenario, is_head: bool, exchange: Exchange) -> ReplyEnd:
        """Nothing but the steps."""
        note = self._note(exchange)
        for step in () if is_head else scenario.steps:
            await self._put(step, note)
        return ReplyEnd.CLOSE if scenario.end is ReplyEnd.COMPLETE else scenario.end

    async def _put(self, step: Step, note: Callable[[Step], None]) -> None:
        """Write a step as it stands."""
        await _wait(step.delay)
        await self._write(step.data)
        note(step)

    def _note(self, exchange: Exchange) -> Callable[[Step], None]:
        """What writes down that a step was sent."""

        def note(step: Step) -> None:
            exchange.size += len(step.data)
            if self._owner.keeps_content:
                exchange.said.extend(step.data if step.says is None else step.says)

        return note

    async def _send(self, event: h11.Event) -> None:
        await self._write(self._http.send(event) or b"")

    async def _write(self, data: bytes) -> None:
        # asyncio sets TCP_NODELAY on every stream: each write leaves at once.
        self._writer.write(data)
        self.stuck_since = self.now()
        await self._writer.drain()
        self.stuck_since = None

    async def _linger(self) -> None:
        """Let the peer read the last words: closing a socket with unread input resets the
        connection, and the reply can be lost with it (RFC 9112, 9.6)."""
        self.waiting_since = self.now()
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger_seconds):
                while await self._reader.read(READ_SIZE):
                    pass


_WAYS = {
    "http": Connection.framed,
    "close": Connection.unframed,
    "none": Connection.headless,
}


async def _wait(delay: float | Gate) -> None:
    if isinstance(delay, (int, float)):
        await asyncio.sleep(delay)  # of 0, too: other connections get their turn
        return
    is_open = delay.is_set if isinstance(delay, threading.Event) else delay
    while not is_open():
        await asyncio.sleep(GATE_POLL)
