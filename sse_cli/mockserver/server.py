"""The mock server: the listener, the faults that it injects, and the exchanges that it records."""

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
from sse_cli.mockserver.faults.registry import Fault
from sse_cli.mockserver.faults.reply_parts import RequestInfo
from sse_cli.mockserver.request_log import Exchange, Pairs, parse_partial_head
from sse_cli.mockserver.router import Router
from sse_cli.mockserver.scenarios.scenario import MockReply, Scenario
from sse_cli.model.causes import Cause
from sse_cli.model.errors import SSEError, UsageError
from sse_cli.process import signals

LAST_EVENT_ID = "last-event-id"
QUEUE = 1024  # connections that wait in the kernel until they are accepted
# Connections accepted at a time: fewer than the limit, so that a new one can send its request
# before others replace it.
BATCH = 32
SPARE_FILES = 64  # descriptors that the rest of the process may need


@dataclass(slots=True)
class FaultInjection:
    """A fault on every reply, or on the first `times`; `requests` counts the requests."""

    fault: Fault | None = None
    times: int | None = None
    requests: int = 0

    def take(self) -> Fault | None:
        """Count a request, and return the fault of its reply."""
        self.requests += 1
        return None if self.times is not None and self.requests > self.times else self.fault


class Server:
    """A server that answers with a scenario at `/NAME` and below it, and with a list at `/`.

    `port` 0 takes a free port. `speed` 2 is twice as fast, 0 is without waits. `fault` is injected
    into the replies of every scenario, or only into the first `times`; `fault_injections` overrides
    it for scenarios by name. `cors` lists the origins whose pages may read the replies, `*` for
    all; `remote` allows a host that other machines can reach. `exchanges` is a list that gets an
    `Exchange` for each request, and grows as long as the server runs; `log` is called with each
    exchange when it has ended. Raises UsageError for an invalid host, speed or origin; `run` raises
    it if it can't listen. A server runs once: by `serve_forever`, or by `running` in a thread.
    """

    def __init__(  # noqa: PLR0913 (the scenarios; the others are named options)
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
        exchanges: list[Exchange] | None = None,
        log: Callable[[Exchange], object] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise UsageError(
                f"{speed} is not a valid speed", "2 is twice as fast, 0 is without waits"
            )
        allowed = access_control.for_host(host, cors, remote=remote)
        self._router = Router(scenarios, allowed, self._apply_fault, speed)
        self.limits = limits or Limits()
        self.fault_injections: dict[str, FaultInjection] = {}
        self._default_injection = FaultInjection(fault, times)
        self._fault_name: str | None = None  # the fault in the reply that is being made
        self.exchanges, self._log = exchanges, log
        self.keeps_content = exchanges is not None
        self.failure: SSEError | None = None
        # Of the two addresses of `localhost`, every client tries this one.
        self._host = "127.0.0.1" if host.lower() == "localhost" else host
        self._port = port
        self._stopping = asyncio.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Server | None = None
        self._connection_limit: ConnectionLimit | None = None

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return 0 if self._connection_limit is None else len(self._connection_limit)

    @property
    def max_connections(self) -> int:
        """The limit of open connections; 0 before the server listens."""
        return 0 if self._connection_limit is None else self._connection_limit.max_connections

    def reply(self, request: h11.Request, exchange: Exchange) -> MockReply:
        """Return the reply to a request: a scenario with its fault, the list, or an error."""
        self._fault_name = None
        answer = self._router.answer(request, exchange.body)
        exchange.route, exchange.fault = answer.route, self._fault_name
        return answer.reply

    def needs_body(self, request: h11.Request) -> bool:
        """Return whether the body of a request is kept, until its reply is made."""
        return self.keeps_content or self._router.reads_body(request)

    def _apply_fault(self, name: str, scenario: Scenario, request: RequestInfo) -> MockReply:
        injection = self.fault_injections.get(name, self._default_injection)
        fault = injection.take()
        self._fault_name = fault.name if fault else None
        if fault is None:
            return scenario
        return fault.reply(scenario.once(), replace(request, number=injection.requests))

    def begin_exchange(self, request: h11.Request, body: bytes, size: int) -> Exchange:
        """Start the record of a request and its reply."""
        headers = tuple(
            (name.decode("ascii"), value.decode("latin-1"))
            for name, value in request.headers.raw_items()
        )
        method, target = request.method.decode("ascii"), request.target.decode("ascii")
        return self._begin(method, target, headers, body, size)

    def begin_unreadable(self, start: bytes) -> Exchange:
        """Start the record of a request whose head can't be read; `start` holds its first bytes."""
        return self._begin(*parse_partial_head(start))

    def _begin(
        self, method: str, target: str, headers: Pairs, body: bytes = b"", size: int = 0
    ) -> Exchange:
        assert self._loop is not None  # noqa: S101 (it listens)
        now, started = self._loop.time(), time.time()
        ids = [value.encode("latin-1") for name, value in headers if name.lower() == LAST_EVENT_ID]
        last = ids[-1] if ids else None
        exchange = Exchange(now, started, method, target, headers, last, body, size)
        if self.exchanges is not None:
            self.exchanges.append(exchange)
        return exchange

    def end_exchange(self, exchange: Exchange) -> None:
        """Pass an exchange that has ended to the log. A log that fails stops the server."""
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
        """Make `run` return. Safe to call from any thread, at any time."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def start(self) -> str:
        """Listen, and return the base URL without a slash at its end."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_ignore_accept_errors)
        limit = min(self.limits.connections, _spare_files())
        self._connection_limit = ConnectionLimit(limit, self.limits.stuck_seconds)
        try:
            self._listener = await asyncio.start_server(
                self._accept, self._host, self._port, backlog=BATCH
            )
        except (OSError, OverflowError) as error:
            raise _cannot_listen(self._host, self._port, error) from error
        # asyncio uses `backlog` for the queue, too: lengthen that afterwards.
        for listening in self._listener.sockets:
            with socket.socket(fileno=os.dup(listening.fileno())) as duplicate:
                duplicate.listen(QUEUE)
        return _url(self._host, self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, cut off every stream and wait until all connections are closed."""
        if self._listener is not None:
            await self._stop_accepting(self._listener)
            self._listener.close()
        if self._connection_limit is not None:
            await self._connection_limit.close_all()
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
        self._connection_limit.add(Connection(self, reader, writer))


def _url(host: str, port: int) -> str:
    """Return a URL that works on this machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _spare_files() -> int:
    """Return the number of connections that this process may have open, at least one."""
    import resource  # noqa: PLC0415 (Windows does not have it)

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, soft - SPARE_FILES) if soft != resource.RLIM_INFINITY else 2**31


def _cannot_listen(host: str, port: int, error: OSError | OverflowError) -> UsageError:
    if isinstance(error, OverflowError):
        return UsageError(f"{port} is not a valid port: they go from 0 to 65535", Cause.PORT)
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use", Cause.PORT)
    # Newer versions of asyncio skip such an address, then raise an OSError without an errno.
    is_missing = error.errno in (errno.EADDRNOTAVAIL, None)
    if is_missing or isinstance(error, socket.gaierror):
        words = f"{host} is not an address of this machine"
        return UsageError(words, "use one of those that the command ip address lists")
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"can't listen on port {port}: {reason}", Cause.PORT)


def _ignore_accept_errors(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Ignore the errors of `accept`; report a bug of ours.

    asyncio logs a traceback when `accept` fails (too many open files, a peer that left while it was
    in the queue), but goes on listening. A bug of ours ends the program; in a program of others,
    asyncio logs it.
    """
    error = context.get("exception")
    if isinstance(error, BaseException) and not isinstance(error, OSError):
        if signals.is_installed():
            signals.crash(error)
        else:
            loop.default_exception_handler(context)
