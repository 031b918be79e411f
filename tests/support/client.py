"""A client as `sse` builds it, in process, against a scripted server. The waits between
connections are recorded and skipped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sse_cli.model.events import Closed, Event, Message, Opened, Reconnecting, Resume, Signal
from sse_cli.parser.session import Session
from sse_cli.request.builder import build
from sse_cli.request.model import Request
from sse_cli.sources.clock import RunClock
from sse_cli.transport import connect as transport
from sse_cli.transport.reconnect import ConnectionPace, Reconnector, ReconnectPolicy
from tests.support.replies import STREAM, head
from tests.support.requests import Recorded
from tests.support.wire import Handler, Peer, Wire

NO_CONTENT = head("Content-Length: 0", STREAM, status="204 No Content")
AGAIN = ReconnectPolicy(reconnect=True)


@dataclass
class Time:
    """A clock that only waiting advances; `waits` are the seconds of each wait."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def pace(self, dice: float = 0.0) -> ConnectionPace:
        return ConnectionPace(now=lambda: self.now, dice=lambda: dice)


@dataclass
class Seen:
    """All events of a client, in order."""

    events: list[Event]
    time: Time
    resume: Resume

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def data(self) -> list[str]:
        """The payloads of all messages."""
        return [message.data for message in self.of(Message)]

    @property
    def closed(self) -> Closed:
        """The ending: the last event, and the only one of its kind."""
        (found,) = self.of(Closed)
        assert isinstance(found, Closed)
        assert self.events[-1] is found
        return found

    @property
    def notices(self) -> list[str]:
        """The names of the handlers that an EventSource would call, in order."""
        names = {Opened: "open", Message: "message", Reconnecting: "connecting", Closed: "closed"}
        streams = [e for e in self.events if not (isinstance(e, Opened) and e.media == "other")]
        return [names[type(event)] for event in streams if type(event) in names]


def reconnector(
    policy: ReconnectPolicy, resume: Resume, time: Time, *, cookies: bool = True
) -> Reconnector:
    """Build a client as `sources.from_url` does, with a clock of its own."""
    jar = transport.Cookies() if cookies and policy.reconnect else None
    clock = RunClock()

    def connect(request: Request, attempt: int) -> Generator[Signal, None, None]:
        return transport.connect(
            request, clock, attempt=attempt, cookies=jar, spent=clock() if attempt > 1 else 0.0
        )

    return Reconnector(connect, policy, resume, clock, sleep=time.sleep, pace=time.pace())


def follow(
    request: Request | str,
    policy: ReconnectPolicy = AGAIN,
    resume: Resume | None = None,
    time: Time | None = None,
    each: Callable[[Event], None] = lambda _: None,
) -> Seen:
    """Read a request to its end, over all its connections; call `each` with every event at once."""
    asked = build([("url", request)]) if isinstance(request, str) else request
    time, resume = time or Time(), resume or Resume()
    session = Session(resume=resume)
    seen = Seen([], time, resume)
    for signal in reconnector(policy, resume, time).signals(asked):
        for event in session.feed(signal):
            seen.events.append(event)
            each(event)
    return seen


class Script:
    """A handler that answers the n-th request with the n-th reply, and with 204 after the last."""

    def __init__(self, *replies: bytes | Handler) -> None:
        self._replies: Sequence[bytes | Handler] = replies
        self._count = 0
        self._lock = threading.Lock()

    def __call__(self, peer: Peer) -> None:
        with self._lock:
            number, self._count = self._count, self._count + 1
        reply = self._replies[number] if number < len(self._replies) else NO_CONTENT
        if callable(reply):
            reply(peer)
        else:
            peer.send(reply)


def scripted(*replies: bytes | Handler) -> Wire:
    """Return a server that runs a `Script`."""
    return Wire(Script(*replies))


def header(request: Recorded, name: str) -> list[str]:
    """Return all values of a header."""
    return [value for key, value in request.headers if key.lower() == name.lower()]


def ids_sent(server: Wire) -> list[str | None]:
    """Return the Last-Event-ID of each request, None where there was none."""
    found = [header(request, "Last-Event-ID") for request in server.requests]
    assert all(len(values) < 2 for values in found)
    return [values[0] if values else None for values in found]
