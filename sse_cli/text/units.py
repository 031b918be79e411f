"""Seconds, bytes and counts formatted for people, in few columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"


def seconds(value: float) -> str:
    """Format a duration in at most six columns: 850µs, 24ms, 1.25s, 12.3s, 2m05s, 3h07m."""
    if value < 0.0009995:
        return f"{value * 1e6:.0f}µs" if value else "0ms"
    if value < 0.9995:
        return f"{value * 1e3:.0f}ms"
    if value < 9.995:
        return f"{value:.2f}s"
    if value < 59.95:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def clock(value: float) -> str:
    """Format seconds since the start in at most seven columns: 0.412, 812.001, 1:02:05, 27h46m."""
    if value < 999.9995:
        return f"{value:.3f}"
    minutes, rest = divmod(int(value), 60)
    if minutes < 600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def size(count: int) -> str:
    """Format bytes with a binary unit: 980 B, 24.1 KiB, 3.2 MiB."""
    if count < 1024:
        return f"{count} B"
    value, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1023.95:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def count(number: int, noun: str) -> str:
    """Format a number with its noun: 1 event, 1,204 events."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a line of bars; the largest value is a full bar."""
    top = max(values, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] for value in values)
