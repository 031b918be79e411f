"""The limit on the time for which a stream is read."""

from __future__ import annotations

from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending
from sse_cli.model.observer import Due, Observer


class TimeLimit(Observer):
    """An observer that ends a run after `seconds`, by the stamps of its signals and by its clock.

    This is a success if there was a reply.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def due(self) -> Due:
        """Return the time at which the run ends."""
        return Due(self.seconds, grace=0.0, cuts_off=True)

    def overdue(self, at: float, *, has_reply: bool) -> Closed:  # noqa: ARG002 (the limit is the stamp)
        """Return the end: a limit, or a deadline if no reply came in time."""
        if not has_reply:
            detail = f"no reply had come after {self.seconds:g} s"
            return Closed(self.seconds, Ending.DEADLINE, detail, Cause.READING_TIME)
        detail = f"watched for {self.seconds:g} s, as asked"
        return Closed(self.seconds, Ending.LIMIT, detail)
