"""The closing summary of `watch`: ending, amounts, times, gaps, and events not shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from sse_cli.analysis.timing import Timing
from sse_cli.llm.highlights import Highlights
from sse_cli.model.events import Ending
from sse_cli.query.selection import Expression, Selection
from sse_cli.render.console import prose
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
from sse_cli.text import escaping, units

_CLEAN: Final = frozenset({Ending.EOF, Ending.EOF_UNVERIFIED})


@dataclass(frozen=True, slots=True)
class WatchDetails:
    """The figures of a summary that only `watch` has.

    `shown` counts the messages that passed the filters; `everything` says that comments and
    retries were shown, too; `hidden_hint` is the advice if they were not.
    """

    selection: Selection
    shown: int
    expressions: Sequence[Expression] = ()
    everything: bool = False
    highlights: Highlights | None = None
    hidden_hint: str = ""


def lines(
    report: RunReport, details: WatchDetails, *, explained: bool = False, unicode: bool = True
) -> Iterable[Text]:
    """Yield the lines of the summary.

    `explained` leaves out the ending's detail, because an error line below gives it; `unicode`
    allows block characters.
    """
    timing = report.measured.timing
    yield Text()
    yield ending_line(report.closed, explained=explained)
    if timing.headers is None:
        yield from phases_lines(report.measured)
        return
    yield figures_line(_amounts(report, details))
    yield from phases_lines(report.measured)
    if timing.last:  # a raw stream in a file has no times
        yield figures_line(_firsts(timing, details))
    if timing.last and timing.gaps.count:
        yield _gaps(timing, unicode=unicode)
    yield from reconnects_lines(report.measured)
    yield from coding_lines(report.measured)
    yield from _notes(report, details)
    for expression in details.expressions:
        if expression.errors:
            times = units.count(expression.errors, "time")
            why = escaping.compact(expression.first_error)
            text = f"{expression.option} {escaping.compact(expression.text)} failed {times}: {why}"
            yield _note(text, "sse.ignored")


def _amounts(report: RunReport, details: WatchDetails) -> list[Figure]:
    timing, highlights = report.measured.timing, details.highlights
    events = units.count(timing.messages, "event")
    if details.shown != timing.messages:
        events += f" ({details.shown:,} shown)"
    amounts = [("", events), ("", units.size(timing.bytes))]
    if highlights and highlights.format:
        amounts.append(("", escaping.compact(highlights.format.name)))
        if highlights.tokens:
            amounts.append(("", units.count(highlights.tokens, "token")))
    return [*amounts, ("in", units.seconds(report.closed.at))] if timing.last else amounts


def _firsts(timing: Timing, details: WatchDetails) -> list[Figure]:
    firsts = [
        ("headers", timing.headers),
        ("first byte", timing.first_byte),
        ("first event", timing.first_event),
        ("first value", details.selection.first_value),
    ]
    figures = [(label, units.seconds(at)) for label, at in firsts if at]
    if (highlights := details.highlights) and highlights.format:
        figures += [(f"first {kind}", units.seconds(at)) for kind, at in highlights.first.items()]
    return equal_once(figures)


def _gaps(timing: Timing, *, unicode: bool) -> Text:
    gaps = timing.gaps
    line = figures_line(
        [
            ("gaps p50", units.seconds(gaps.percentile(0.5))),
            ("p95", units.seconds(gaps.percentile(0.95))),
            ("max", units.seconds(gaps.max)),
        ]
    )
    if unicode and len(gaps.slices()) > 1:
        line.append("  " + units.sparkline(gaps.slices()), "sse.gap")
    return line


def _notes(report: RunReport, details: WatchDetails) -> Iterable[Text]:
    highlights, is_clean = details.highlights, report.closed.ending in _CLEAN
    if highlights and highlights.format and is_clean and not highlights.is_whole:
        name = escaping.compact(highlights.format.name)
        text = f"the terminator of {name} is missing: was the stream cut? (sse tail exits with 5)"
        yield prose("warning: ", "sse.stopped", text)
    counts = report.measured.counts.counts
    hidden = [
        units.count(number, name)
        for name, number in sorted(counts.items())
        if not details.everything and name != "ignored line"
    ]
    if hidden:
        advice = f" ({details.hidden_hint})" if details.hidden_hint else ""
        yield _note(f"not shown: {', '.join(hidden)}{advice}", "sse.label")
    if number := counts["ignored line"]:
        ignored = units.count(number, "ignored line")
        yield _note(f"{ignored}: a browser drops such lines in silence", "sse.ignored")


def _note(text: str, style: str) -> Text:
    """Return a line to be wrapped between words on a narrow terminal."""
    return Text(text, style=style, no_wrap=False)
