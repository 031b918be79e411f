"""The mock server itself: what it serves, who may connect, and what is written down."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import h11

from sse_cli.mockserver import access_control
from sse_cli.mockserver.connection import Connection, Limits
from sse_cli.mockserver.connection_limit import ConnectionLimit
from sse_cli.mockserver.faults import Asked, Fault
from sse_cli.mockserver.request_log import Exchange, Pairs, said_by
from sse_cli.mockserver.router import Router
from sse_cli.mockserver.scenarios import MockReply, Scenario
from sse_cli.model.errors import SSEError, UsageError
from sse_cli.process import signals

LAST_EVENT_ID = "last-event-id"
QUEUE = 1024  # connections that the kernel holds until they are accepted
BATCH = 32  # accepted at a time; fewer than there may be, so that a new one gets to speak
SPARE_FILES = 64  # descriptors that are left to the rest of the process


@dataclass(slots=True)
class Breaking:
    """A fault on every reply, or on the first `times`; `asked` counts the requests."""

    fault: Fault | None = None
    times: int | None = None
    asked: int = 0

    def take(self) -> Fault | None:
        """The fault of the next reply."""
        self.asked += 1
        return None if self.times is not None and self.asked > self.times else self.fault


class Server:
    """Serves each scenario at `/NAME` and at every path below it, and lists them at `/`.

    `port` 0 takes a free one. `speed` 2 is twice as fast, 0 without waits. `fault` is put on
    every scenario, or only on the first `times` of those that are asked for; `breaks` has
    those of single scenarios, by name. `cors` lists the origins whose pages may read it, `*`
    for all; `remote` lets it listen for other machines. `journal` is a list that gets an
    `Exchange` for each request, and grows as long as the server runs; `log` is called with
    each when it is over. Raises UsageError for a host, a speed or an origin that won't do;
    `run` raises it when it can't listen. A server runs once: by `serve_forever`, or by
    `running` in a thread.
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
        cors: Iterable[str] = (),
        remote: bool = False,
        journal: list[Exchange] | None = None,
        log: Callable[[Exchange], object] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise UsageError(f"{speed} is no speed", "2 is twice as fast, 0 is without waits")
        allowed = access_control.of(host, cors, remote=remote)
        self._router = Router(scenarios, allowed, self._twist, speed)
        self.limits = limits or Limits()
        self.breaks: dict[str, Breaking] = {}
        self._break = Breaking(fault, times)
        self._struck: str | None = None  # the fault of the reply that is being made
        self.journal, self._log = journal, log
        self.keeps = journal is not None
        self.failure: SSEError | None = None
        # Of the two addresses of that name, the one that every client tries.
        self._host = "127.0.0.1" if host.lower() == "localhost" else host
        self._port = port
        self._stopping = asyncio.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Server | None = None
        self._connection_limit: ConnectionLimit | None = None

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return 0 if self._connection_limit is None else len(self._connection_limit)

    @property
    def room(self) -> int:
        """How many there may be; 0 before it listens."""
        return 0 if self._connection_limit is None else self._connection_limit.room

    def reply(self, request: h11.Request, exchange: Exchange) -> MockReply:
        """What to answer: the scenario with its fault."""
        self._struck = None
        found = self._router.answer(request)
        exchange.route, exchange.fault = found.route, self._struck
        return found.reply

    def _twist(self, name: str, scenario: Scenario, asked: Asked) -> MockReply:
        breaking = self.breaks.get(name, self._break)
        fault = breaking.take()
        self._struck = fault.name if fault else None
        if fault is None:
            return scenario
        return fault.reply(scenario.once(), replace(asked, number=breaking.asked))

    def enter(self, request: h11.Request, body: bytes, size: int) -> Exchange:
        """A new page, in the journal if one is kept."""
        headers = tuple(
            (name.decode("ascii"), value.decode("latin-1"))
            for name, value in request.headers.raw_items()
        )
        method, target = request.method.decode("ascii"), request.target.decode("ascii")
        return self._enter(method, target, headers, body, size)

    def enter_unread(self, start: bytes) -> Exchange:
        """The same for a request whose head can't be read, with what `start` says of it."""
        return self._enter(*said_by(start))

    def _enter(
        self, method: str, target: str, headers: Pairs, body: bytes = b"", size: int = 0
    ) -> Exchange:
        assert self._loop is not None  # noqa: S101 (it listens)
        now, started = self._loop.time(), time.time()
        ids = [value.encode("latin-1") for name, value in headers if name.lower() == LAST_EVENT_ID]
        last = ids[-1] if ids else None
        exchange = Exchange(now, started, method, target, headers, last, body, size)
        if self.journal is not None:
            self.journal.append(exchange)
        return exchange

    def leave(self, exchange: Exchange) -> None:
        """An exchange is over: its page goes to the log. A log that fails stops the server."""
        if self._log is None or self.failure is not None:
            return
        try:
            self._log(exchange)
        except SSEError as error:
            self.failure = error
            self._stopping.set()

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
        room = min(self.limits.connections, _spare_files())
        self._connection_limit = ConnectionLimit(room, self.limits.stuck_seconds)
        try:
            self._listener = await asyncio.start_server(
                self._accept, self._host, self._port, backlog=BATCH
            )
        except (OSError, OverflowError) as error:
            raise _cannot_listen(self._host, self._port, error) from error
        for one in self._listener.sockets:  # asyncio takes one number for both
            with socket.socket(fileno=os.dup(one.fileno())) as same:
                same.listen(QUEUE)
        return _url(self._host, self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, cut every stream short and wait until all are gone."""
        if self._listener is not None:
            await self._stop_accepting(self._listener)
            self._listener.close()
        if self._connection_limit is not None:
            await self._connection_limit.disperse()
        if self._listener is not None:
            await self._listener.wait_closed()

    async def _stop_accepting(self, listener: asyncio.Server) -> None:
        """Accept no more connections, and have every accepted one passed to `_accept`.

        A listener that is closed before asyncio has done that leaves the socket open.
        """
        for one in listener.sockets:
            asyncio.get_running_loop().remove_reader(one.fileno())
        for _ in ("the task of the accepted socket", "its transport", "`_accept`"):
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._connection_limit is not None  # noqa: S101 (it listens)
        self._connection_limit.take(Connection(self, reader, writer))


def _url(host: str, port: int) -> str:
    """A URL that works on this machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _spare_files() -> int:
    """How many connections this process may have open, at least one."""
    import resource  # noqa: PLC0415 (beside its only use: there is none on Windows)

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, soft - SPARE_FILES) if soft != resource.RLIM_INFINITY else 2**31


def _cannot_listen(host: str, port: int, error: OSError | OverflowError) -> UsageError:
    free = "--port 0 picks a free one"
    if isinstance(error, OverflowError):
        return UsageError(f"{port} is no port: they go from 0 to 65535", free)
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use", free)
    # Newer versions of asyncio skip such an address, then raise an OSError without an errno.
    is_missing = error.errno in (errno.EADDRNOTAVAIL, None)
    if is_missing or isinstance(error, socket.gaierror):
        return UsageError(f"{host} is no address of this machine", "ip address lists them")
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"can't listen on port {port}: {reason}", free)


def _keep_quiet_about_peers(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """asyncio logs a traceback when `accept` fails (too many open files, a peer that left
    in the queue); it goes on listening, so nobody needs to see it. A bug of ours ends the
    program, or where this is no program of ours asyncio tells of it."""
    error = context.get("exception")
    if isinstance(error, BaseException) and not isinstance(error, OSError):
        if signals.is_installed():
            signals.crash(error)
        else:
            loop.default_exception_handler(context)
