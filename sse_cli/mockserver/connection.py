"""One connection of the mock server: its requests in turn, until either side ends it."""

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

KEPT_BYTES = 16 * 2**10  # of a head that is not complete: h11 accepts no larger one
GATE_POLL = 0.002  # seconds between two checks of a closed gate; only tests have gates


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one connection, and the number of connections of all clients.

    `head_seconds` bound a request's head and the time between requests, `body_seconds` its body,
    `linger_seconds` the wait until the peer has read the last reply, and `stuck_seconds` a write
    that the peer leaves unread while another client needs the connection. `body_bytes` bound the
    body of a request.
    """

    head_seconds: float = 10.0
    body_seconds: float = 30.0
    linger_seconds: float = 1.0
    stuck_seconds: float = 5.0
    body_bytes: int = 10 * 2**20
    connections: int = 256


class Owner(Protocol):
    """The part of the server that a connection uses."""

    limits: Limits
    keeps_content: bool  # whether bodies and streams are kept in the exchanges

    def begin_exchange(self, request: h11.Request, body: bytes, size: int) -> Exchange:
        """Start the record of a request and its reply."""

    def begin_unreadable(self, start: bytes) -> Exchange:
        """Start the record of a request whose head can't be read; `start` holds its first bytes."""

    def needs_body(self, request: h11.Request) -> bool:
        """Return whether the body of a request is kept, until its reply is made."""

    def reply(self, request: h11.Request, exchange: Exchange) -> MockReply:
        """Return the reply to a request."""

    def end_exchange(self, exchange: Exchange) -> None:
        """Finish the record of a request and its reply."""


class Connection:
    """A connection that reads requests with h11 and writes what its server replies.

    `waiting_since` is the time at which it began to wait for the next request, `stuck_since` the
    time at which it began to wait for the peer to read; both are in seconds of the loop's clock
    (`now`), and None while it does not wait. `peer` is the address of the other side.
    """

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
        # With no buffer of its own, `drain` waits until the kernel has taken every byte.
        writer.transport.set_write_buffer_limits(high=0)
        self._http = h11.Connection(h11.SERVER)  # its default bounds a head to 16 KiB
        self._start = bytearray()  # the first bytes of a request, until its head is complete
        self._request: h11.Request | None = None  # once its head is complete
        self._body_size = 0  # bytes of its body so far

    async def run(self) -> None:
        """Serve the peer until the connection ends. Raises nothing but CancelledError."""
        async with self._closing():
            while await self._exchange():
                self._http.start_next_cycle()
            await self._linger()

    async def reject(self) -> None:
        """Answer 503 and close: the limit of connections is reached."""
        async with self._closing():
            await self._write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n")
            await self._linger()

    @asynccontextmanager
    async def _closing(self) -> AsyncIterator[None]:
        try:
            yield
        except (OSError, h11.ProtocolError):
            pass  # the peer left, or the scenario sends less than its Content-Length
        finally:
            self._writer.transport.abort()
            await self.wait_closed()

    def drop(self, task: asyncio.Task[None]) -> None:
        """Close the connection now, and cancel the `task` that runs it."""
        # A task that is cancelled before its first step does not reach its `finally`.
        self._writer.transport.abort()
        task.cancel()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        with suppress(OSError):
            # Shielded, because every waiter shares one future: one cancellation would end all.
            await asyncio.shield(self._writer.wait_closed())

    async def _exchange(self) -> bool:
        """Read a request and write its reply; return whether the connection stays open."""
        self.waiting_since = self.now()
        try:
            received = await self._read_request()
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
            return False
        if received is None:
            return False
        self.waiting_since = None
        request, body, size = received
        exchange = self._owner.begin_exchange(request, body, size)
        with self._timed(exchange):
            return await self._answer(request, exchange)

    async def _refuse(self, status: int) -> None:
        """Answer a request that can't be read, and record it all the same."""
        request = self._request
        if request is None:
            exchange = self._owner.begin_unreadable(bytes(self._start))
        else:
            exchange = self._owner.begin_exchange(request, b"", self._body_size)
        with self._timed(exchange):
            is_head = request is not None and request.method == b"HEAD"
            await self.write_framed(refusal(status), is_head, exchange)
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
        record = self._recorder(exchange)
        if isinstance(reply, RawReply):
            for step in reply.steps():
                await self._write_step(step, record)
            end = reply.end
        else:
            await _wait(reply.wait)
            end = await _WRITERS[reply.framing](self, reply, request.method == b"HEAD", exchange)
        exchange.complete = True
        await ENDS[end](self._reader, self._writer)
        return self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _read_request(self) -> tuple[h11.Request, bytes, int] | None:
        """Return the next request, its body and the body's size; None if the connection ended.

        The body is empty unless it is needed. Raises RemoteProtocolError with the status to
        answer.
        """
        self._request, self._body_size = None, 0
        self._start[:] = self._http.trailing_data[0][:KEPT_BYTES]  # read with the request before it
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
        if announced > self._limits.body_bytes:  # before a `100 Continue` asks for it
            raise h11.RemoteProtocolError("large body", error_status_hint=413)
        kept, is_needed = bytearray(), self._owner.needs_body(request)
        while isinstance(part := await self._next_event(), h11.Data):
            self._body_size += len(part.data)
            if self._body_size > self._limits.body_bytes:
                raise h11.RemoteProtocolError("large body", error_status_hint=413)
            if is_needed:
                kept += part.data
        return bytes(kept), self._body_size

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            data = await self._reader.read(READ_SIZE)
            if self._request is None:
                self._start += data[: KEPT_BYTES - len(self._start)]
            self._http.receive_data(data)
        return event

    async def write_framed(self, scenario: Scenario, is_head: bool, exchange: Exchange) -> ReplyEnd:
        """Write a reply with the framing that h11 chooses: a Content-Length or chunks."""
        await self._send(head(scenario))
        exchange.status = scenario.status
        if not is_head:
            record = self._recorder(exchange)
            for step in scenario.all_steps():
                await _wait(step.delay)
                await self._send(h11.Data(data=step.data))
                record(step)
        if is_head or scenario.end is ReplyEnd.COMPLETE:
            await self._send(h11.EndOfMessage())
            return ReplyEnd.COMPLETE
        return scenario.end

    async def write_unframed(
        self, scenario: Scenario, is_head: bool, exchange: Exchange
    ) -> ReplyEnd:
        """Write a reply whose body ends with the connection (RFC 9112, 6.3, case 8)."""
        reply = head(scenario)
        lines = [b"HTTP/1.1 %d %s" % (reply.status_code, reply.reason)]
        lines += [b"%s: %s" % pair for pair in reply.headers.raw_items()]
        await self._write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        exchange.status = scenario.status
        return await self.write_headless(scenario, is_head, exchange)

    async def write_headless(
        self, scenario: Scenario, is_head: bool, exchange: Exchange
    ) -> ReplyEnd:
        """Write the steps of a scenario without a head."""
        record = self._recorder(exchange)
        for step in () if is_head else scenario.steps:
            await self._write_step(step, record)
        return ReplyEnd.CLOSE if scenario.end is ReplyEnd.COMPLETE else scenario.end

    async def _write_step(self, step: Step, record: Callable[[Step], None]) -> None:
        """Write the bytes of a step without any framing."""
        await _wait(step.delay)
        await self._write(step.data)
        record(step)

    def _recorder(self, exchange: Exchange) -> Callable[[Step], None]:
        """Return a function that adds a step to the exchange once it is sent."""

        def record(step: Step) -> None:
            exchange.size += len(step.data)
            if self._owner.keeps_content:
                exchange.said.extend(step.data if step.says is None else step.says)

        return record

    async def _send(self, event: h11.Event) -> None:
        await self._write(self._http.send(event) or b"")

    async def _write(self, data: bytes) -> None:
        # asyncio sets TCP_NODELAY on every stream: each write leaves at once.
        self._writer.write(data)
        self.stuck_since = self.now()
        await self._writer.drain()
        self.stuck_since = None

    async def _linger(self) -> None:
        """Wait a little until the peer has read the reply and closed.

        Closing a socket with unread input resets the connection, and the end of the reply can be
        lost with it (RFC 9112, 9.6).
        """
        self.waiting_since = self.now()
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger_seconds):
                while await self._reader.read(READ_SIZE):
                    pass


_WRITERS = {
    "http": Connection.write_framed,
    "close": Connection.write_unframed,
    "none": Connection.write_headless,
}


async def _wait(delay: float | Gate) -> None:
    if isinstance(delay, (int, float)):
        await asyncio.sleep(delay)  # even 0, so that other connections get their turn
        return
    is_open = delay.is_set if isinstance(delay, threading.Event) else delay
    while not is_open():
        await asyncio.sleep(GATE_POLL)
