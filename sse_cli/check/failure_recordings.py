"""Recordings of failed attempts: written as the stream runs, removed if all expectations hold."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from sse_cli.model.errors import OutputError, UsageError

_UNFIT: Final = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST: Final = 80  # characters of a stream's name that a file name may contain


@dataclass
class AttemptRecording:
    """The recording of one attempt: its path while it runs, and its `name` if it was kept."""

    path: Path
    wanted: bool = True
    name: str | None = field(default=None, init=False)


def folder(text: str) -> Path:
    """Return the folder of that name; create it if it does not exist. Raises UsageError."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "it can't be created").lower()
        message = f"can't keep recordings in {text}: {reason}"
        raise UsageError(message, "name a folder that can be written to") from None
    return path


@contextmanager
def attempt(into: Path, stream: str, number: int) -> Iterator[AttemptRecording]:
    """Provide a file for one attempt; remove it at the end unless it is `wanted`.

    A run that is killed leaves the file under its first name, which says that it is unfinished.
    Raises OutputError.
    """
    base = f"{file_name(stream)}-{number}"
    recording = AttemptRecording(into / f"{base}.{os.getpid()}.unfinished.rec")
    try:
        yield recording
    except BaseException:
        with suppress(OSError):
            recording.path.unlink()
        raise
    try:
        if not recording.wanted:
            recording.path.unlink(missing_ok=True)
        elif recording.path.exists():
            recording.name = str(recording.path.rename(_free(into, base)))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"can't keep {recording.path}: {reason}"
        raise OutputError(message, "check the space and the permissions of that folder") from None


def file_name(stream: str) -> str:
    """Return a stream's name as part of a file name, with only harmless characters."""
    name = _UNFIT.sub("_", stream.partition("://")[2] or stream).strip("._-")
    return name[:_LONGEST] or "stream"


def file_names(streams: Iterable[str]) -> list[str]:
    """Return a name for the recordings of each stream; no two are equal."""
    names = list(map(file_name, streams))
    twice = {name for name, times in Counter(map(str.lower, names)).items() if times > 1}
    return [
        f"{name}.{number}" if name.lower() in twice else name
        for number, name in enumerate(names, 1)
    ]


def _free(into: Path, base: str) -> Path:
    """Return a name that no file has yet, so that no earlier recording is overwritten."""
    names = (into / (f"{base}.rec" if n == 1 else f"{base}.{n}.rec") for n in count(1))
    return next(name for name in names if not name.exists())
