"""The JUnit XML report, for CI systems: one suite per stream, one case per expectation.

No standard exists. The output satisfies the two schemas in common use: that of Ant's JUnit task
(which requires every attribute, `properties`, `system-out` and `system-err`, in this order), and
that of Jenkins' xUnit plugin (which allows at most three decimals in times).
XML 1.0, 2.2 excludes control characters, surrogates and noncharacters: they are written as
escapes, as on a terminal.
"""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sse_cli.check.expectations import Evidence
from sse_cli.check.outcome import Attempt, Checked, Result
from sse_cli.model.errors import OutputError, UsageError
from sse_cli.text import escaping

_KINDS: Final = ("failure", "error", "skipped")

if TYPE_CHECKING:  # it costs 15 ms, so only reports import it
    from xml.etree.ElementTree import Element


def prepare(path: str) -> None:
    """Create the folder for a report. Raises UsageError if the report can't be written there."""
    if path == "-":
        message = "can't write the JUnit report to standard output, which has the verdicts"
        raise UsageError(message, "name a file: report.xml")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if _is_directory(path):
            message = f"can't write the JUnit report to {path}: is a directory"
            raise UsageError(message, "name a file: report.xml")
    except OSError as error:
        reason = (error.strerror or "not a valid name").lower()
        message = f"can't write the JUnit report to {path}: {reason}"
        raise UsageError(message, "name a file that can be written to") from None


def _is_directory(path: str) -> bool:
    """Return whether `path` is a directory; unlike `is_dir` from Python 3.14 on, raise OSError if
    that can't be determined."""
    try:
        return stat.S_ISDIR(Path(path).stat().st_mode)
    except FileNotFoundError:
        return False


def write(path: str, streams: Sequence[Checked], started: datetime) -> None:
    """Write the report; `started` is the start of the first stream. Raises OutputError."""
    try:
        Path(path).write_bytes(document(streams, started))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"can't write the JUnit report to {path}: {reason}"
        raise OutputError(message, "free some disk space, or name another file") from None


def document(streams: Sequence[Checked], started: datetime) -> bytes:
    """Return the report as UTF-8."""
    from xml.etree import ElementTree  # noqa: PLC0415 (see above)

    root = ElementTree.Element("testsuites")
    for number, checked in enumerate(streams):
        root.append(_suite(number, checked, started))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(number: int, checked: Checked, started: datetime) -> Element:
    last = checked.last
    cases = _cases(checked, last)
    count = {kind: sum(case.find(kind) is not None for case in cases) for kind in _KINDS}
    suite = _element(
        "testsuite",
        name=checked.name or "stream",
        timestamp=started.strftime("%Y-%m-%dT%H:%M:%S"),
        hostname=socket.gethostname() or "localhost",
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=_time(last.seconds if last else 0.0),
        id=str(number),
        package="sse.check",
    )
    suite.append(_properties(checked, last))
    suite.extend(cases)
    suite.append(_element("system-out", "\n".join(_notes(checked))))
    suite.append(_element("system-err"))
    return suite


def _properties(checked: Checked, last: Attempt | None) -> Element:
    values = {"target": checked.target, "attempts": str(len(checked.attempts))}
    if last:
        values["ending"] = last.outcome.closed.ending.value
    if last and last.recording:
        values["recording"] = last.recording
    properties = _element("properties")
    properties.extend(_element("property", name=key, value=values[key]) for key in values)
    return properties


def _cases(checked: Checked, last: Attempt | None) -> list[Element]:
    """Return the last attempt's expectations; the first that could not be judged has the reason."""
    if last is None:
        case = _case(checked, "ending", 0.0)
        case.append(_element("error", message="not judged: stopped", type="interrupted"))
        return [case]
    closed, explained, cases = last.outcome.closed, False, []
    for number, result in enumerate(last.outcome.results):
        name = f"{result.name}: {result.expected}"
        case = _case(checked, name, 0.0 if number else last.seconds)
        if result.verdict == "failed":
            case.append(_failure(result))
        elif result.verdict == "unjudged" and not explained and not last.outcome.is_judged:
            explained = True
            case.append(_element("error", message=closed.detail, type=closed.ending.value))
        elif result.verdict == "unjudged":
            case.append(_element("skipped", message="not judged"))
        cases.append(case)
    return cases


def _case(checked: Checked, name: str, seconds: float) -> Element:
    return _element("testcase", classname=checked.name or "stream", name=name, time=_time(seconds))


def _failure(result: Result) -> Element:
    message = f"expected {result.expected}, found {result.found}"
    text = _description(result.evidence) if result.evidence else ""
    return _element("failure", text, message=message, type=result.name)


def _description(evidence: Evidence) -> str:
    where = f"event {evidence.n} {evidence.event}" if evidence.n else f"line {evidence.event}"
    return f"{where.strip()} at {evidence.at:.3f} s\n{evidence.data}"


def _notes(checked: Checked) -> Iterable[str]:
    """Yield lines about the attempts that do not count, and the warnings of the last one."""
    for number, attempt in enumerate(checked.earlier, 1):
        closed = attempt.outcome.closed
        yield f"attempt {number}: {closed.ending}: {closed.detail}"
        for result in attempt.outcome.failed:
            yield f"  {result.name}: expected {result.expected}, found {result.found}"
    for result in checked.last.outcome.warnings if checked.last else ():
        yield f"warning: {result.name}: {result.warning}"


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _element(tag: str, text: str = "", **attributes: str) -> Element:
    from xml.etree import ElementTree  # noqa: PLC0415 (see above)

    element = ElementTree.Element(
        tag, {key: escaping.escape(attributes[key]) for key in attributes}
    )
    element.text = escaping.escape(text, keep="\n\t") or None
    return element
