"""The kind of a target: standard input, a URL or a file.

`-` is standard input, anything with `://` a URL, an existing path a file. A missing path-like word
is "no such file", a bare host is a URL, and anything else is not a target.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sse_cli.model.errors import UsageError

_FILE_ENDINGS: Final = (".sse", ".ndjson", ".jsonl", ".rec", ".toml")
# Suffixes that are not top-level domains, unlike .md, .py, .sh and .zip.
_NOT_DOMAINS: Final = frozenset(
    {".csv", ".gz", ".har", ".json", ".log", ".out", ".raw", ".txt", ".xml", ".yaml", ".yml"}
)
_HOST_LIKE: Final = re.compile(r"[.:/]")

Kind: TypeAlias = Literal["stdin", "url", "file"]


class UnknownTargetError(UsageError):
    """A word that names neither a file nor a URL."""


def kind_of(target: str) -> Kind:
    """Return the kind of `target`.

    Raises UsageError if it is invalid, UnknownTargetError if it may be a mistyped command.
    """
    if target == "-":
        return "stdin"
    if "://" in target:
        return "url"
    if target and _exists(Path(target)):
        return "file"
    if target.lower().startswith("mailto:"):  # would be parsed as USER:PASSWORD@HOST
        raise UsageError(f"{target} is a mail address", "name an http or https URL")
    if _is_path(target):
        raise UsageError(f"no such file: {target}", "check the path; - reads standard input")
    if target.lower() == "localhost" or _HOST_LIKE.search(target):
        return "url"
    raise UnknownTargetError(f"{target!r} is not a command, file or URL")


def _is_path(target: str) -> bool:
    """Return whether a word can only be the path of a file."""
    if target.startswith(("./", "../", "/", "~")) or target.endswith(_FILE_ENDINGS):
        return True
    return "/" not in target and Path(target).suffix.lower() in _NOT_DOMAINS


def _exists(path: Path) -> bool:
    """Return whether there is a file, as far as can be seen."""
    try:
        path.stat()  # `exists` swallows all errors from Python 3.14 on
    except PermissionError:  # opening the file will report it
        return True
    except (OSError, ValueError):  # too long for the name of a file, but maybe a URL
        return False
    return True
