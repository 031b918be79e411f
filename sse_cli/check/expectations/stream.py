"""Expectations of a stream as a whole: its reply, its ending, its number of events."""

from __future__ import annotations

import difflib
from typing import Final

from sse_cli.check.expectations.base import Expectation, Judgement, StreamFacts, count
from sse_cli.model import media_type
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending

WHOLE: Final = (Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED, Ending.LIMIT)


class IsEventStream(Expectation):
    """Default expectation that the reply, or the file, is an event stream."""

    name = "reply"

    def __init__(self) -> None:
        super().__init__("an event stream")

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the status and content type of the reply."""
        opened = facts.opened
        if opened is None:
            return Judgement(False, "no reply")
        if opened.status is None:
            media = {"other": "something else"}.get(opened.media, opened.media)
            return Judgement(opened.media != "other", media)
        kind = media_type.essence(opened.header("content-type")) or "no content type"
        return Judgement(opened.media != "other", f"{opened.status} {kind}")


class Whole(Expectation):
    """Default expectation that the stream ends normally and no event reports an error."""

    name = "ending"

    def __init__(self) -> None:
        super().__init__("whole, no error event")

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: the end is still to come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the ending and its evidence."""
        return Judgement(facts.closed.ending in WHOLE, _ending(facts.closed), facts.error)


class Status(Expectation):
    """Expectation of the reply's status."""

    name = "status"

    def __init__(self, text: str) -> None:
        self.status = count(text, self.option)
        if not 100 <= self.status <= 599:
            raise UsageError(f"{self.option} {text} is not a valid status", "write 200 or 401")
        super().__init__(str(self.status))

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the status of the reply; a file has none."""
        status = facts.opened.status if facts.opened else None
        return Judgement(status == self.status, "none" if status is None else str(status))


class EndingIs(Expectation):
    """Expectation that the stream ends in one of the named ways: `NAME[,NAME]`."""

    name = "ending"

    def __init__(self, text: str) -> None:
        names = [word.strip() for word in text.split(",")]
        known = [ending.value for ending in Ending if ending is not Ending.INTERRUPTED]
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = (
                    f"did you mean {close[0]}?" if close else f"the endings are {', '.join(known)}"
                )
                raise UsageError(f"{self.option} {name!r} is not a valid ending", hint)
        self.endings = frozenset(map(Ending, names))
        super().__init__(" or ".join(names))

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: the end is still to come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the ending and its evidence."""
        return Judgement(facts.closed.ending in self.endings, _ending(facts.closed), facts.error)


class MinEvents(Expectation):
    """Expectation of a minimum number of events."""

    name = "min-events"

    def __init__(self, text: str) -> None:
        self.least = count(text, self.option)
        super().__init__(f"{self.least:,} or more")

    def can_change(self, _: StreamFacts, /) -> bool:
        """Return True: more of them might come."""
        return True

    def judge(self, facts: StreamFacts, /) -> Judgement:
        """Return the number of events."""
        messages = facts.timing.messages
        return Judgement(messages >= self.least, f"{messages:,}")


def _ending(closed: Closed) -> str:
    return f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value
