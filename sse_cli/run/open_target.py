"""The parts of a run, made from its settings: session, clock, recorder and signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sse_cli.model.events import Resume, Signal
from sse_cli.parser.session import Session
from sse_cli.run.settings import TargetSettings
from sse_cli.run.stream_run import StreamRun
from sse_cli.sources.clock import RunClock

if TYPE_CHECKING:  # most runs record nothing
    from sse_cli.recording.writer import Recorder


def session_of(settings: TargetSettings) -> Session:
    """Return a session for the target's signals."""
    resuming = settings.resuming
    resume = Resume(resuming.last_event_id, resuming.retry_delay)
    return Session(max_size=settings.max_size, resume=resume)


def clock_of(settings: TargetSettings) -> RunClock:
    """Return the clock of a run, at the playback speed of a recording if one is set."""
    return RunClock(settings.reading.speed or 1.0)


def recorder_of(settings: TargetSettings) -> Recorder | None:
    """Return the requested recorder, or None; it creates its file when the run starts."""
    if settings.recording.path is None:
        return None
    from sse_cli.recording import writer  # noqa: PLC0415 (see above)

    header = writer.header_of(settings.request, settings.resuming.last_event_id)
    return writer.Recorder(settings.recording.path, header, force=settings.recording.force)


def is_live(settings: TargetSettings) -> bool:
    """Return whether the data comes in its own time, not as fast as it is read, as from a file."""
    if settings.request is not None or settings.reading.speed:
        return True
    from sse_cli.sources import files  # noqa: PLC0415 (like below)

    return not files.is_regular(settings.target)


def open_target(settings: TargetSettings, run: StreamRun) -> Iterator[Signal]:
    """Open the target for `run`; return its signals.

    Raises UsageError for a file that can't be opened. Iterating over the signals raises it for a
    request that can't be sent and for an invalid recording.
    """
    resume, reading = run.session.resume, settings.reading
    if settings.request is not None:
        from sse_cli.sources import network  # noqa: PLC0415 (like the next import, only if needed)

        return network.from_url(
            settings.request,
            reading,
            run.clock,
            settings.resuming.policy,
            resume,
            patience=run.patience,
            push=None if run.may_stop else run.push,
        )
    from sse_cli.sources import files  # noqa: PLC0415 (it loads the reader of recordings)

    limits = files.ReadingLimits(run.patience, settings.max_time)
    if settings.target == "-":
        return files.from_stdin(reading, run.clock, resume, limits)
    return files.from_file(settings.target, reading, run.clock, resume, limits)
