"""The live line below the table of `watch`."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from sse_cli.analysis.timing import Timing
from sse_cli.render import phases
from sse_cli.text import units

QUIET_SECONDS: Final = 1.0
# After this long a silence, an idle limit between server and client is the likely next event:
# Google's load balancers and Heroku cut at 30 s, nginx and AWS's ALB at 60 s, Cloudflare at 100 s.
LONG_SECONDS: Final = 45.0
IDLE_LIMITS: Final = "proxies cut at 30s, 60s (nginx, AWS ALB), 100s"


def footer(timing: Timing, now: float, *, is_live: bool = True, unicode: bool = True) -> Text:
    """Return the state of the stream at `now`, in seconds since the run began.

    Unless it `is_live`, the stream comes as fast as it is read, and its stamps are not the clock's:
    it is never silent. `unicode` allows a character that ASCII lacks.
    """
    silent = now - timing.last
    rate = timing.messages / now if now else 0.0
    if timing.headers is None:
        return _no_reply(timing, now)
    if not is_live:
        state, style = "reading", "sse.good"
    elif silent >= LONG_SECONDS:
        return _long_silence(timing.messages, silent)
    elif timing.messages == 0:
        return _no_event(timing, now, "\N{MIDDLE DOT}" if unicode else "-")
    elif silent > QUIET_SECONDS:
        state, style = f"silent for {units.seconds(silent)}", "sse.stopped"
    else:
        state, style = "receiving", "sse.good"
    figures = [units.count(timing.messages, "event"), units.size(timing.bytes), f"{rate:.0f}/s"]
    return Text.assemble(
        (f"{now:.1f}s", "sse.figure"), "  ", "  ".join(figures), "  ", (state, style), no_wrap=True
    )


def _no_reply(timing: Timing, now: float) -> Text:
    state = phases.state(timing.phases, now) or "connecting"
    return Text.assemble((f"{now:.1f}s", "sse.figure"), "  ", (state, "sse.stopped"), no_wrap=True)


def _no_event(timing: Timing, now: float, separator: str) -> Text:
    """Return for how long the stream has been open without an event, and what came instead."""
    waits = f"no event yet ({_briefly(now - (timing.headers or 0.0))})"
    came = "no byte came"
    if timing.bytes:
        ago = units.seconds(max(0.0, now - timing.last_byte))
        came = f"{units.size(timing.bytes)} came, last {ago} ago"
    state = (f"{waits} {separator} {came}", "sse.stopped")
    return Text.assemble((f"{now:.1f}s", "sse.figure"), "  ", state, no_wrap=True)


def _briefly(seconds: float) -> str:
    """Format seconds with a tenth: a longer figure would only flicker."""
    return f"{seconds:.1f}s" if seconds < 59.95 else units.seconds(seconds)


def _long_silence(messages: int, silent: float) -> Text:
    """Return the idle limits that may end the stream, and few figures, to fit 80 columns."""
    events = units.count(messages, "event")
    state = f"silent for {units.seconds(silent)}: {IDLE_LIMITS}"
    return Text.assemble((events, "sse.figure"), "  ", (state, "sse.gap.stall"), no_wrap=True)
