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


def footer(timing: Timing, now: float) -> Text:
    """Return the state of the stream at `now`, in seconds since the run began."""
    silent = now - timing.last
    rate = timing.messages / now if now else 0.0
    if timing.headers is None:
        return _no_reply(timing, now)
    if silent >= LONG_SECONDS:
        return _long_silence(timing.messages, silent)
    if timing.messages == 0:
        state, style = f"open, no event for {units.seconds(silent)}", "sse.stopped"
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


def _long_silence(messages: int, silent: float) -> Text:
    """Return the idle limits that may end the stream, and few figures, to fit 80 columns."""
    events = units.count(messages, "event")
    state = f"silent for {units.seconds(silent)}: {IDLE_LIMITS}"
    return Text.assemble((events, "sse.figure"), "  ", (state, "sse.gap.stall"), no_wrap=True)
