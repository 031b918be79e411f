"""The observers that measure and judge every run, and the report on it.

The classes are plain because creating a dataclass adds a millisecond to each start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sse_cli.analysis.event_counts import Connections, EventCounts
from sse_cli.analysis.resume_audit import ResumeAudit
from sse_cli.analysis.timing import Timing
from sse_cli.analysis.verdict import Verdict
from sse_cli.model.events import Closed, Ending
from sse_cli.model.exit_codes import EXIT_CODES, ExitCode
from sse_cli.model.observer import Observer
from sse_cli.model.row import Row
from sse_cli.parser.session import Session


class Measurements:
    """Times, ending, counts, connections and resumes of one run.

    `missing` returns why an answer is incomplete, "" if it is complete. `format_error` is for
    commands that read no answer (see `Verdict`).
    """

    def __init__(
        self,
        session: Session,
        missing: Callable[[], str] = lambda: "",
        format_error: Callable[[Row], Any] | None = None,
    ) -> None:
        self.timing = Timing()
        self.verdict = Verdict(session.resume, missing, format_error)
        self.counts = EventCounts()
        self.connections = Connections()
        self.resume_audit = ResumeAudit()

    def observers(self) -> list[Observer]:
        """Return the observers in the order in which a run calls them."""
        return [self.timing, self.verdict, self.counts, self.connections, self.resume_audit]


def format_error(row: Row) -> Any:
    """Return the error of an event by the rules of its wire format, None without one."""
    from sse_cli.llm.format_errors import error_of_format  # noqa: PLC0415 (loads JMESPath: 40 ms)

    return error_of_format(row)


class RunReport:
    """The results of a run.

    `signal_number` is the signal that stopped it, 0 for none. With `may_be_empty`, a stream without
    a single event is a success.
    """

    def __init__(
        self,
        measured: Measurements,
        closed: Closed,
        signal_number: int = 0,
        *,
        may_be_empty: bool = False,
    ) -> None:
        self.measured = measured
        self.closed = closed
        self.signal_number = signal_number
        is_tolerated = may_be_empty and closed.ending is Ending.EMPTY
        self._code = ExitCode.OK if is_tolerated else EXIT_CODES[closed.ending]

    @property
    def failed(self) -> bool:
        """True if the ending is a failure to explain."""
        return self._code != ExitCode.OK and self.closed.ending is not Ending.INTERRUPTED

    @property
    def exit_code(self) -> int:
        """The exit code of the run; 128 + N stands for death by signal N."""
        return 128 + self.signal_number if self.signal_number else self._code
