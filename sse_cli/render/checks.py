"""What `check` found, for people: a heading a stream, a line an expectation, the event at fault.

Every line begins with words of ours, so that no server can begin one with a workflow command
of GitHub's (`::error::`); the older form of those (`##[error]`) is defused wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.text import Text

from sse_cli import safe
from sse_cli.check import Attempt, Checked, Result
from sse_cli.errors import ExitCode
from sse_cli.expectations import Witness
from sse_cli.render import units
from sse_cli.workflow import defused

# Mark, its plain form, style: by the verdict.
_MARKS: Final = {
    "held": ("✓", "ok", "sse.good"),
    "failed": ("✗", "no", "sse.bad"),
    "unjudged": ("?", "??", "sse.stopped"),
}
EXCERPT: Final = 400  # characters of an event in a pipe, which has no width


@dataclass(frozen=True)
class Page:
    """Where the report goes: columns of a terminal (None for a pipe), and what it can show."""

    width: int | None = None
    unicode: bool = True

    def mark(self, verdict: str) -> tuple[str, str]:
        """The sign of a verdict, with its style."""
        sign, plain, style = _MARKS[verdict]
        return (sign if self.unicode else plain, style)


def stream_lines(checked: Checked, page: Page) -> Iterable[Text]:
    """All attempts of a stream."""
    if not checked.attempts:
        yield _heading(checked, None, "unjudged", "not judged: it was stopped before", page)
    for number, attempt in enumerate(checked.attempts, 1):
        yield from _attempt(checked, attempt, number, page)


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


def _attempt(checked: Checked, attempt: Attempt, number: int, page: Page) -> Iterable[Text]:
    outcome = attempt.outcome
    verdict = "held" if outcome.held else "failed" if outcome.is_judged else "unjudged"
    note = f"attempt {number}" if len(checked.attempts) > 1 else ""
    yield _heading(checked, attempt, verdict, note, page)
    width = max((len(result.name) for result in outcome.results), default=0)
    for result in outcome.results:
        yield from _result(result, width, page)
    if not outcome.is_judged:
        closed = outcome.closed
        words = f"{closed.ending}: {closed.detail}" if closed.detail else closed.ending.value
        yield from _wrapped(Text("    "), words, "sse.stopped", page)
    if outcome.closed.body and not outcome.held:
        yield _body(outcome.closed.body, page)
    if attempt.recording:
        yield Text.assemble(("    kept as ", "sse.label"), _clean(attempt.recording))


def _heading(
    checked: Checked, attempt: Attempt | None, verdict: str, note: str, page: Page
) -> Text:
    line = Text.assemble(page.mark(verdict), " ")
    if checked.target.split(" ")[-1] != checked.name:  # else it is the URL, or the file
        line.append(f"{_clean(checked.name)}  ", "sse.heading")
    line.append(_clean(checked.target), "sse.label")
    if attempt:
        line.append(f"  {units.seconds(attempt.seconds)}", "sse.figure")
    return line.append(f"  {note}", "sse.label") if note else line


def _result(result: Result, width: int, page: Page) -> Iterable[Text]:
    """What was expected and found: whole if it failed, else one line of a terminal at most."""
    start = Text.assemble("  ", page.mark(result.verdict), f" {result.name:{width}}  ")
    if result.verdict == "held":
        words = _clean(f"{result.expected}: {result.found}")
        room = page.width and page.width - start.cell_len
        yield start.append(_cut(words, room), "sse.label")
        return
    indent = " " * start.cell_len
    words = f"expected {result.expected}"
    style = "sse.label"
    if result.verdict == "failed":
        words, style = f"{words}, found {result.found}", "none"
    yield from _wrapped(start, words, style, page)
    if result.verdict == "failed" and result.witness:
        yield _witness(result.witness, indent, page)


def _witness(witness: Witness, indent: str, page: Page) -> Text:
    """The event at fault, as much of it as fits a line."""
    where = f"event {witness.n:,}" if witness.n else "line"
    kind = f" {witness.event}" if witness.event not in ("", "message") else ""
    line = Text.assemble(
        indent, (_clean(f"{where}{kind} at {units.clock(witness.at)}"), "sse.type")
    )
    room = page.width - line.cell_len - 2 if page.width else EXCERPT
    return line.append("  ").append(_cut(_clean(witness.data), room), "sse.data")


def _body(body: bytes, page: Page) -> Text:
    """The start of a reply that is no event stream."""
    line = Text("    body  ", "sse.label")
    text = _clean(body.decode("utf-8", "replace").strip())
    return line.append(_cut(text, page.width - line.cell_len if page.width else EXCERPT))


def _wrapped(start: Text, words: str, style: str, page: Page) -> Iterable[Text]:
    """`words` after `start`; on a terminal with what follows on lines of its own, below them."""
    words, indent = _clean(words), start.cell_len
    room = max(page.width - indent, 20) if page.width else 0
    pieces = chop_cells(words, room) if room else [words]
    yield start.append(pieces[0] if pieces else "", style)
    for piece in pieces[1:]:
        yield Text(" " * indent).append(piece, style)


def _cut(text: str, room: int | None) -> str:
    """`text` in `room` columns at most; None is no limit."""
    if room is None or cell_len(text) <= room:
        return text
    pieces = chop_cells(text, max(room - 1, 1))
    return pieces[0] + "…" if pieces else ""


def _clean(text: str) -> str:
    return defused(safe.compact(text))
