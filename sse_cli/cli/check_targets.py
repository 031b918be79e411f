"""From the words of `sse check` to the streams that they mean: of a URL, or of a file of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sse_cli.check import config
from sse_cli.check.runner import StreamCheck
from sse_cli.cli.options.check import CheckOptions, ExpectationOptions
from sse_cli.cli.options.stream import ReadingOptions, RecordingOptions, ResumeOptions
from sse_cli.model.errors import UsageError
from sse_cli.run.open_target import Pairs, Wanted

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
        wanted = Wanted(target, self.pairs, self.reading, self.resuming, self.recording)
        options = self.options
        expected = tuple(self.expected.pairs())
        name = "standard input" if target == "-" else target  # a URL's is made of its request
        limits = (options.format, options.max_events, options.until)
        return [StreamCheck(name, wanted, expected, *limits)]

    def _described(self, path: str, one: config.DescribedStream) -> StreamCheck:
        settings = one.settings
        return StreamCheck(
            one.name,
            Wanted(
                one.target,
                one.request,
                _taken(ReadingOptions, settings),
                _taken(ResumeOptions, settings),
                self.recording,
            ),
            one.expected,
            settings.get("format"),
            settings.get("max_events"),
            settings.get("until"),
            (path, one.place.line),
            one.lines,
        )

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
