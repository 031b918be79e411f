"""The settings of a run: plain values, checked by whoever read them from options or a file."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE
from sse_cli.request.model import Request
from sse_cli.sources.media import Reading
from sse_cli.transport.reconnect import ReconnectPolicy


class ResumeSettings(NamedTuple):
    """Whether a stream is opened again, from which event on, and how long that waits.

    `retry_delay` is the reconnection time in seconds until the server sets one.
    """

    policy: ReconnectPolicy = ReconnectPolicy()
    last_event_id: str = ""
    retry_delay: float | None = None


class RecordingSettings(NamedTuple):
    """Where a stream is recorded, None for nowhere; `force` overwrites a file."""

    path: str | None = None
    force: bool = False


class TargetSettings(NamedTuple):
    """A target, and how to read, resume and record it.

    `request` is None for a file or standard input. `max_size` bounds a line and an event, in
    bytes.
    """

    target: str
    request: Request | None = None
    reading: Reading = Reading()
    max_size: int = DEFAULT_MAX_SIZE
    resuming: ResumeSettings = ResumeSettings()
    recording: RecordingSettings = RecordingSettings()
