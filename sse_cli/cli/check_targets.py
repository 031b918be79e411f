"""From the words of `sse check` to the streams that they mean: of a URL, or of a file of them."""

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
from sse_cli.cli.target import Pairs, settings_of
from sse_cli.model.errors import UsageError

_OPTION: Final = re.compile(r"(?:invalid )?--([a-z0-9.-]+)")
Options = TypeVar("Options", ReadingOptions, ResumeOptions)


@dataclass(frozen=True)
class CheckArguments:
    """What the command line says beside its targets."""

    pairs: Pairs
    expected: ExpectationOptions
    resuming: ResumeOptions
    reading: ReadingOptions
    recording: RecordingOptions
    options: CheckOptions

    def streams(self, targets: Sequence[str]) -> list[StreamCheck]:
        """The streams of all targets, in order. Raises UsageError."""
        files = [target for target in targets if _is_file_of_streams(target)]
        if self.options.only and not files:
            raise UsageError("--only names a stream of a .toml file", "sse check smoke.toml")
        if len(files) == len(targets) and (option := next(self._for_urls(), None)):
            raise UsageError(
                f"--{option} goes with a URL, and {files[0]} tells it for each of its streams",
                "write it there, under [streams.NAME] or [defaults]",
            )
        return [stream for target in targets for stream in self._of(target)]

    def _of(self, target: str) -> list[StreamCheck]:
        if _is_file_of_streams(target):
            described = config.read(target, self.options.only or ())
            return [self._described(target, one) for one in described]
        options = self.options
        settings = settings_of(target, self.pairs, self.reading, self.resuming, self.recording)
        expected = tuple(self.expected.pairs())
        name = "standard input" if target == "-" else target  # a URL's is made of its request
        limits = (options.format, options.max_events, options.until)
        return [StreamCheck(name, settings, expected, *limits).ready()]

    def _described(self, path: str, one: config.DescribedStream) -> StreamCheck:
        values = one.settings
        with _located(path, one):
            settings = settings_of(
                one.target,
                one.request,
                _taken(ReadingOptions, values),
                _taken(ResumeOptions, values),
                self.recording,
            )
            limits = (values.get("format"), values.get("max_events"), values.get("until"))
            place = (path, one.place.line)
            return StreamCheck(one.name, settings, one.expected, *limits, place).ready()

    def _for_urls(self) -> Iterator[str]:
        """The options that mean nothing to a file of streams."""
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


def _taken(group: type[Options], settings: Any) -> Options:
    """The options of a group that a file has."""
    return group(**{name: settings[name] for name in group._fields if name in settings})


@contextmanager
def _located(path: str, one: config.DescribedStream) -> Iterator[None]:
    """Tell the file, line and stream of an error about an option."""
    try:
        yield
    except UsageError as error:
        found = _OPTION.match(error.message)
        name = found[1] if found else ""
        line = one.lines.get(name) or one.place.line
        error.message = f"{path}, line {line}, stream {one.name}: {error.message}"
        raise
