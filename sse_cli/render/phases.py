"""The phases of a connection in words: while they last, and when they are over."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from sse_cli.analysis.phases import Phases
from sse_cli.model.events import PhaseName
from sse_cli.text import units

_LABELS: Final[dict[PhaseName, str]] = {"redirect": "redirects", "proxy": "tunnel"}
# Those that belong to the client are shown only if they took long enough to matter.
_MINOR: Final = frozenset({"setup", "send", "head"})
_SHORT: Final = 0.001  # seconds
_STATES: Final[dict[PhaseName, str]] = {
    "setup": "preparing…",
    "redirect": "redirected…",
    "dns": "resolving…",
    "connect": "connecting…",
    "proxy": "asking the proxy for a tunnel…",
    "tls": "TLS…",
    "send": "sending the request…",
    "head": "receiving the headers…",
}


def state(phases: Phases, now: float) -> str:
    """Return what a connection without a reply is doing at `now`, "" if it has not begun."""
    phase = phases.current
    if phase is None:
        return ""
    if phase.name == "wait":
        return f"request sent, waiting {units.seconds(max(0.0, now - phase.at))} for the reply"
    words = _STATES[phase.name]
    return f"{phase.via}: {words}" if phase.via else words


def figures(phases: Phases) -> list[tuple[str, str]]:
    """Return the label and the duration of each phase; those to a proxy are named so."""
    found = []
    for name, seconds in phases.durations.items():
        if name in _MINOR and seconds < _SHORT:
            continue
        via = f"{phases.via} " if phases.via and name in {"dns", "connect"} else ""
        found.append((via + _LABELS.get(name, name), units.seconds(seconds)))
    return found


def note(phases: Phases) -> Text:
    """Return the phases as a line of the log of an exchange."""
    words = "  ".join(f"{label} {duration}" for label, duration in figures(phases))
    return Text.assemble(("* ", "sse.label"), words)
