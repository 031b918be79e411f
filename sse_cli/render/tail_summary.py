"""The closing summary of `tail`: ending, times and rate of an answer, and its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.text import Text

from sse_cli.llm.repairs import Fault
from sse_cli.render.summary_lines import (
    Figure,
    coding_lines,
    ending_line,
    equal_once,
    figures_line,
    phases_lines,
    reconnects_lines,
)
from sse_cli.run.measurements import RunReport
from sse_cli.run.response_observer import ResponseObserver
from sse_cli.run.unread_events import Unread, UnreadFault
from sse_cli.text import escaping, units


def lines(
    report: RunReport, response: ResponseObserver, *, explained: bool = False
) -> Iterable[Text]:
    """Yield the ending and its evidence, then the figures.

    `explained` leaves out the evidence, because an error line below gives it.
    """
    yield Text()
    yield ending_line(report.closed, explained=explained)
    if report.measured.timing.headers is not None:
        yield figures_line(_figures(report, response))
    yield from phases_lines(report.measured)
    yield from reconnects_lines(report.measured)
    yield from coding_lines(report.measured)


_FAULTS: Final[dict[UnreadFault, tuple[str, str]]] = {  # of one event, and of several
    "two documents": ("holds two JSON documents", "hold two JSON documents each"),
    "broken": ("holds broken JSON", "hold broken JSON"),
    "not JSON": ("is not JSON", "are not JSON"),
}


def unread(found: Iterable[Unread]) -> Iterable[Text]:
    """Yield a warning for each fault of events that no format can read."""
    for fault, number, first in found:
        one, several = _FAULTS[fault]
        words = f"{number:,} events {several}: the first is event {first:,}"
        words = f"event {first:,} {one}" if number == 1 else words
        yield Text.assemble(("warning: ", "sse.stopped"), words)


def differing(parts: int) -> Iterable[Text]:
    """Yield a warning that the text of `parts` differs from what a closing event repeats."""
    what = "the text" if parts == 1 else f"the text of {parts} parts"
    text = f"{what} differs from the closing event's: events were lost, or the server changed it"
    yield Text.assemble(("warning: ", "sse.stopped"), text)


_REPAIRS: Final[dict[Fault, tuple[str, str]]] = {
    "parts": ("event was part of a JSON document", "events were parts of JSON documents"),
    "encoded": ("event holds JSON encoded twice", "events hold JSON encoded twice"),
    "framed": ("event holds an event (framed twice)", "events hold an event each (framed twice)"),
}


def repaired(counts: Mapping[Fault, int]) -> Iterable[Text]:
    """Yield a warning for each fault in the payloads of events that were read all the same."""
    for fault, number in counts.items():
        one, several = _REPAIRS[fault]
        what = f"1 {one}" if number == 1 else f"{number:,} {several}"
        text = f"{what}: sse read on, most clients cannot"
        yield Text.assemble(("warning: ", "sse.stopped"), text)


def voided(characters: int) -> Iterable[Text]:
    """Yield a warning that text was written which is not part of the answer."""
    count = units.count(characters, "character")
    text = f"not part of the answer: the first {count}, written before its format was known"
    yield Text.assemble(("warning: ", "sse.stopped"), text)


def failure(reason: str) -> Iterable[Text]:
    """Yield a warning that an answer failed although its stream ended well."""
    words = f"the answer failed: its finish reason is {escaping.compact(reason)}"
    yield Text.assemble(("warning: ", "sse.stopped"), words)


def nothing(why: str) -> Iterable[Text]:
    """Yield a warning that a stream ended well but gave no text; `why` is the reason."""
    yield Text.assemble(("warning: ", "sse.stopped"), escaping.compact(why))
    yield Text.assemble(("hint: ", "sse.heading"), "run sse watch to see what the events contain")


def failed_expressions(failures: Mapping[str, tuple[int, str]]) -> Iterable[Text]:
    """Yield a warning for each of the user's expressions that failed; `failures` holds the
    number of errors and the first of them by name."""
    for name, (number, why) in failures.items():
        times = units.count(number, "time")
        text = f"{escaping.compact(name)} failed {times}: {escaping.compact(why)}"
        yield Text.assemble(("warning: ", "sse.stopped"), text)


def _figures(report: RunReport, response: ResponseObserver) -> list[Figure]:
    timing, first = report.measured.timing, response.timing.first
    wire = response.accumulator.format
    figures: list[Figure] = [("", escaping.compact(wire.name))] if wire else []
    figures.append(("", units.count(timing.messages, "event")))
    if timing.last:  # a raw stream in a file has no times
        kinds = [kind for kind in ("reasoning", "text") if kind in first]
        figures += equal_once((f"first {kind}", units.seconds(first[kind])) for kind in kinds)
        figures.append(("in", units.seconds(report.closed.at)))
    name, rate = response.timing.rate(response.accumulator.usage)
    if rate:
        figures.append(("", f"{rate:.0f} {name.partition('_')[0]}/s"))
    finish = response.accumulator.choice().finish
    return [*figures, ("finish", escaping.compact(finish))] if finish else figures
