"""The streams that `sse serve` is given, as scenarios with names.

Rule 1: a word names a bundled scenario, a recording, a raw stream (`.sse`, `.ndjson`), or a folder
of them. Rule 2: a raw stream has no times; it gets an event every `RAW_GAP` seconds. Rule 3: files
are read whole and at once, so that every error in one is reported before anything is served.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sse_cli.mockserver.replay import from_signals
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.chunking import by_event
from sse_cli.mockserver.scenarios.scenario import EVENT_STREAM, NDJSON, Scenario
from sse_cli.model import media_type
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed
from sse_cli.model.media_type import CONTENT_TYPES, DATA_STREAM_HEADER
from sse_cli.recording import reader
from sse_cli.text import escaping, units

RAW_GAP: Final = 0.05  # seconds between the events of a raw stream
LARGEST: Final = 256 * 2**20  # bytes of a file
SUFFIXES: Final = {".sse": EVENT_STREAM, ".ndjson": NDJSON, ".jsonl": NDJSON}
_SNIFFED: Final = 256  # bytes by which a recording is recognised

_LINES: Final = frozenset({NDJSON, CONTENT_TYPES["data-stream"]})
_BROKEN_OFF: Final = ", breaks off"


@dataclass
class ScenarioLibrary:
    """Scenarios by the names of their routes, and notes for the user on names and files."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, scenario: Scenario, path: str = "") -> str:
        """Add a scenario under its name, or under the first free name like it; return the name."""
        name = self._free(scenario.name)
        if name != scenario.name:
            self.notes.append(f"/{name} is {escaping.compact(path)}: /{scenario.name} was taken")
        self.scenarios[name] = replace(scenario, name=name)
        return name

    def _free(self, name: str) -> str:
        free = name
        number = 1
        while free in self.scenarios:
            number += 1
            free = f"{name}-{number}"
        return free


def collect(words: Sequence[str]) -> ScenarioLibrary:
    """Return the scenarios, files and folders that `words` name; all bundled ones for no words.

    Raises UsageError for a word that is none of these, can't be read, or holds no stream.
    """
    library = ScenarioLibrary()
    for word in dict.fromkeys(words or bundled.names()):
        if word in bundled.names():
            library.add(bundled.load(word), word)
            continue
        for path in _files(word):
            scenario = from_file(path)
            if scenario.description.endswith(_BROKEN_OFF):
                library.notes.append(
                    f"{escaping.compact(path)} breaks off: it is served up to there"
                )
            library.add(scenario, path)
    return library


def from_file(path: str) -> Scenario:
    """Return the scenario of a recording or a raw stream. Raises UsageError if it can't be read."""
    start = _start(path)
    if reader.is_recording(start):
        return _recorded(path)
    content_type = _content_type(path, start)
    scenario = from_bytes(_stem(path), Path(path).read_bytes(), content_type, path)
    if content_type == CONTENT_TYPES["data-stream"]:
        scenario = replace(scenario, headers=((DATA_STREAM_HEADER, "v1"),))
    return scenario


def from_bytes(name: str, body: bytes, content_type: str, origin: str = "") -> Scenario:
    """Return the scenario of a raw stream: each event is a write."""
    pieces = by_event(body, lines=content_type in _LINES)
    steps = [(RAW_GAP if number else 0.0, piece) for number, piece in enumerate(pieces)]
    size = units.size(len(body))
    description = escaping.compact(f"{origin}, {size}" if origin else size)
    return Scenario.of(name, steps, description=description, content_type=content_type)


def _files(word: str) -> Iterator[str]:
    """Yield the files that a word of the command line stands for."""
    try:
        if not os.path.isdir(word):  # noqa: PTH112 (a str, as it was typed)
            if not os.path.lexists(word):
                raise _unknown(word)
            yield word
            return
        names = sorted(os.listdir(word))  # noqa: PTH208
    except OSError as error:
        raise _unreadable(word, error) from None
    paths = [path for name in names if _is_stream(path := str(Path(word, name)))]
    if not paths:
        raise UsageError(
            f"{word} holds no streams", "it would serve .sse, .ndjson, .jsonl and recordings"
        )
    yield from paths


def _unknown(word: str) -> UsageError:
    if "/" in word or _suffix(word):
        return UsageError(f"no such file: {word}", "sse serve alone serves what ships with sse")
    hint = bundled.suggestion(word, bundled.names())
    return UsageError(f"no scenario is called {word!r}, and no file or folder", hint)


def _is_stream(path: str) -> bool:
    """Return whether a file in a folder is served."""
    # Before Python 3.14, `Path.is_file` raises PermissionError.
    if Path(path).name.startswith(".") or not os.path.isfile(path):  # noqa: PTH113
        return False
    if _suffix(path) in SUFFIXES:
        return True
    try:
        return reader.is_recording(_start(path))
    except UsageError:  # no stream by its name, and unreadable
        return False


def _start(path: str) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path} is not a regular file", "name a file, or a folder of them")
        if status.st_size > LARGEST:
            raise UsageError(
                f"{path} is too large: {units.size(status.st_size)}",
                f"the limit is {units.size(LARGEST)}",
            )
        with Path(path).open("rb") as file:
            return file.read(_SNIFFED)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> UsageError:
    reason = (error.strerror or "unreadable").lower()
    return UsageError(f"can't read {path}: {reason}", "check its permissions")


def _content_type(path: str, start: bytes) -> str:
    known = SUFFIXES.get(_suffix(path))
    return known or CONTENT_TYPES.get(media_type.sniff(start) or "other", EVENT_STREAM)


def route_name(text: str) -> str:
    """Return `text` as one segment of a URL's path."""
    return re.sub(r"[^A-Za-z0-9_~.-]+", "-", text).strip(".-") or "stream"


def _stem(path: str) -> str:
    return route_name(_split(path)[0])


def _suffix(path: str) -> str:
    """Return the suffix of a file's name, in lower case."""
    return _split(path)[1].lower()


def _split(path: str) -> tuple[str, str]:
    """Split a file's name into stem and suffix, `..sse` as `Path` did before Python 3.14."""
    return os.path.splitext(Path(path).name)  # noqa: PTH122


def _recorded(path: str) -> Scenario:
    signals = [*reader.open_file(path).signals]
    scenario = from_signals(_stem(path), signals)
    last = signals[-1]
    size = units.size(sum(len(signal.data) for signal in signals if isinstance(signal, Chunk)))
    ended = f"ended {last.ending}" if isinstance(last, Closed) else ""
    breaks_off = isinstance(last, Closed) and last.detail.startswith(reader.BREAKS_OFF)
    description = f"{path}, recorded: {last.at:.1f} s, {size}"
    ending = _BROKEN_OFF if breaks_off else f", {ended}"
    return replace(scenario, description=escaping.compact(description) + ending)
