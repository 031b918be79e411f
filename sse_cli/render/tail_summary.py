"""The closing line of `tail`: how the answer ended, when it began, how fast it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.text import Text

from sse_cli.render.summary import Figure, ending_line, figures_line, reconnects_lines
from sse_cli.run.measurements import RunReport
from sse_cli.run.response_observer import ResponseObserver
from sse_cli.text import escaping, units


def lines(
    report: RunReport, response: ResponseObserver, *, explained: bool = False
) -> Iterable[Text]:
    """Return ending and evidence, then the figures. `explained`: an error line below gives the
    ending's detail."""
    yield Text()
    yield ending_line(report.closed, explained=explained)
    if report.measured.timing.headers is not None:
        yield figures_line(_figures(report, response))
    yield from reconnects_lines(report.measured)


def broken_json(number: int, first: int) -> Iterable[Text]:
    """Payloads that began as JSON and were none."""
    events = "1 event holds" if number == 1 else f"{number:,} events hold"
    where = f"event {first}" if number == 1 else f"the first is event {first}"
    yield Text.assemble(("warning: ", "sse.stopped"), f"{events} broken JSON: {where}")


def nothing(why: str) -> Iterable[Text]:
    """Nothing was typed out, though the stream ended well."""
    yield Text.assemble(("warning: ", "sse.stopped"), escaping.compact(why))
    yield Text.assemble(("hint: ", "sse.heading"), "sse watch shows what the events hold")


def failed_expressions(failures: Mapping[str, tuple[int, str]]) -> Iterable[Text]:
    """The expressions of a person's own that failed, each once."""
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
        for label, kind in (("first reasoning", "reasoning"), ("first text", "text")):
            if kind in first:
                figures.append((label, units.seconds(first[kind])))
        figures.append(("in", units.seconds(report.closed.at)))
    name, rate = response.timing.rate(response.accumulator.usage)
    if rate:
        figures.append(("", f"{rate:.0f} {name.partition('_')[0]}/s"))
    finish = response.accumulator.choice().finish
    return [*figures, ("finish", escaping.compact(finish))] if finish else figures
