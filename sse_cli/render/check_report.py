"""The text report of `check`: a heading per stream, a line per expectation, the event at fault.

Every line begins with text of ours, so that no server can start one with a workflow command of
GitHub (`::error::`). The older form of these (`##[error]`) is defused anywhere in a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from sse_cli.check.expectations import Evidence
from sse_cli.check.outcome import Attempt, Checked, Result
from sse_cli.check.reports.github_actions import defused
from sse_cli.model.exit_codes import ExitCode
from sse_cli.render.console import is_unicode
from sse_cli.text import escaping, units

# By verdict: mark, mark in ASCII, style.
_MARKS: Final = {
    "held": ("✓", "ok", "sse.good"),
    "failed": ("✗", "no", "sse.bad"),
    "unjudged": ("?", "??", "sse.stopped"),
}
EXCERPT: Final = 300  # most characters shown of a text, or of an event in a pipe


@dataclass(frozen=True)
class ReportLayout:
    """The report's console, and its width in columns; None for a pipe, which has no width."""

    console: Console
    width: int | None = None

    @property
    def unicode(self) -> bool:
        """Whether the console can show more than ASCII."""
        return is_unicode(self.console)

    def mark(self, verdict: str) -> tuple[str, str]:
        """Return the mark of a verdict, and its style."""
        mark, plain, style = _MARKS[verdict]
        return (mark if self.unicode else plain, style)


def stream_lines(checked: Checked, layout: ReportLayout) -> Iterable[Text]:
    """Yield the lines of a stream: each of its attempts."""
    for number, attempt in enumerate(checked.attempts, 1):
        yield from _attempt(checked, attempt, number, layout)
    if checked.last:
        return
    number = len(checked.attempts) + 1
    note = f"attempt {number} was interrupted" if number > 1 else "stopped before it finished"
    yield _heading(checked, None, "unjudged", f"not judged: {note}", layout)


def closing_lines(streams: Sequence[Checked]) -> Iterable[Text]:
    """Yield how many streams passed and failed, if there are several."""
    if len(streams) < 2:
        return
    passed = sum(stream.exit_code == ExitCode.OK for stream in streams)
    failed = sum(stream.exit_code == ExitCode.EXPECTATION for stream in streams)
    unjudged = len(streams) - passed - failed
    line = Text(f"{len(streams):,} streams: ")
    parts = [(passed, "passed", "sse.good"), (failed, "failed", "sse.bad")]
    parts.append((unjudged, "not judged", "sse.stopped"))
    shown = [(f"{number:,} {word}", style) for number, word, style in parts if number]
    for index, (words, style) in enumerate(shown):
        line.append(", " if index else "").append(words, style)
    yield line


def _attempt(
    checked: Checked, attempt: Attempt, number: int, layout: ReportLayout
) -> Iterable[Text]:
    outcome = attempt.outcome
    verdict = "held" if outcome.held else "failed" if outcome.is_judged else "unjudged"
    note = f"attempt {number}" if len(checked.attempts) > 1 or checked.signal_number else ""
    yield _heading(checked, attempt, verdict, note, layout)
    judged = [result for result in outcome.results if result.verdict != "unjudged"]
    name_width = max((len(result.name) for result in judged), default=0)
    for result in judged:
        yield from _result(result, name_width, layout)
    if not outcome.is_judged:
        closed = outcome.closed
        words = f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value
        yield from _wrapped(Text("  "), [(words, "sse.bad")], layout)
    if rest := [result.name for result in outcome.results if result.verdict == "unjudged"]:
        yield from _wrapped(Text("  "), [(f"not judged: {', '.join(rest)}", "sse.label")], layout)
    if outcome.closed.body and not outcome.held:
        yield _body(outcome.closed.body, layout)
    if attempt.recording:
        yield Text.assemble(("  kept as ", "sse.label"), _clean(attempt.recording))


def _heading(
    checked: Checked, attempt: Attempt | None, verdict: str, note: str, layout: ReportLayout
) -> Text:
    line = Text.assemble(layout.mark(verdict), " ")
    if not f" {checked.target}".endswith(f" {checked.name}"):  # a default name repeats it
        line.append(f"{_clean(checked.name)}  ", "sse.heading")
    line.append(_clean(checked.target), "sse.label")
    if attempt:
        line.append(f"  {units.seconds(attempt.seconds)}", "sse.figure")
    return line.append(f"  {note}", "sse.label") if note else line


def _result(result: Result, name_width: int, layout: ReportLayout) -> Iterable[Text]:
    """Yield what was expected and found: in full if it failed, else cut to one terminal line."""
    start = Text.assemble("  ", layout.mark(result.verdict), f" {result.name:{name_width}}  ")
    indent = " " * start.cell_len
    if result.verdict == "held":
        found, expected = _clean(result.found), f"  ({_clean(result.expected)})"
        width = layout.width and layout.width - start.cell_len
        found = _cut(found, width)
        start.append(found)
        yield start.append(_cut(expected, width and width - cell_len(found)), "sse.label")
        return
    parts = [("expected ", "sse.label"), (result.expected, ""), (", found ", "sse.label")]
    yield from _wrapped(start, [*parts, (_short(result.found), "sse.bad")], layout)
    if result.evidence:
        yield _evidence(result.evidence, indent, layout)


def _evidence(evidence: Evidence, indent: str, layout: ReportLayout) -> Text:
    """Return the event at fault, as much of it as fits on a line."""
    where = f"event {evidence.n:,}" if evidence.n else "line"
    kind = f" {evidence.event}" if evidence.event not in ("", "message") else ""
    line = Text.assemble(
        indent, (_clean(f"{where}{kind} at {units.clock(evidence.at)}"), "sse.type")
    )
    width = layout.width - line.cell_len - 2 if layout.width else EXCERPT
    return line.append("  ").append(_cut(_clean(evidence.data), width), "sse.data")


def _body(body: bytes, layout: ReportLayout) -> Text:
    """Return the start of the body of a reply that is not an event stream."""
    line = Text("  body: ", "sse.label")
    text = _clean(body.decode("utf-8", "replace").strip())
    return line.append(_cut(text, layout.width - line.cell_len if layout.width else EXCERPT))


def _wrapped(start: Text, parts: Iterable[tuple[str, str]], layout: ReportLayout) -> Iterable[Text]:
    """Yield the parts after `start`; on a terminal wrapped between words, aligned after it."""
    words = Text.assemble(*((_clean(text), style) for text, style in parts))
    if not layout.width:
        yield start + words
        return
    indent = " " * start.cell_len
    width = max(layout.width - start.cell_len, 20)
    for line in words.wrap(layout.console, width):
        line.rstrip()
        yield start + line
        start = Text(indent)


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def _cut(text: str, width: int | None) -> str:
    """Return `text` cut to at most `width` columns; None sets no limit."""
    if width is None or cell_len(text) <= width:
        return text
    return chop_cells(text, width - 1)[0] + "…" if width > 1 else ""


def _clean(text: str) -> str:
    return defused(escaping.compact(text))
