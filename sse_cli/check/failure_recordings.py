"""Recordings of attempts that failed: written as the stream runs, taken away if all held."""

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
_LONGEST: Final = 80  # characters of a stream's name in a file's


@dataclass
class Kept:
    """Where an attempt is recorded, and the name of what is left of it, if anything is."""

    path: Path
    wanted: bool = True
    name: str | None = field(default=None, init=False)


def folder(text: str) -> Path:
    """Return the folder of that name, made if it does not exist. Raises UsageError."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "it can't be made").lower()
        words = f"can't keep recordings in {text}: {reason}"
        raise UsageError(words, "name a folder that can be written to") from None
    return path


@contextmanager
def attempt(into: Path, stream: str, number: int) -> Iterator[Kept]:
    """A file for one attempt; what was not `wanted` in the end is removed.

    A run that is killed leaves it under its first name, which says that it is unfinished.
    Raises OutputError.
    """
    base = f"{file_name(stream)}-{number}"
    kept = Kept(into / f"{base}.{os.getpid()}.unfinished.rec")
    try:
        yield kept
    except BaseException:
        with suppress(OSError):
            kept.path.unlink()
        raise
    try:
        if not kept.wanted:
            kept.path.unlink(missing_ok=True)
        elif kept.path.exists():
            kept.name = str(kept.path.rename(_free(into, base)))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"can't keep {kept.path}: {reason}", "make room in that folder") from None


def file_name(stream: str) -> str:
    """A stream's name as a part of a file's: no folder, no option, no surprise."""
    name = _UNFIT.sub("_", stream.partition("://")[2] or stream).strip("._-")
    return name[:_LONGEST] or "stream"


def file_names(streams: Iterable[str]) -> list[str]:
    """A name for the recordings of each stream, no two alike."""
    names = list(map(file_name, streams))
    twice = {name for name, often in Counter(map(str.lower, names)).items() if often > 1}
    return [
        f"{name}.{number}" if name.lower() in twice else name
        for number, name in enumerate(names, 1)
    ]


def _free(into: Path, base: str) -> Path:
    """A name that no earlier run has taken: its recording is not written over."""
    names = (into / (f"{base}.rec" if n == 1 else f"{base}.{n}.rec") for n in count(1))
    return next(name for name in names if not name.exists())
