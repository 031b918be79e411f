"""The mock server: scenarios over real HTTP/1.1, on loopback only. asyncio and h11.

Rule 1: everything it answers is a `Scenario` (`routes.py` picks it), or what a fault made of
one (`faults.py`): a scenario again, or a `RawReply`, so there are two ways to write a reply.
Rule 2: one step is one write, and of a scenario one HTTP chunk. Rule 3: no
peer can hurt another one: heads, bodies and connections are bounded, and what a peer does
wrong ends its own connection in silence.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

import h11

from sse_cli.errors import UsageError
from sse_cli.faults import Asked, Fault
from sse_cli.routes import answer, head, header_values, refusal
from sse_cli.scenarios import Gate, RawReply, Reply, Scenario, Step, Then

LOOPBACK_HOSTS = ("127.0.0.1", "::1")
GATE_POLL = 0.002  # seconds between looks at a shut gate; only tests have gates
READ_SIZE = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may take: seconds for a request's head (and between requests), for its
    body, and to read the last words; bytes of body; connections of all peers at a time."""

    head_seconds: float = 10.0
    body_seconds: float = 30.0
    linger_seconds: float = 1.0
    body_bytes: int = 10 * 2**20
    connections: int = 256


@dataclass(slots=True)
class Exchange:
    """One request and what was sent for it: a page of the journal.

    `at` is seconds of the server's clock; `last_event_id` the header's bytes, None without one.
    `body` is what the client was told of the stream, before any content coding.
    """

    at: float
    target: str
    last_event_id: bytes | None
    body: bytearray = field(default_factory=bytearray)


class Server:
    """Serves each scenario at `/NAME` and at every path below it, and lists them at `/`.

    `port` 0 takes a free one. `speed` 2 is twice as fast, 0 without waits. `fault` is put on
    every scenario, or only on the first `times` of those that are asked for. `journal` is a list
    that gets an `Exchange` for each request, and grows as long as the server runs. Raises
    UsageError for a host that isn't loopback and for a speed below 0; `run` raises it when it
    can't listen. A server runs once: by `serve_forever`, or by `running` in a thread.
    """

    def __init__(  # noqa: PLR0913 (what to serve; all else are named options)
        self,
        scenarios: Mapping[str, Scenario],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        fault: Fault | None = None,
        times: int | None = None,
        journal: list[Exchange] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if host not in LOOPBACK_HOSTS:
            raise UsageError(f"the mock server listens on loopback only, not on {host}")
        if not 0 <= speed < float("inf"):
            raise UsageError(f"{speed} is no speed", "2 is twice as fast, 0 is without waits")
        self.scenarios = scenarios
        self.speed = speed
        self.limits = limits or Limits()
        self.fault, self.times = fault, times
        self.journal = journal
        self._asked = 0
        self._host, self._port = host, port
        self._stopping = asyncio.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    def answer(self, request: h11.Request) -> Reply:
        """What to reply: the scenario at this server's speed, with its fault."""
        return answer(request, self.scenarios, self._twist)

    def enter(self, request: h11.Request) -> Exchange:
        """A new page, in the journal if one is kept."""
        assert self._loop is not None  # noqa: S101 (it listens)
        ids = [value for name, value in request.headers if name == b"last-event-id"]
        target = request.target.decode("ascii")
        exchange = Exchange(self._loop.time(), target, ids[-1] if ids else None)
        if self.journal is not None:
            self.journal.append(exchange)
        return exchange

    def _twist(self, scenario: Scenario, asked: Asked) -> Reply:
        self._asked += 1
        scenario = scenario.at_speed(self.speed)
        if self.fault is None or (self.times is not None and self._asked > self.times):
            return scenario
        return self.fault.reply(scenario, replace(asked, number=self._asked))

    async def run(self, on_ready: Callable[[str], object]) -> None:
        """Listen, call `on_ready` with the base URL, and serve until stopped or cancelled."""
        url = await self.start()
        try:
            on_ready(url)
            await self._stopping.wait()
        finally:
            await self.close()
            self._stopped.set()

    def wait(self) -> None:
        """Block until `run` has ended in another thread."""
        self._stopped.wait()

    def stop(self) -> None:
        """Make `run` return. Safe from any thread and at any time."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def start(self) -> str:
        """Listen and return the base URL, without a slash at its end."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_keep_quiet_about_peers)
        try:
            self._listener = await asyncio.start_server(self._accept, self._host, self._port)
        except (OSError, OverflowError) as error:
            raise _cannot_listen(self._port, error) from error
        port = self._listener.sockets[0].getsockname()[1]
        return (
            f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"
        )

    async def close(self) -> None:
        """Stop listening, cut every stream short and wait until all are gone."""
        if self._listener is not None:
            self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.connections >= self.limits.connections:
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        task = asyncio.create_task(_Connection(self, reader, writer).run())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Run `server` in a thread of its own; yields its base URL, stops it on the way out."""
    ready: Future[str] = Future()
    run = partial(_run_in_thread, server, ready)
    thread = threading.Thread(target=run, name="sse-serve", daemon=True)
    thread.start()
    try:
        yield ready.result()
    finally:
        server.stop()
        thread.join()


def serve_forever(server: Server, on_ready: Callable[[str], object]) -> None:
    """Run `server` until it is stopped. Whatever interrupts this thread (KeyboardInterrupt,
    or what a signal handler raises) comes out of here once everything is closed.

    The event loop has a thread of its own here, too: an exception that a signal raises
    inside a loop lands in whichever stream is at work just then.
    """
    with running(server) as url:
        on_ready(url)
        server.wait()


def _run_in_thread(server: Server, ready: Future[str]) -> None:
    try:
        asyncio.run(server.run(ready.set_result))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


Note = Callable[[Step], None]


class _Connection:
    """One peer: its requests in turn, until either side has had enough."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._limits = server.limits
        self._reader, self._writer = reader, writer
        # Then `drain` waits until the kernel has it all: pieces don't pile up in here.
        writer.transport.set_write_buffer_limits(high=0)
        self._http = h11.Connection(h11.SERVER)  # its default bounds a head to 16 KiB

    async def run(self) -> None:
        try:
            while await self._exchange():
                self._http.start_next_cycle()
            await self._linger()
        except (OSError, h11.ProtocolError):
            pass  # the peer left, or got less than the Content-Length its scenario promised
        finally:
            self._writer.transport.abort()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def _exchange(self) -> bool:
        """One request and its reply. False when the connection has to end."""
        try:
            request = await self._read_request()
        except h11.RemoteProtocolError as error:
            await self._respond(refusal(error.error_status_hint), b"GET", lambda _: None)
            return False
        if request is None:
            return False
        note = self._note(self._server.enter(request))
        reply = self._server.answer(request)
        if isinstance(reply, RawReply):
            await self._write(reply, note)
            return False
        await self._respond(reply, request.method, note)
        return self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _read_request(self) -> h11.Request | None:
        """The next request, its body read and thrown away. None when there is none.
        Raises RemoteProtocolError with the status to answer."""
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                request = await self._next_event()
        except TimeoutError:
            if self._http.trailing_data[0]:
                raise h11.RemoteProtocolError("slow head", error_status_hint=408) from None
            return None
        if not isinstance(request, h11.Request):
            return None
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                await self._discard_body(request)
        except TimeoutError:
            raise h11.RemoteProtocolError("slow body", error_status_hint=408) from None
        return request

    async def _discard_body(self, request: h11.Request) -> None:
        room = self._limits.body_bytes
        announced = sum(int(value) for value in header_values(request, b"content-length"))
        if announced > room:  # before a `100 Continue` invites it
            raise h11.RemoteProtocolError("large body", error_status_hint=413)
        while isinstance(part := await self._next_event(), h11.Data):
            room -= len(part.data)
            if room < 0:
                raise h11.RemoteProtocolError("large body", error_status_hint=413)

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(READ_SIZE))
        return event

    async def _respond(self, scenario: Scenario, method: bytes, note: Note) -> None:
        await self._send(head(scenario))
        if method != b"HEAD":
            for step in scenario.steps:
                await _wait(step.delay)
                await self._send(h11.Data(data=step.data))
                note(step)
        await self._send(h11.EndOfMessage())

    async def _write(self, reply: RawReply, note: Note) -> None:
        for step in reply.steps():
            await _wait(step.delay)
            self._writer.write(step.data)
            await self._writer.drain()
            note(step)
        await _ENDS[reply.then](self._reader, self._writer)

    def _note(self, exchange: Exchange) -> Note:
        """What writes down that a step was sent, if that is wanted."""
        if self._server.journal is None:
            return lambda _: None
        return lambda step: exchange.body.extend(step.data if step.says is None else step.says)

    async def _send(self, event: h11.Event) -> None:
        # asyncio sets TCP_NODELAY on every stream: each write leaves at once.
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def _linger(self) -> None:
        """Let the peer read the last words: closing a socket with unread input resets the
        connection, and the reply can be lost with it (RFC 9112, 9.6)."""
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger_seconds):
                while await self._reader.read(READ_SIZE):
                    pass


async def _close(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Nothing: every connection is closed in the end, politely."""


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


_ENDS = {Then.CLOSE: _close, Then.RESET: _reset, Then.HOLD: _hold, Then.DEAF: _be_deaf}


async def _wait(delay: float | Gate) -> None:
    if isinstance(delay, (int, float)):
        await asyncio.sleep(delay)  # of 0, too: other connections get their turn
        return
    is_open = delay.is_set if isinstance(delay, threading.Event) else delay
    while not is_open():
        await asyncio.sleep(GATE_POLL)


def _cannot_listen(port: int, error: OSError | OverflowError) -> UsageError:
    free = "--port 0 picks a free one"
    if isinstance(error, OverflowError):
        return UsageError(f"{port} is no port: they go from 0 to 65535", free)
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use", free)
    return UsageError(f"can't listen on port {port}: {error.strerror}", free)


def _keep_quiet_about_peers(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """asyncio logs a traceback when `accept` fails (too many open files, a peer that left
    in the queue); it goes on listening, so nobody needs to see it."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)
