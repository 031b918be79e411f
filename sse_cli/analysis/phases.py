"""The time that each step on the way to a reply took: name lookup, TCP, TLS, the wait for it."""

from __future__ import annotations

from sse_cli.model.events import Chunk, Phase, PhaseName, Signal


class Phases:
    """The phases of one connection.

    `durations` are in seconds, in the order of the steps; together with the time at which the
    connection began they give the stamp of its head. `current` is the phase that still lasts. The
    whole way to a redirect counts as one phase.
    """

    def __init__(self) -> None:
        self.durations: dict[PhaseName, float] = {}
        self.current: Phase | None = None
        self.via = ""

    def feed(self, signal: Signal) -> None:
        """Take a signal; a chunk changes nothing."""
        if isinstance(signal, Chunk):
            return
        current = self.current
        if current:
            elapsed = round(signal.at - current.at, 6)
            self.durations[current.name] = self.durations.get(current.name, 0.0) + elapsed
            self.current = None
        if not isinstance(signal, Phase):
            return
        if signal.name == "setup":
            self.durations, self.via = {}, ""
        elif signal.name == "redirect":
            self.durations = {"redirect": round(sum(self.durations.values()), 6)}
        self.current = signal
        self.via = signal.via or self.via
