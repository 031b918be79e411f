"""Wire formats: named JMESPath expressions that read the streams of an API, one file each.

The expressions are evaluated on the envelope `{event, id, data, raw}`: the event's type and id,
its payload (parsed if it is JSON) and the payload's text. A value that is null, false or empty
means "nothing". With `each`, the keys of an item (`ITEM_KEYS`) are evaluated on each of its items.

| key | value |
|---|---|
| `detect` | whether an event is of this format; formats are tried by rising `priority` |
| `against` | whether an event speaks against this format (only of a tentative one) |
| `each` | the items of an event |
| `choice` | the number of the alternative that an item belongs to (0 if there is one only) |
| `part` | the id of the message or artifact that an item belongs to |
| `text`, `reasoning` | text to append, or an object with a directive (see `text_values`) |
| `tool` | records `{key, id, name, args, …}` of tool calls (see `tool_calls`) |
| `finish` | why the answer ended; the last one counts |
| `finish_root` | the same for choice 0, evaluated on the envelope |
| `usage` | token counts, merged key by key |
| `error` | the error that the API reports; the first one counts |
| `begin` | whether this event begins another run, after which the answer is open again |
| `done` | whether this event ends the answer |

| setting | meaning |
|---|---|
| `priority` | the order of detection: specific formats have smaller numbers than general ones |
| `terminator` | with "required", a stream is whole only if it showed `done` or `finish` |
| `tentative` | `detect` fits nearly any event: several are needed, and another format takes over |
| `goes_on` | another run may follow `done`: the stream is read to its end |
| `empty_data` | the protocol has events with empty data |
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from sse_cli.llm import detection_index, format_tables
from sse_cli.model.errors import UsageError
from sse_cli.query.jmespath import Evaluate
from sse_cli.query.selection import Expression

Key = Literal[
    "choice", "part", "text", "reasoning", "tool", "finish",
    "detect", "against", "each", "finish_root", "usage", "error", "begin", "done",
]  # fmt: skip
ITEM_KEYS: Final[tuple[Key, ...]] = ("choice", "part", "text", "reasoning", "tool", "finish")
EVENT_KEYS: Final[tuple[Key, ...]] = (
    "detect", "against", "each", "finish_root", "usage", "error", "begin", "done",
)  # fmt: skip
_SETTINGS: Final[dict[str, type]] = {
    "description": str,
    "covers": str,
    "priority": int,
    "terminator": str,
    "tentative": bool,
    "empty_data": bool,
    "goes_on": bool,
}
_EXPECTED: Final = {str: "a string", int: "an integer", bool: "true or false"}
FOLDER: Final = format_tables.FOLDER
_EXAMPLE: Final = "sse formats NAME shows one"
_USERS_PRIORITY: Final = 0  # a user's own format is tried first


@dataclass(frozen=True)
class WireFormat:
    """A wire format. Each of its expressions is compiled when it is first needed."""

    name: str
    path: Path
    description: str = ""
    covers: str = ""
    priority: int = _USERS_PRIORITY
    required: bool = False
    tentative: bool = False
    empty_data: bool = False
    goes_on: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    _compiled: dict[str, Evaluate] = field(default_factory=dict)
    _expressions: dict[str, Expression] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, functions: dict[str, Evaluate], source: Expression) -> WireFormat:
        """Build a format from functions over one expression, for one run."""
        return cls(
            name,
            Path(name),
            texts=dict.fromkeys(functions, ""),
            _compiled=functions,
            _expressions={source.text: source},
        )

    def get(self, key: Key) -> Evaluate | None:
        """Return the expression of `key`, None if the format has none. Raises ExpressionError.

        If evaluating it fails, its value is None, and `failures` counts it.
        """
        if key not in self.texts:
            return None
        if key not in self._compiled:
            text = self.texts[key]
            expression = Expression(
                text, f"{self.path}, key {key}", detection_index.syntax_of(text)
            )
            self._expressions[key] = expression
            self._compiled[key] = expression.search
        return self._compiled[key]

    def may_fit(self, envelope: Mapping[str, Any]) -> bool:
        """Return whether `detect` may be true of an event; finding that out takes 1 µs."""
        return detection_index.may_fit(self.texts.get("detect", ""), envelope)

    def expression(self, key: Key) -> Expression | None:
        """Return the expression of `key`, None if it is a function or the format has none."""
        return self._expressions[key] if self.get(key) and self.texts[key] else None

    @property
    def failures(self) -> dict[str, tuple[int, str]]:
        """Return, by key, how often evaluating it failed, and its first error."""
        found = self._expressions.items()
        return {key: (one.errors, one.first_error) for key, one in found if one.errors}

    @property
    def own_failures(self) -> dict[str, tuple[int, str]]:
        """The `failures` of a user's format; in ours a failure only means "nothing"."""
        return {} if self.path.parent == FOLDER else self.failures

    def is_whole(self, *, done: bool, finished: Collection[bool]) -> bool:
        """Return whether a stream is whole, by whether it showed `done` and its choices `finish`.

        It is always whole if no terminator is required; otherwise `done` must have been seen,
        or all choices must have finished.
        """
        return not self.required or done or (bool(finished) and all(finished))

    def check(self) -> WireFormat:
        """Compile each expression. Returns the format itself. Raises ExpressionError."""
        for key in self.texts:
            self.get(key)  # type: ignore[arg-type]
        return self


def read(path: Path) -> WireFormat:
    """Read the format in a TOML file. Raises UsageError naming the key at fault."""
    try:
        table = _table(path)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise UsageError(f"can't read the format {path}: {reason}", "check the path") from None
    except (ValueError, RecursionError) as error:  # bad TOML and bad UTF-8 are ValueErrors
        raise UsageError(f"{path} is not valid TOML: {error}", _EXAMPLE) from None
    return WireFormat(
        name=path.stem,
        path=path,
        description=table.get("description", ""),
        covers=table.get("covers", ""),
        priority=table.get("priority", _USERS_PRIORITY),
        required=_terminator(path, table) == "required",
        tentative=table.get("tentative", False),
        empty_data=table.get("empty_data", False),
        goes_on=table.get("goes_on", False),
        texts=_texts(path, table),
    )


def _table(path: Path) -> dict[str, Any]:
    file = path.read_bytes()
    if path.parent == FOLDER and (table := format_tables.table_of(file)):
        return table
    return tomllib.loads(file.decode())


def known(*, skip_broken: bool = False) -> list[WireFormat]:
    """Return all formats in the order of detection. A user's own replaces ours of that name.

    Raises UsageError for a user's file that can't be used, unless `skip_broken`.
    """
    found: list[WireFormat] = []
    for path in _paths().values():
        try:
            # Ours were checked by the tests; compiling all of their expressions takes a while.
            found.append(read(path) if path.parent == FOLDER else read(path).check())
        except UsageError:
            if not skip_broken:
                raise
    return sorted(found, key=lambda wire: (wire.priority, wire.name))


def folders() -> list[Path]:
    """Return the folders of format files: the package's, then the user's configuration folder.

    XDG Base Directory Specification: $XDG_CONFIG_HOME counts if it is an absolute path.
    """
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".config"
        except RuntimeError:  # in containers: no HOME, and a user that the system does not know
            return [FOLDER]
    return [FOLDER, base / "sse-cli" / "formats"]


def named(name: str) -> WireFormat:
    """Return the format of a name or of the path of a TOML file. Raises UsageError."""
    if name.endswith(".toml") or "/" in name:
        return read(Path(name)).check()
    paths = _paths()
    if name in paths:
        return read(paths[name]).check()
    close = difflib.get_close_matches(name, paths, n=3, cutoff=0.5)
    near = f"did you mean {' or '.join(close)}?" if close else "sse formats lists them"
    raise UsageError(f"there is no format {name!r}", near)


def _paths() -> dict[str, Path]:
    return {path.stem: path for folder in folders() for path in sorted(folder.glob("*.toml"))}


def _texts(path: Path, table: dict[str, Any]) -> dict[str, str]:
    texts = {key: value for key, value in table.items() if key not in _SETTINGS}
    allowed = (*EVENT_KEYS, *ITEM_KEYS)
    for key, value in texts.items():
        if key not in allowed:
            closest = _closest(key, (*allowed, *_SETTINGS))
            raise UsageError(f"{path}: there is no key {key!r}", closest)
        if not isinstance(value, str):
            raise UsageError(f"{path}: {key} must be a string", "it holds a JMESPath expression")
    for key, kind in _SETTINGS.items():
        if type(table.get(key, kind())) is not kind:
            raise UsageError(f"{path}: {key} must be {_EXPECTED[kind]}", _EXAMPLE)
    return texts


def _terminator(path: Path, table: dict[str, Any]) -> str:
    value = str(table.get("terminator", "optional"))
    if value not in ("required", "optional"):
        raise UsageError(f"{path}: invalid terminator {value!r}", "write required or optional")
    return value


def _closest(key: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(allowed)}"
