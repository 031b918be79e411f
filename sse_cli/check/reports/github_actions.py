"""GitHub's workflow commands: `::error …::` lines for failures, and a defence against injection.

The runner reads a line as a command if it begins with `::name` (after optional blanks), or if it
contains the older form `##[name]` anywhere. It compares as .NET does by default, which ignores
joiners (ZWJ, ZWNJ). See `ActionCommand.cs` in actions/runner, and `command.ts` in actions/toolkit
for the escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sse_cli.check.outcome import Checked
from sse_cli.text import escaping

_NEW: Final = re.compile("^([\\s\u200c\u200d]*):([\u200c\u200d]*:)", re.MULTILINE)
_OLD: Final = re.compile("#([\u200c\u200d]*#[\u200c\u200d]*\\[)")
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether this is a job of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS", "") == "true"


def defused(text: str) -> str:
    """Return `text`, of one or more lines, with everything escaped that the runner would obey."""
    return _NEW.sub(r"\1\\x3a\2", _OLD.sub(r"\\x23\1", text))


def command(name: str, properties: Mapping[str, str], message: str) -> str:
    """Return a workflow command as one line, whatever the values contain."""
    pairs = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {pairs}::{_escaped(message, _DATA)}"


def of(streams: Sequence[Checked]) -> Iterable[str]:
    """Yield an `error` for each failed expectation and each stream that could not be judged, and a
    `warning` for each expectation that holds with one."""
    for checked in streams:
        properties = {"title": f"sse check: {checked.name}"}
        if checked.place:
            path, line = checked.place
            properties = {"file": path, "line": str(line), **properties}
        for message in _messages(checked) if checked.exit_code else ():
            yield command("error", properties, message)
        for result in checked.last.outcome.warnings if checked.last else ():
            yield command("warning", properties, f"{result.name}: {result.warning}")


def _messages(checked: Checked) -> Iterable[str]:
    if checked.last is None:
        yield "not judged: stopped"
        return
    outcome = checked.last.outcome
    for result in outcome.failed:
        yield f"{result.name}: expected {result.expected}, found {result.found}"
    if not outcome.is_judged:
        yield f"{outcome.closed.ending}: {outcome.closed.detail}"


def _escaped(text: str, table: dict[int, str]) -> str:
    return defused(escaping.escape(text, keep="\r\n")).translate(table)
