"""A server that breaks a stream, and the events that its log says a client must show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from sse_cli.mockserver.faults.registry import find_fault
from sse_cli.mockserver.request_log import Exchange
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.events import Message
from tests.support.reference_parser import Reference

EVENTS = 6
# A client resumes at the ids; `tail` types out the text.
NUMBERED = Scenario.of(
    "numbered",
    [(0, b'id: %d\ndata: {"text":"<%d>"}\n\n' % (n, n)) for n in range(1, EVENTS + 1)],
)
# Without ids nothing is resumed: each connection starts anew, and no 204 ends it.
ANONYMOUS = Scenario.of("anonymous", [(0, b'data: {"text":"<1>"}\n\n')])


@dataclass
class Broken:
    """A running server with a fault, and its log."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)

    def sent(self) -> list[str]:
        """Return the data of every complete event that was sent, over all connections, in order."""
        return [data for exchange in self.exchanges for data in events(bytes(exchange.said))]

    def asked_after(self) -> list[bytes | None]:
        """Return the Last-Event-ID of each request."""
        return [exchange.last_event_id for exchange in self.exchanges]


# Smaller sizes for the large faults, so that a run of one takes less than a second.
SMALLER: dict[str, dict[str, int]] = {
    "comments": {"count": 125_000},
    "long-line": {"size": 32 * 2**20},
    "gzip-bomb": {"size": 32 * 2**20},
    "deflate-bomb": {"size": 32 * 2**20},
}


@contextmanager
def broken(
    name: str | None,
    times: int | None = None,
    scenario: Scenario = NUMBERED,
    *,
    full_size: bool = False,
) -> Iterator[Broken]:
    """Serve `scenario` with the fault `name` on the first `times` replies, or on all."""
    exchanges: list[Exchange] = []
    fault = find_fault(name) if name else None
    if fault and name in SMALLER and not full_size:
        fault = replace(fault, reply=partial(fault.reply, **SMALLER[name]))
    server = Server({scenario.name: scenario}, fault=fault, times=times, exchanges=exchanges)
    with running(server) as base:
        yield Broken(f"{base}/{scenario.name}", exchanges)


def events(body: bytes) -> list[str]:
    """Return the data of the complete events of one connection's body, as the standard reads it."""
    parser = Reference()
    found = [*parser.feed(body), *parser.finish()]
    return [event.data for event in found if isinstance(event, Message)]
