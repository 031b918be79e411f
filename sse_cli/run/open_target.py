"""From the words of a command line to a stream of signals, the same for every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

from sse_cli.cli.command_line import CURL
from sse_cli.cli.messages import say
from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Opened, Resume, Signal
from sse_cli.parser.session import Session
from sse_cli.recording import writer
from sse_cli.request import builder, values
from sse_cli.request.model import Request
from sse_cli.request.values import duration
from sse_cli.run.stream_run import Run
from sse_cli.sources import files
from sse_cli.sources.files import Clock, RunClock
from sse_cli.transport import reconnect
from sse_cli.transport.reconnect import ReconnectPolicy

Pairs = Sequence[tuple[str, str]]
Aside = Callable[[], AbstractContextManager[None]]
VERBOSE = ("verbose", "")
SLOWEST: Final = 0.001


class Wanted(NamedTuple):
    """A target and all that was said of how to get, read and keep it."""

    target: str
    pairs: Pairs = ()
    reading: ReadingOptions = ReadingOptions()
    resuming: ResumeOptions = ResumeOptions()
    keeping: RecordingOptions = RecordingOptions()
    asked: Request | None = None  # built before, for one who opens it several times

    def clock(self) -> Clock:
        """The clock of its run. Raises UsageError for a speed that is none."""
        speed = self.reading.speed
        if speed is not None and speed != 0 and not SLOWEST <= speed <= 1 / SLOWEST:
            raise UsageError(f"{speed:g} is no speed", "2 is twice as fast, 0 at once")
        return RunClock(speed or 1.0)

    def session(self) -> Session:
        """The session that its signals go to."""
        delay = self.resuming.retry_delay
        seconds = None if delay is None else duration(delay, "--retry-delay")
        resume = Resume(reconnect.given(self.resuming.last_event_id), seconds)
        return Session(max_size=max_size(self.reading.max_size), resume=resume)


def open_target(wanted: Wanted, run: Run, aside: Aside = nullcontext) -> Iterator[Signal]:
    """The signals of a target for `run`, which is given its recorder if one is wanted.

    `aside` makes room on the terminal for what `-v` says. Raises UsageError for a target that
    can't be opened or asked, and for a recording that can't be written.
    """
    target = wanted.target
    kind = kind_of(target)
    if kind == "url":
        signals, asked = _from_url(wanted, run, aside)
    else:
        signals, asked = _from_file(wanted, kind, run), None
    if path := wanted.keeping.record:
        if path == "-" or (kind == "file" and _is_same(path, target)):
            raise UsageError(f"--record {path} is no file to record to", "name another file")
        header = writer.header_of(asked, wanted.resuming.last_event_id)
        run.recorder = writer.Recorder(path, header, force=wanted.keeping.force)
    return signals


def _from_url(wanted: Wanted, run: Run, aside: Aside) -> tuple[Iterator[Signal], Request]:
    reading = wanted.reading
    if reading.speed is not None:
        raise UsageError("--speed is for recordings, and this is a URL", "drop it")
    asked = wanted.asked or build_request(wanted)
    signals = files.from_url(
        asked,
        files.Reading(reading.any_type, reading.ndjson),
        run.clock,
        _policy(wanted.resuming),
        run.session.resume,
        patience=run.patience,
        push=None if run.may_end else run.push,
    )
    return (_told(asked, signals, aside) if VERBOSE in wanted.pairs else signals), asked


def _from_file(wanted: Wanted, kind: files.Kind, run: Run) -> Iterator[Signal]:
    """What is no URL: a file or standard input, a recording or a raw stream."""
    target, options = wanted.target, wanted.reading
    if target.endswith(".toml"):
        raise UsageError(f"{target} describes streams, and is none", f"sse check {target}")
    if wanted.resuming != ResumeOptions():
        raise UsageError(f"{target} is no URL, so that nothing can be resumed", "drop that option")
    if asking := [name for name, _ in wanted.pairs if name != "verbose"]:
        raise UsageError(f"--{asking[0]} goes with a URL, and {target} is none", "drop it")
    reading = files.Reading(options.any_type, options.ndjson, options.speed)
    if kind == "stdin":
        return files.from_stdin(reading, run.clock, run.session.resume, run.patience)
    return files.from_file(target, reading, run.clock, run.session.resume, run.patience)


def _is_same(one: str, other: str) -> bool:
    """Whether two names are of one file: recording over the stream that is read would empty it."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def kind_of(target: str) -> files.Kind:
    """What a target is; the word `curl` stands for a URL that was pasted. Raises UsageError."""
    return "url" if target == CURL else files.kind_of(target)


def build_request(wanted: Wanted) -> Request:
    """The request for a target that is a URL. Raises UsageError for what can't be asked."""
    _policy(wanted.resuming)
    url = [] if wanted.target == CURL else [("url", wanted.target)]
    return builder.build([*url, *wanted.pairs])._replace(idle_timeout=_idle(wanted.resuming))


def _policy(options: ResumeOptions) -> ReconnectPolicy:
    """When a stream is opened again."""
    if options.max_reconnects is not None and not options.reconnect:
        raise UsageError("--max-reconnects limits --reconnect", "add --reconnect")
    if options.retry_on is not None and not options.reconnect:
        raise UsageError("--retry-on widens --reconnect", "add --reconnect")
    return ReconnectPolicy(
        options.reconnect,
        options.max_reconnects,
        values.statuses(options.retry_on or "", "--retry-on"),
    )


def _idle(options: ResumeOptions) -> float | None:
    if options.idle_timeout is None:
        return None
    seconds = duration(options.idle_timeout, "--idle-timeout")
    if seconds == 0:
        raise UsageError("--idle-timeout 0 leaves no time at all", "leave it out for no limit")
    return seconds


def max_size(text: str) -> int:
    """`--max-size` in bytes."""
    return values.size(text, "--max-size")


def _told(asked: Request, signals: Iterator[Signal], aside: Aside) -> Iterator[Signal]:
    """`signals`, with the request and the reply's head told on standard error."""
    from sse_cli.render import http_messages  # noqa: PLC0415 (Rich costs 40 ms)

    with aside():
        say(http_messages.request_lines(asked))
    for signal in signals:
        if isinstance(signal, Opened):
            with aside():
                say(http_messages.reply_lines(signal))
        yield signal
