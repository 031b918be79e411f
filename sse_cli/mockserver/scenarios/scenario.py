"""The replies of the mock server as data: a `Scenario`, or a `RawReply` for broken HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from itertools import chain, cycle
from typing import Final, Literal, NamedTuple, TypeAlias

EVENT_STREAM = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

Gate: TypeAlias = threading.Event | Callable[[], bool]


class RequestContent(NamedTuple):
    """A request, for a scenario whose reply depends on it; header names are in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes


class Step(NamedTuple):
    """One write: wait for `delay`, then send `data` in a chunk of its own.

    `delay` is in seconds, or a gate that another thread opens: a `threading.Event`, or a function
    that is called again until it returns true. `says` holds the bytes of the stream that a client
    can read from this write; None means `data`, which is right unless a fault is involved.
    """

    delay: float | Gate
    data: bytes
    says: bytes | None = None


class ReplyEnd(Enum):
    """The end of a reply, after its last step."""

    COMPLETE = "complete"  # end as HTTP requires, ready for the next request
    CLOSE = "close"  # close the connection (FIN)
    GARBLE = "garble"  # write bytes that are not a chunk, then close
    RESET = "reset"  # reset the connection (RST)
    HOLD = "hold"  # keep the connection open, silent, until the client leaves
    HALF_OPEN = "half-open"  # keep it open, and do not notice that the client leaves


# The end of a body is shown by chunks or a Content-Length ("http"), or by the end of the connection
# ("close"); with "none" not even a head is sent.
Framing: TypeAlias = Literal["http", "close", "none"]

_HAS_IDS = re.compile(rb"(?:\A|[\r\n])id[:\r\n]")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A reply of the mock server.

    `headers` are added to those that the server sets itself; a `Content-Length` among them replaces
    chunked coding. An empty `content_type` means no such header. `wait` is the time before the
    head, in seconds. After `steps`, the steps of `repeated` follow over and over, if there are any.
    `later_replies` are the replies of the same stream to later connections. `api` is the API whose
    paths it answers, "" for every path. `respond` returns the reply to a request that is more than
    a question for this stream, None for this stream.
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
    api: str = ""
    respond: Respond | None = None

    @classmethod
    def of(  # noqa: PLR0913 (the fields of a reply; all but two are named options)
        cls,
        name: str,
        steps: Iterable[tuple[float | Gate, bytes]],
        *,
        description: str = "",
        status: int = 200,
        content_type: str = EVENT_STREAM,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Scenario:
        """Return a scenario of (delay, bytes) pairs."""
        all_steps = tuple(Step(delay, data) for delay, data in steps)
        return cls(name, description, all_steps, status, content_type, tuple(headers))

    @property
    def body(self) -> bytes:
        """The bytes of all steps, without repetitions."""
        return b"".join(step.data for step in self.steps)

    def all_steps(self) -> Iterator[Step]:
        """Return an iterator over the steps, and over the repeated ones forever."""
        return chain(self.steps, cycle(self.repeated))

    def at_speed(self, speed: float) -> Scenario:
        """Return this scenario `speed` times as fast, 0 without waits. Gates are kept."""
        factor = 1 / speed if speed else 0.0
        return replace(
            self,
            wait=self.wait * factor,
            steps=tuple(_scaled(step, factor) for step in self.steps),
            repeated=tuple(_scaled(step, factor) for step in self.repeated),
            later_replies=tuple(one.at_speed(speed) for one in self.later_replies),
            respond=self.responding(lambda reply: reply.at_speed(speed)),
        )

    def responding(self, change: Callable[[Scenario], Scenario]) -> Respond | None:
        """Return `respond` with a change to each of its replies; None if it is None."""
        if (respond := self.respond) is None:
            return None

        def changed(request: RequestContent) -> Scenario | None:
            reply = respond(request)
            return None if reply is None else change(reply)

        return changed

    def looped(self) -> Scenario:
        """Return this scenario repeated forever, all its connections in one.

        A reply without a stream is returned as it is.
        """
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
        """Return this scenario without repetition, with a complete end."""
        return replace(self, framing="http", end=ReplyEnd.COMPLETE, repeated=())

    def resume_after(self, last_event_id: str) -> Scenario:
        """Return the rest for a client whose last event ID is this one (HTML 9.2.4).

        If no event is left in a reply, return the next reply, or `NOTHING_LEFT` after the last.
        For an unknown ID the scenario starts from its beginning.
        """
        if not last_event_id:  # a stream can set an empty ID, but clients do not send one
            return self
        replies = (self, *self.later_replies)
        for number, reply in enumerate(replies):
            if (resumed := reply._rest_after(last_event_id)) is None:
                continue
            rest, has_event = resumed
            if not has_event and number + 1 < len(replies):
                return replies[number + 1]
            return rest if rest.steps or rest.repeated else NOTHING_LEFT
        return self

    def _rest_after(self, last_event_id: str) -> tuple[Scenario, bool] | None:
        """Return the reply after the event with this ID, and whether it still has an event.

        Return None if no event has this ID.
        """
        from sse_cli.mockserver.scenarios.resume_points import resume_points_of  # noqa: PLC0415 (rule 3)

        points = resume_points_of(self.steps, lambda: self.body)
        if (offset := points.ends.get(last_event_id)) is None:
            return None
        return replace(self, steps=_from(self.steps, offset)), offset < points.last

    def for_connection(self, number: int) -> Scenario:
        """Return the reply to connection `number` (from 0) of clients without a last event ID.

        A stream without IDs gives its replies in turn; one with IDs starts from its beginning.
        """
        replies = (self, *self.later_replies)
        if any(_HAS_IDS.search(reply.body) for reply in replies):
            return self
        return replies[number % len(replies)]


Respond: TypeAlias = Callable[[RequestContent], Scenario | None]

# 204 stops a client from reconnecting (HTML 9.2.2).
NOTHING_LEFT: Final = Scenario("", "", (), 204, "")


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply in raw bytes: each step is written as it is, head and framing included.

    `steps` is called once for each request; the steps that it returns may never end.
    """

    steps: Callable[[], Iterable[Step]]
    end: ReplyEnd = ReplyEnd.CLOSE


MockReply: TypeAlias = Scenario | RawReply


def _from(steps: tuple[Step, ...], offset: int) -> tuple[Step, ...]:
    """Return the steps that write the bytes from `offset` on; none behind the last byte."""
    for number, step in enumerate(steps):
        if offset < len(step.data):
            return (step._replace(data=step.data[offset:]), *steps[number + 1 :])
        offset -= len(step.data)
    return ()


def _scaled(step: Step, factor: float) -> Step:
    if isinstance(step.delay, (int, float)):
        return step._replace(delay=step.delay * factor)
    return step
