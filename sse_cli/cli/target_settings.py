"""From a target and its options to the settings of a run, for every command."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.model.errors import UsageError
from sse_cli.request import builder, option_values
from sse_cli.request.model import Request
from sse_cli.run.settings import RecordingSettings, ResumeSettings, TargetSettings
from sse_cli.sources import target as sources_target
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.target import Kind, UnknownTargetError
from sse_cli.transport import reconnect
from sse_cli.transport.reconnect import ReconnectPolicy

CURL: Final = "curl"
_FOR_FILES: Final = frozenset({"verbose", "max-time"})  # the request options that files take, too
SLOWEST: Final = 0.001

Pairs: TypeAlias = Sequence[tuple[str, str]]
"""Request options in typed order: curl's long names and values."""


def kind_of(target: str, commands: Sequence[str] = ()) -> Kind:
    """Return the kind of a target; the word `curl` stands for a pasted URL.

    Raises UsageError for any other word, with a hint at a similar command or scenario.
    """
    if target == CURL:
        return "url"
    try:
        return sources_target.kind_of(target)
    except UnknownTargetError as error:
        raise UsageError(error.message, _suggestion(target, commands)) from None


def settings_of(
    target: str,
    pairs: Pairs = (),
    reading: ReadingOptions = ReadingOptions(),  # noqa: B008 (immutable)
    resuming: ResumeOptions = ResumeOptions(),  # noqa: B008
    recording: RecordingOptions = RecordingOptions(),  # noqa: B008
) -> TargetSettings:
    """Return the settings for a target and its options.

    Raises UsageError for an invalid target or value, and for an option that does not apply to this
    kind of target.
    """
    kind = kind_of(target)
    settings = TargetSettings(
        target,
        reading=Reading(reading.any_type, reading.ndjson, _speed(reading.speed)),
        max_size=option_values.size(reading.max_size, "--max-size"),
        resuming=_resuming(resuming),
        recording=RecordingSettings(recording.record, recording.force),
    )
    if path := recording.record:
        _check_recording(path, target, kind)
    if kind != "url":
        _check_file(target, pairs, resuming)
        return settings._replace(max_time=builder.time_limit(pairs))
    if reading.speed is not None:
        raise UsageError("--speed is for recordings, and this is a URL", "leave it out")
    return settings._replace(request=_request(target, pairs, resuming))


def _suggestion(word: str, commands: Sequence[str]) -> str:
    """Return a hint for a word that is not a target: a similar scenario or command."""
    from sse_cli.mockserver.scenarios import bundled  # noqa: PLC0415 (only for an unknown word)

    if word in bundled.names():
        return f"sse demo {word} plays that scenario, sse serve {word} serves it"
    close = difflib.get_close_matches(word, commands, n=1)
    return f"did you mean {close[0]!r}?" if close else "sse --help lists the commands"


def _request(target: str, pairs: Pairs, resuming: ResumeOptions) -> Request:
    url = [] if target == CURL else [("url", target)]
    request = builder.build([*url, *pairs])
    return request._replace(idle_timeout=_idle_timeout(resuming))


def _check_recording(path: str, target: str, kind: Kind) -> None:
    if path == "-" or (kind == "file" and _is_same(path, target)):
        raise UsageError(f"--record {path} is not a file to record to", "name another file")


def _check_file(target: str, pairs: Pairs, resuming: ResumeOptions) -> None:
    if target.endswith(".toml"):
        raise UsageError(f"{target} describes streams, and is not one", f"sse check {target}")
    if resuming != ResumeOptions():
        message = f"{target} is not a URL, so nothing can be resumed"
        raise UsageError(message, "leave that option out")
    if names := [name for name, _ in pairs if name not in _FOR_FILES]:
        raise UsageError(f"--{names[0]} goes with a URL, and {target} is not one", "leave it out")


def _is_same(path: str, other: str) -> bool:
    """Return whether two paths name one file: recording to the file that is read would empty it."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


def _speed(speed: float | None) -> float | None:
    if speed is not None and speed != 0 and not SLOWEST <= speed <= 1 / SLOWEST:
        raise UsageError(
            f"{speed:g} is not a valid speed", "2 is twice as fast, 0 is without waits"
        )
    return speed


def _resuming(options: ResumeOptions) -> ResumeSettings:
    if options.max_reconnects is not None and not options.reconnect:
        raise UsageError("--max-reconnects limits --reconnect", "add --reconnect")
    if options.retry_on is not None and not options.reconnect:
        raise UsageError("--retry-on widens --reconnect", "add --reconnect")
    statuses = option_values.statuses(options.retry_on or "", "--retry-on")
    delay = options.retry_delay
    return ResumeSettings(
        ReconnectPolicy(options.reconnect, options.max_reconnects, statuses),
        reconnect.given(options.last_event_id, "--last-event-id"),
        None if delay is None else option_values.duration(delay, "--retry-delay"),
    )


def _idle_timeout(options: ResumeOptions) -> float | None:
    if options.idle_timeout is None:
        return None
    seconds = option_values.duration(options.idle_timeout, "--idle-timeout")
    if seconds == 0:
        raise UsageError("--idle-timeout 0 leaves no time at all", "leave it out for no limit")
    return seconds
