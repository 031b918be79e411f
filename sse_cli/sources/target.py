"""The kind of a target: `-` is standard input; anything with `://` a URL; an existing path a file;
a missing path-like word "no such file"; a bare host a URL; anything else is not a target."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sse_cli.model.errors import UsageError

_FILE_ENDINGS: Final = (".sse", ".ndjson", ".jsonl", ".rec", ".toml")
# No top-level domain has such a name (.md, .py, .sh and .zip are top-level domains).
_NOT_DOMAINS: Final = frozenset(
    {".csv", ".gz", ".har", ".json", ".log", ".out", ".raw", ".txt", ".xml", ".yaml", ".yml"}
)
_HOST_LIKE: Final = re.compile(r"[.:/]")

Kind: TypeAlias = Literal["stdin", "url", "file"]


class UnknownTargetError(UsageError):
    """A word that names neither a file nor a URL."""


def kind_of(target: str) -> Kind:
    """Return what `target` names. Raises UsageError, UnknownTargetError if it may be a command."""
    if target == "-":
        return "stdin"
    if "://" in target:
        return "url"
    if target and _exists(Path(target)):
        return "file"
    if target.lower().startswith("mailto:"):  # else a user with a password, at a host
        raise UsageError(f"{target} is a mail address", "name an http or https URL")
    if _is_path(target):
        raise UsageError(f"no such file: {target}", "check the path; - reads standard input")
    if target.lower() == "localhost" or _HOST_LIKE.search(target):
        return "url"
    raise UnknownTargetError(f"{target!r} is not a command, file or URL")


def _is_path(target: str) -> bool:
    """Return whether a word that names no file can't be anything but one."""
    if target.startswith(("./", "../", "/", "~")) or target.endswith(_FILE_ENDINGS):
        return True
    return "/" not in target and Path(target).suffix.lower() in _NOT_DOMAINS


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # opening it will say so, by name
        return True
    except OSError:  # a name too long for a file may be a URL
        return False
