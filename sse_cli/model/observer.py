"""The protocol by which a run passes signals, rows and notes to its observers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sse_cli.model.events import Closed, Ending, Reconnecting, Signal
from sse_cli.model.row import Note, Row

BATCH: Final = 128  # the most messages passed on together, since Ctrl-C waits for their end
GRACE: Final = 0.1  # seconds in which an event is still read that came in time by its stamp


class Stop(NamedTuple):
    """A reason to end a run although the stream goes on."""

    ending: Ending
    detail: str


class Due(NamedTuple):
    """A moment (seconds of the run) after which the run ends unless an event comes before.

    A source stops waiting `grace` seconds later, and a signal that came too late is still processed
    as evidence. With `cuts_off` it is dropped, and the run's clock counts as well as the stamps of
    the signals, because the stamps of a file stand still.
    """

    at: float
    grace: float = GRACE
    cuts_off: bool = False


class Observer:
    """A part of a run that measures, judges, filters, records or shows the stream.

    A run calls its observers in the order of its list. The methods of this class do nothing, and a
    run calls only methods that are overridden, so the others cost nothing.
    """

    def start(self) -> None:
        """Begin: the target is open, and no signal has come yet."""

    def signal(self, signal: Signal) -> None:
        """Take a signal of the wire, before the events that follow from it."""

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Take messages of one read; return the messages for the observers after this one."""
        return rows

    def note(self, note: Note, /) -> None:
        """Take any event that is not a message; `Closed` goes to `finish` instead."""

    def lost(self, end: Reconnecting, /) -> Reconnecting:
        """Take the end of a connection that another follows; return it, changed or not.

        It comes before all observers get it as a note.
        """
        return end

    def flush(self) -> None:
        """Write or pass on anything held back: all messages of a read have been passed."""

    def room(self) -> int:
        """Return how many messages may be passed on together."""
        return BATCH

    def stop(self) -> Stop | None:
        """Return why the run ends here, None to read on. Asked after each batch of messages.

        Overriding it keeps a source from pushing, because messages that came in the same read as
        the last one wanted must be neither recorded nor counted.
        """

    def due(self) -> Due | None:
        """Return when this observer gives up waiting, None for never. Any thread may ask."""

    def overdue(self, at: float, *, has_reply: bool) -> Closed:
        """Return the end of the run once the moment of `due` has passed.

        `at` is the stamp of the first signal after it.
        """
        raise NotImplementedError

    def finish(self, closed: Closed) -> Closed:
        """Take the end of the run; return it, changed or not, for the observers after this one."""
        return closed

    def close(self) -> None:
        """Release what `start` opened; called however the run ended."""


def overrides(observer: Observer, method: str) -> bool:
    """Return whether an observer does anything in `method`."""
    return getattr(type(observer), method) is not getattr(Observer, method)
