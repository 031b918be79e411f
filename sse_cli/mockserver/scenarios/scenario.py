"""The replies of the mock server as data: a `Scenario` that HTTP frames, or a `RawReply`."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from itertools import chain, cycle
from typing import Final, Literal, NamedTuple, TypeAlias

EVENT_STREAM = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

Gate: TypeAlias = threading.Event | Callable[[], bool]


class Step(NamedTuple):
    """One write: wait for `delay`, then send `data` in a chunk of its own.

    `delay` is seconds, or a gate that some other thread opens: a `threading.Event`, or a
    function that returns at once and is asked again until it says true. `says` is what of
    the stream a client learns by it; None means `data`, as it does wherever nothing is wrong.
    """

    delay: float | Gate
    data: bytes
    says: bytes | None = None


class ReplyEnd(Enum):
    """How a reply ends, once all is written."""

    COMPLETE = "complete"  # as HTTP should, ready for the next request
    CLOSE = "close"  # say that nothing follows (FIN)
    GARBLE = "garble"  # write what is no chunk, then close
    RESET = "reset"  # take the connection down (RST)
    HOLD = "hold"  # keep it open without a word until the client leaves
    HALF_OPEN = "half-open"  # keep it open, and don't notice that the client left


# How a body is told from what follows it: "http" by chunks or a Content-Length, "close" by the
# end of the connection, "none": not even a head is sent.
Framing: TypeAlias = Literal["http", "close", "none"]

_HAS_IDS = re.compile(rb"(?:\A|[\r\n])id[:\r\n]")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A reply of the mock server. `headers` come on top of those the server sets itself;
    a `Content-Length` among them replaces chunked coding. An empty `content_type` means
    no such header.

    `wait` is seconds before the head. After `steps` come those of `repeated`, over and over, if
    there are any. `later_replies` are the replies to later connections, of the same stream.
    """

    name: str
    description: str
    steps: tuple[Step, ...]
    status: int = 200
    content_type: str = EVENT_STREAM
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    framing: Framing = "http"
    end: ReplyEnd = ReplyEnd.COMPLETE
    repeated: tuple[Step, ...] = ()
    later_replies: tuple[Scenario, ...] = ()

    @classmethod
    def of(  # noqa: PLR0913 - the fields of a reply; all but two are named options
        cls,
        name: str,
        steps: Iterable[tuple[float | Gate, bytes]],
        *,
        description: str = "",
        status: int = 200,
        content_type: str = EVENT_STREAM,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Scenario:
        """A scenario from raw (delay, bytes) pairs."""
        made = tuple(Step(delay, data) for delay, data in steps)
        return cls(name, description, made, status, content_type, tuple(headers))

    @property
    def body(self) -> bytes:
        """All that its steps write, once."""
        return b"".join(step.data for step in self.steps)

    def all_steps(self) -> Iterator[Step]:
        """Its steps, and then those that are repeated, for ever."""
        return chain(self.steps, cycle(self.repeated))

    def at_speed(self, speed: float) -> Scenario:
        """This scenario `speed` times as fast; 0 means without waits. Gates stay shut."""
        factor = 1 / speed if speed else 0.0
        return replace(
            self,
            wait=self.wait * factor,
            steps=tuple(_scaled(step, factor) for step in self.steps),
            repeated=tuple(_scaled(step, factor) for step in self.repeated),
            later_replies=tuple(one.at_speed(speed) for one in self.later_replies),
        )

    def looped(self) -> Scenario:
        """This scenario, all its connections in one, started over at its end for ever; a reply
        without a stream as it is."""
        if self.status != 200 or not self.body:
            return self
        steps = sum(
            (reply.steps for reply in self.later_replies if reply.status == 200), self.steps
        )
        return replace(
            self,
            steps=steps,
            framing="http",
            end=ReplyEnd.COMPLETE,
            repeated=steps,
            later_replies=(),
        )

    def once(self) -> Scenario:
        """This scenario, ending as HTTP should after its steps."""
        return replace(self, framing="http", end=ReplyEnd.COMPLETE, repeated=())

    def resume_after(self, last_event_id: str) -> Scenario:
        """What is left for a client that saw the event with this id (HTML 9.2.4).

        Where no event is left: the connection that followed, or `NOTHING_LEFT`. An id that
        is not in here is no place to go on at: it begins anew.
        """
        if not last_event_id:  # what an id can be set to, but not what one is asked for by
            return self
        replies = (self, *self.later_replies)
        for number, reply in enumerate(replies):
            if (found := reply._rest_after(last_event_id)) is None:
                continue
            left, has_event = found
            if not has_event and number + 1 < len(replies):
                return replies[number + 1]
            return left if left.steps or left.repeated else NOTHING_LEFT
        return self

    def _rest_after(self, last_event_id: str) -> tuple[Scenario, bool] | None:
        """This reply after the event with this id, and whether an event is left in it; None
        if there is no such id."""
        from sse_cli.mockserver.scenarios.resume_points import resume_points_of  # noqa: PLC0415 (rule 3)

        places = resume_points_of(self.steps, lambda: self.body)
        if (offset := places.ends.get(last_event_id)) is None:
            return None
        return replace(self, steps=_from(self.steps, offset)), offset < places.last

    def for_connection(self, number: int) -> Scenario:
        """The reply to connection `number` (from 0) of clients that can't say where they were:
        its connections take turns if the stream has no ids, else it begins anew."""
        replies = (self, *self.later_replies)
        if any(_HAS_IDS.search(reply.body) for reply in replies):
            return self
        return replies[number % len(replies)]


# 204: don't come back (HTML 9.2.2).
NOTHING_LEFT: Final = Scenario("", "", (), 204, "")


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply that HTTP knows nothing of: each step is written as it stands, head and framing
    included. `steps` is asked for them once a request; they may never end."""

    steps: Callable[[], Iterable[Step]]
    end: ReplyEnd = ReplyEnd.CLOSE


MockReply: TypeAlias = Scenario | RawReply


def _from(steps: tuple[Step, ...], offset: int) -> tuple[Step, ...]:
    """What `steps` write from `offset` bytes on; nothing if that is no byte."""
    for number, step in enumerate(steps):
        if offset < len(step.data):
            return (step._replace(data=step.data[offset:]), *steps[number + 1 :])
        offset -= len(step.data)
    return ()


def _scaled(step: Step, factor: float) -> Step:
    if isinstance(step.delay, (int, float)):
        return step._replace(delay=step.delay * factor)
    return step
