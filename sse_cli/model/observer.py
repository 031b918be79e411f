"""The one protocol by which a run hands out what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sse_cli.model.events import Closed, Ending, Signal
from sse_cli.model.row import Note, Row

BATCH: Final = 128  # messages handed out together at most: Ctrl-C waits for no more than these
GRACE: Final = 0.1  # seconds in which an event that came in time, by its stamp, is still read


class Stop(NamedTuple):
    """A reason to end a run although the stream goes on."""

    ending: Ending
    detail: str


class Due(NamedTuple):
    """The moment (seconds of the run) after which a run ends unless something comes before.

    A source stops waiting `grace` seconds later, and the signal that came too late is still
    worked through, as evidence. With `cuts_off` it is dropped, and the run's clock counts beside
    the stamps of the signals, since those of a file stand still.
    """

    at: float
    grace: float = GRACE
    cuts_off: bool = False


class Observer:
    """A part of a run: it measures, judges, filters, records or shows what passes.

    A run calls its observers in the order of its list. Each method does nothing here, and a run
    calls only methods that are overridden, so an observer costs no more than it does.
    """

    def start(self) -> None:
        """Begin: the target is open, and no signal has come yet."""

    def signal(self, signal: Signal) -> None:
        """Take a signal of the wire, before the events that follow from it."""

    def rows(self, rows: Sequence[Row], /) -> Sequence[Row]:
        """Take messages of one read; return those that the observers after this one get."""
        return rows

    def note(self, note: Note, /) -> None:
        """Take any event that is not a message; `Closed` goes to `finish` instead."""

    def flush(self) -> None:
        """Hand over what is held back: a read has been worked through."""

    def room(self) -> int:
        """Return how many messages may be handed out together."""
        return BATCH

    def stop(self) -> Stop | None:
        """Return why the run ends here, None to read on. Asked after each batch of messages.

        Overriding it keeps a source from pushing: what came together with the last message that
        is wanted must be neither recorded nor counted.
        """

    def due(self) -> Due | None:
        """Return when this observer gives up waiting, None for never. Any thread may ask."""

    def overdue(self, at: float, *, has_reply: bool) -> Closed:
        """Return the end of the run once the moment of `due` has passed; `at` is the stamp of
        the first signal after it."""
        raise NotImplementedError

    def finish(self, closed: Closed) -> Closed:
        """Take the end of the run; return it as the observers after this one get it."""
        return closed

    def close(self) -> None:
        """Release what `start` opened; called however the run ended."""


def overrides(observer: Observer, method: str) -> bool:
    """Return whether an observer does anything in `method`."""
    return getattr(type(observer), method) is not getattr(Observer, method)
