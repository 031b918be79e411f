"""What `check` found, for people: a heading a stream, a line an expectation, the event at fault.

Every line begins with words of ours, so that no server can begin one with a workflow command
of GitHub's (`::error::`); the older form of those (`##[error]`) is defused wherever it is.
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
from sse_cli.model.errors import ExitCode
from sse_cli.render.console import is_unicode
from sse_cli.text import escaping, units

# Mark, its plain form, style: by the verdict.
_MARKS: Final = {
    "held": ("✓", "ok", "sse.good"),
    "failed": ("✗", "no", "sse.bad"),
    "unjudged": ("?", "??", "sse.stopped"),
}
EXCERPT: Final = 300  # characters that are shown of a text, or of an event in a pipe


@dataclass(frozen=True)
class ReportLayout:
    """Where the report goes, and its columns if it is a terminal: a pipe has no width.

    `empty_hint` is the advice where a stream held though no event came.
    """

    console: Console
    empty_hint: str
    width: int | None = None

    @property
    def unicode(self) -> bool:
        """Whether more than ASCII can be shown."""
        return is_unicode(self.console)

    def mark(self, verdict: str) -> tuple[str, str]:
        """The sign of a verdict, with its style."""
        sign, plain, style = _MARKS[verdict]
        return (sign if self.unicode else plain, style)


def stream_lines(checked: Checked, page: ReportLayout) -> Iterable[Text]:
    """All attempts of a stream."""
    for number, attempt in enumerate(checked.attempts, 1):
        yield from _attempt(checked, attempt, number, page)
    if checked.last:
        return
    number = len(checked.attempts) + 1
    note = f"attempt {number} was interrupted" if number > 1 else "it was stopped before"
    yield _heading(checked, None, "unjudged", f"not judged: {note}", page)


def closing_lines(streams: Sequence[Checked]) -> Iterable[Text]:
    """How many streams passed, if there are several."""
    if len(streams) < 2:
        return
    passed = sum(one.exit_code == ExitCode.OK for one in streams)
    failed = sum(one.exit_code == ExitCode.EXPECTATION for one in streams)
    unjudged = len(streams) - passed - failed
    line = Text(f"{len(streams):,} streams: ")
    parts = [(passed, "passed", "sse.good"), (failed, "failed", "sse.bad")]
    parts.append((unjudged, "not judged", "sse.stopped"))
    shown = [(f"{number:,} {word}", style) for number, word, style in parts if number]
    for index, (words, style) in enumerate(shown):
        line.append(", " if index else "").append(words, style)
    yield line


def _attempt(checked: Checked, attempt: Attempt, number: int, page: ReportLayout) -> Iterable[Text]:
    outcome = attempt.outcome
    verdict = "held" if outcome.held else "failed" if outcome.is_judged else "unjudged"
    note = f"attempt {number}" if len(checked.attempts) > 1 or checked.signal_number else ""
    yield _heading(checked, attempt, verdict, note, page)
    judged = [result for result in outcome.results if result.verdict != "unjudged"]
    width = max((len(result.name) for result in judged), default=0)
    for result in judged:
        yield from _result(result, width, page)
    if outcome.held and attempt.is_empty:
        words = f"no event came; {page.empty_hint}"
        yield Text.assemble(("  warning: ", "sse.stopped"), words)
    if not outcome.is_judged:
        closed = outcome.closed
        words = f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value
        yield from _wrapped(Text("  "), [(words, "sse.bad")], page)
    if rest := [result.name for result in outcome.results if result.verdict == "unjudged"]:
        yield from _wrapped(Text("  "), [(f"not judged: {', '.join(rest)}", "sse.label")], page)
    if outcome.closed.body and not outcome.held:
        yield _body(outcome.closed.body, page)
    if attempt.recording:
        yield Text.assemble(("  kept as ", "sse.label"), _clean(attempt.recording))


def _heading(
    checked: Checked, attempt: Attempt | None, verdict: str, note: str, page: ReportLayout
) -> Text:
    line = Text.assemble(page.mark(verdict), " ")
    if not f" {checked.target}".endswith(f" {checked.name}"):  # else it is the URL, or the file
        line.append(f"{_clean(checked.name)}  ", "sse.heading")
    line.append(_clean(checked.target), "sse.label")
    if attempt:
        line.append(f"  {units.seconds(attempt.seconds)}", "sse.figure")
    return line.append(f"  {note}", "sse.label") if note else line


def _result(result: Result, width: int, page: ReportLayout) -> Iterable[Text]:
    """What was expected and found: whole if it failed, else one line of a terminal at most."""
    start = Text.assemble("  ", page.mark(result.verdict), f" {result.name:{width}}  ")
    indent = " " * start.cell_len
    if result.verdict == "held":
        found, expected = _clean(result.found), f"  ({_clean(result.expected)})"
        room = page.width and page.width - start.cell_len
        found = _cut(found, room)
        start.append(found)
        yield start.append(_cut(expected, room and room - cell_len(found)), "sse.label")
        return
    parts = [("expected ", "sse.label"), (result.expected, ""), (", found ", "sse.label")]
    yield from _wrapped(start, [*parts, (_short(result.found), "sse.bad")], page)
    if result.witness:
        yield _witness(result.witness, indent, page)


def _witness(witness: Evidence, indent: str, page: ReportLayout) -> Text:
    """The event at fault, as much of it as fits a line."""
    where = f"event {witness.n:,}" if witness.n else "line"
    kind = f" {witness.event}" if witness.event not in ("", "message") else ""
    line = Text.assemble(
        indent, (_clean(f"{where}{kind} at {units.clock(witness.at)}"), "sse.type")
    )
    room = page.width - line.cell_len - 2 if page.width else EXCERPT
    return line.append("  ").append(_cut(_clean(witness.data), room), "sse.data")


def _body(body: bytes, page: ReportLayout) -> Text:
    """The start of a reply that is no event stream."""
    line = Text("  body: ", "sse.label")
    text = _clean(body.decode("utf-8", "replace").strip())
    return line.append(_cut(text, page.width - line.cell_len if page.width else EXCERPT))


def _wrapped(start: Text, parts: Iterable[tuple[str, str]], page: ReportLayout) -> Iterable[Text]:
    """Words after `start`; on a terminal with what follows on lines of its own, below them."""
    words = Text.assemble(*((_clean(text), style) for text, style in parts))
    if not page.width:
        yield start + words
        return
    indent = " " * start.cell_len
    room = max(page.width - start.cell_len, 20)
    for line in words.wrap(page.console, room):
        line.rstrip()
        yield start + line
        start = Text(indent)


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def _cut(text: str, room: int | None) -> str:
    """`text` in `room` columns at most; None is no limit."""
    if room is None or cell_len(text) <= room:
        return text
    return chop_cells(text, room - 1)[0] + "…" if room > 1 else ""


def _clean(text: str) -> str:
    return defused(escaping.compact(text))
