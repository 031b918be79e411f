"""What a person reads below the rows: the live footer, and the closing summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from sse_cli.analysis.timing import Timing
from sse_cli.llm.highlights import Highlights
from sse_cli.model.events import Closed, Ending
from sse_cli.query.selection import Expression, Selection
from sse_cli.render.console import prose
from sse_cli.run.measurements import Measurements, RunReport
from sse_cli.text import escaping, units

QUIET_SECONDS: Final = 1.0
# From here on an idle limit between server and reader is what will end the stream: Google's
# load balancers and Heroku cut at 30 s, nginx and AWS's ALB at 60 s, Cloudflare at 100 s.
LONG_SECONDS: Final = 45.0
IDLE_LIMITS: Final = "proxies cut at 60s (nginx, AWS ALB), 30, 100"
_GOOD: Final = frozenset({Ending.DONE, Ending.EOF, Ending.EOF_UNVERIFIED})
_CLEAN: Final = frozenset({Ending.EOF, Ending.EOF_UNVERIFIED})
_STOPPED: Final = frozenset({Ending.LIMIT, Ending.INTERRUPTED})

Figure = tuple[str, str]  # label, value


def footer(timing: Timing, now: float) -> Text:
    """The live line: what the stream does at this moment. `now` is seconds of the run's clock."""
    silent = now - timing.last
    rate = timing.messages / now if now else 0.0
    if timing.headers is None:
        state, style = "connecting", "sse.stopped"
    elif silent >= LONG_SECONDS:
        return _long_silence(timing.messages, silent)
    elif timing.messages == 0:
        state, style = f"open, no event for {units.seconds(silent)}", "sse.stopped"
    elif silent > QUIET_SECONDS:
        state, style = f"silent for {units.seconds(silent)}", "sse.stopped"
    else:
        state, style = "receiving", "sse.good"
    figures = [units.count(timing.messages, "event"), units.size(timing.bytes), f"{rate:.0f}/s"]
    return Text.assemble(
        (f"{now:.1f}s", "sse.figure"), "  ", "  ".join(figures), "  ", (state, style), no_wrap=True
    )


def _long_silence(messages: int, silent: float) -> Text:
    """What may happen next, and few figures beside it: a line of 80 columns holds it all."""
    events = units.count(messages, "event")
    state = f"silent for {units.seconds(silent)}: {IDLE_LIMITS}"
    return Text.assemble((events, "sse.figure"), "  ", (state, "sse.gap.stall"), no_wrap=True)


@dataclass(frozen=True, slots=True)
class WatchDetails:
    """The part of a summary that only `watch` has: `shown` counts the messages that passed the
    filters; `everything` tells that comments and retries were shown, too."""

    selection: Selection
    shown: int
    expressions: Sequence[Expression] = ()
    everything: bool = False
    highlights: Highlights | None = None


def summary(
    report: RunReport, details: WatchDetails, *, explained: bool = False, unicode: bool = True
) -> Iterable[Text]:
    """Return the closing lines: how it ended and why, how much came, when, and what was not
    shown. `explained`: an error line below gives the ending's detail."""
    timing = report.measured.timing
    yield Text()
    yield ending_line(report.closed, explained=explained)
    if timing.headers is None:
        return
    yield figures_line(_amounts(report, details))
    if timing.last:  # a raw stream in a file has no times
        yield figures_line(_firsts(timing, details))
    if timing.last and timing.gaps.count:
        yield _gaps(timing, unicode=unicode)
    yield from reconnects_lines(report.measured)
    yield from _notes(report, details)
    for expression in details.expressions:
        if expression.errors:
            times = units.count(expression.errors, "time")
            why = escaping.compact(expression.first_error)
            text = f"{expression.option} {escaping.compact(expression.text)} failed {times}: {why}"
            yield _note(text, "sse.ignored")


def ending_line(closed: Closed, *, explained: bool = False) -> Text:
    """How the stream ended, and the evidence, unless an error line below gives it."""
    ending = closed.ending
    style = "sse.good" if ending in _GOOD else "sse.stopped" if ending in _STOPPED else "sse.bad"
    if explained or not closed.detail:
        return Text(ending.value, style)
    return prose(f"{ending.value}  ", style, escaping.compact(closed.detail))


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
    return figures


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


def reconnects_lines(measured: Measurements) -> Iterable[Text]:
    """Return what reconnecting did, if anything: events that came again, or never."""
    reconnects, audit = measured.connections.reconnects, measured.resume_audit
    if not reconnects:
        return
    line = Text(f"reconnected {units.count(reconnects, 'time')}", style="sse.label")
    if audit.repeated:
        line.append(f"  {units.count(audit.repeated, 'event')} repeated", "sse.ignored")
    if audit.skipped:
        line.append(f"  {audit.skipped:,} skipped", "sse.bad")
    yield line


def _notes(report: RunReport, details: WatchDetails) -> Iterable[Text]:
    highlights, is_clean = details.highlights, report.closed.ending in _CLEAN
    if highlights and highlights.format and is_clean and not highlights.is_whole:
        name = escaping.compact(highlights.format.name)
        text = f"the end that {name} requires never came: a cut? (sse tail exits with 5)"
        yield prose("warning: ", "sse.stopped", text)
    counts = report.measured.counts.counts
    hidden = [
        units.count(number, name)
        for name, number in sorted(counts.items())
        if not details.everything and name != "ignored line"
    ]
    if hidden:
        yield _note(f"not shown: {', '.join(hidden)} (--all shows them)", "sse.label")
    if number := counts["ignored line"]:
        lines = units.count(number, "ignored line")
        yield _note(f"{lines}: a browser drops such lines in silence", "sse.ignored")


def _note(text: str, style: str) -> Text:
    """A line of words, which a narrow terminal gets wrapped between them."""
    return Text(text, style=style, no_wrap=False)


def figures_line(figures: Iterable[Figure]) -> Text:
    """Figures side by side, each after its label."""
    line = Text(no_wrap=False)  # where there is no room for all, between two words
    for label, value in figures:
        line.append("  " if line else "")
        line.append(f"{label} " if label else "", "sse.label")
        line.append(value, "sse.figure")
    return line
