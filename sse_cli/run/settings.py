"""The settings of a run: plain values, validated where options or a file are read."""

from __future__ import annotations

from typing import NamedTuple

from sse_cli.parser.event_stream import DEFAULT_MAX_SIZE
from sse_cli.request.model import Request
from sse_cli.sources.body_reading import Reading
from sse_cli.transport.reconnect import ReconnectPolicy


class ResumeSettings(NamedTuple):
    """The settings for resuming a stream.

    `last_event_id` is the event to start after, and `retry_delay` the reconnection time in seconds
    until the server sets one.
    """

    policy: ReconnectPolicy = ReconnectPolicy()
    last_event_id: str = ""
    retry_delay: float | None = None


class RecordingSettings(NamedTuple):
    """The file to record a stream to, None for no recording; `force` overwrites it."""

    path: str | None = None
    force: bool = False


class TargetSettings(NamedTuple):
    """A target, with the settings for reading, resuming and recording it.

    `request` is None for a file or standard input. `max_size` limits a line and an event,
    in bytes, and `max_time` the reading of a file or standard input, in seconds; a request has a
    limit of its own.
    """

    target: str
    request: Request | None = None
    reading: Reading = Reading()
    max_size: int = DEFAULT_MAX_SIZE
    max_time: float | None = None
    resuming: ResumeSettings = ResumeSettings()
    recording: RecordingSettings = RecordingSettings()
