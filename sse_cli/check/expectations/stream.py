"""What is expected of a stream as a whole: its reply, its end, how much there is of it."""

from __future__ import annotations

import difflib
from typing import Final

from sse_cli.check.expectations.base import Expectation, Finding, StreamFacts, count
from sse_cli.model import media_type
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending

WHOLE: Final = (Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED, Ending.LIMIT)


class IsEventStream(Expectation):
    """By default: the reply, or the file, is an event stream."""

    name = "reply"

    def __init__(self) -> None:
        super().__init__("an event stream")

    def judge(self, facts: StreamFacts, /) -> Finding:
        """Status and content type, as the reply has them."""
        opened = facts.opened
        if opened is None:
            return Finding(False, "no reply")
        if opened.status is None:
            found = {"other": "something else"}.get(opened.media, opened.media)
            return Finding(opened.media != "other", found)
        kind = media_type.essence(opened.header("content-type")) or "no content type"
        return Finding(opened.media != "other", f"{opened.status} {kind}")


class Whole(Expectation):
    """By default: the stream came to its end, and no event reports an error."""

    name = "ending"

    def __init__(self) -> None:
        super().__init__("whole, no error event")

    def can_change(self, _: StreamFacts, /) -> bool:
        """The end is still to come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The ending and its evidence."""
        return Finding(facts.closed.ending in WHOLE, _ending(facts.closed), facts.error)


class Status(Expectation):
    """Expectation of the reply's status."""

    name = "status"

    def __init__(self, text: str) -> None:
        self.status = count(text, self.option)
        if not 100 <= self.status <= 599:
            raise UsageError(f"{self.option} {text} is not a valid status", "write 200 or 401")
        super().__init__(str(self.status))

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The status of the reply; a file has none."""
        status = facts.opened.status if facts.opened else None
        return Finding(status == self.status, "none" if status is None else str(status))


class EndingIs(Expectation):
    """Expectation that the stream ends in one of the ways named: `NAME[,NAME]`."""

    name = "ending"

    def __init__(self, text: str) -> None:
        names = [word.strip() for word in text.split(",")]
        known = [ending.value for ending in Ending if ending is not Ending.INTERRUPTED]
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                raise UsageError(f"{self.option} {name!r} is not a valid ending", hint)
        self.endings = frozenset(map(Ending, names))
        super().__init__(" or ".join(names))

    def can_change(self, _: StreamFacts, /) -> bool:
        """The end is still to come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The ending and its evidence."""
        return Finding(facts.closed.ending in self.endings, _ending(facts.closed), facts.error)


class MinEvents(Expectation):
    """Expectation of a number of events, or more."""

    name = "min-events"

    def __init__(self, text: str) -> None:
        self.least = count(text, self.option)
        super().__init__(f"{self.least:,} or more")

    def can_change(self, _: StreamFacts, /) -> bool:
        """More of them might come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Finding:
        """The number of events."""
        messages = facts.timing.messages
        return Finding(messages >= self.least, f"{messages:,}")


def _ending(closed: Closed) -> str:
    return f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value
