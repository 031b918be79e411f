"""From the arguments of `sse check` to its streams: targets, or check files of many streams."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sse_cli.check import config
from sse_cli.check.stream_check import StreamCheck
from sse_cli.cli.options.check import CheckOptions, ExpectationOptions
from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.cli.target_settings import Pairs, settings_of
from sse_cli.model.errors import UsageError

_OPTION: Final = re.compile(r"(?:invalid )?--([a-z0-9.-]+)")
Options = TypeVar("Options", ReadingOptions, ResumeOptions)


@dataclass(frozen=True)
class CheckArguments:
    """The arguments of `sse check`, other than its targets."""

    pairs: Pairs
    expected: ExpectationOptions
    resuming: ResumeOptions
    reading: ReadingOptions
    recording: RecordingOptions
    options: CheckOptions

    def streams(self, targets: Sequence[str]) -> list[StreamCheck]:
        """Return the streams of all targets, in order. Raises UsageError."""
        files = [target for target in targets if _is_file_of_streams(target)]
        if self.options.only and not files:
            raise UsageError("--only names a stream of a .toml file", "sse check smoke.toml")
        if len(files) == len(targets) and (option := next(self._url_options(), None)):
            raise UsageError(
                f"--{option} goes with a URL, but {files[0]} sets it for each stream",
                "set it there, under [streams.NAME] or [defaults]",
            )
        return [stream for target in targets for stream in self._of(target)]

    def _of(self, target: str) -> list[StreamCheck]:
        if _is_file_of_streams(target):
            described = config.read(target, self.options.only or ())
            return [self._described(target, stream) for stream in described]
        options = self.options
        settings = settings_of(target, self.pairs, self.reading, self.resuming, self.recording)
        expected = tuple(self.expected.pairs())
        name = (
            "standard input" if target == "-" else target
        )  # that of a URL is derived from its request
        limits = (options.format, options.max_events, options.until)
        return [StreamCheck(name, settings, expected, *limits).ready()]

    def _described(self, path: str, stream: config.DescribedStream) -> StreamCheck:
        values = stream.settings
        with _located(path, stream):
            settings = settings_of(
                stream.target,
                stream.request,
                _options(ReadingOptions, values),
                _options(ResumeOptions, values),
                self.recording,
            )
            limits = (values.get("format"), values.get("max_events"), values.get("until"))
            place = (path, stream.place.line)
            return StreamCheck(stream.name, settings, stream.expected, *limits, place).ready()

    def _url_options(self) -> Iterator[str]:
        """Yield the given options that do not apply to a file of streams."""
        yield from (name for name, _ in self.pairs)
        yield from (name for name, _ in self.expected.pairs())
        for group in (self.resuming, self.reading):
            for name, default in group._field_defaults.items():
                if getattr(group, name) != default:
                    yield name.replace("_", "-")
        for name in ("format", "max_events", "until"):
            if getattr(self.options, name) is not None:
                yield name.replace("_", "-")


def _is_file_of_streams(target: str) -> bool:
    return target.endswith(".toml") and "://" not in target


def _options(group: type[Options], settings: Any) -> Options:
    """Return a group of options with the values that a file sets."""
    return group(**{name: settings[name] for name in group._fields if name in settings})


@contextmanager
def _located(path: str, stream: config.DescribedStream) -> Iterator[None]:
    """Add the file, line and stream to an error about an option."""
    try:
        yield
    except UsageError as error:
        match = _OPTION.match(error.message)
        name = match[1] if match else ""
        line = stream.lines.get(name) or stream.place.line
        error.message = f"{path}, line {line}, stream {stream.name}: {error.message}"
        raise
