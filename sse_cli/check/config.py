"""A check file: TOML with `[streams.NAME]` tables and shared `[defaults]`.

Rule 1: a key is the long name of an option of `sse check`; `KEYS` lists all of them. There are
four exceptions: `method` and `headers` (a table) have their own names, `json` may be a table,
`file` names a recording, and `false` cancels a default expectation.
Rule 2: `${NAME}` stands for an environment variable in the target, the request and the resuming
options, but not in expectations, because reports show them. Rule 3: error messages never contain
a value of the file. Rule 4: paths are relative to the file.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from sse_cli.check.config_keys import KEYS, Part
from sse_cli.check.config_value_types import VALUE_KINDS, type_of
from sse_cli.check.toml_positions import Place, places, written_twice
from sse_cli.model.errors import UsageError

# A stream's own key replaces all keys of the same group in the defaults.
_GROUPS: Final = (
    {"url", "file"},
    {"bearer", "user"},
    {"json", "data", "data-raw", "data-binary", "data-urlencode"},
)
_OTHER_NAMES: Final = {
    **{key.option: name for name, key in KEYS.items() if key.option},
    "body": "json",
    "timeout": "max-time",
}
_EXPANDED: Final = ("target", "request", "resuming")
_VARIABLE: Final = re.compile(r"\$(\$?)\{([^}]*)(\}?)")
# The beginnings of tomllib's messages about a key or table that is defined twice.
_TWICE: Final = ("Cannot overwrite", "Cannot declare", "Duplicate inline table key")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class DescribedStream:
    """One stream of a file, with its variables expanded.

    `target` is a URL or the path of a file. `request`, `settings` and `expected` hold option
    values by long name, grouped by the part of a check that they belong to.
    """

    name: str
    target: str
    place: Place
    request: Sequence[tuple[str, str]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # reading, resuming and limits
    expected: Sequence[tuple[str, str]] = ()
    lines: Mapping[str, int] = field(default_factory=dict)  # line numbers of the keys, by option


def read(
    path: str, only: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> list[DescribedStream]:
    """Read the streams of a file in order, or just the streams that `only` names.

    Raises UsageError for an unreadable file, and with line and column for an invalid key or value.
    """
    text = ""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        document = tomllib.loads(text)
        where = places(text)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise UsageError(f"can't read {path}: {reason}", "check the path") from None
    except (ValueError, RecursionError) as error:  # bad TOML and bad UTF-8 are ValueErrors
        raise _invalid_toml(path, text, error) from None
    try:
        return _StreamsFile(path, document, where, environment).streams(only)
    except RecursionError:
        raise UsageError(
            f"{path} is nested too deeply", "put the nested body in a file: @body.json"
        ) from None


def _invalid_toml(path: str, text: str, error: Exception) -> UsageError:
    if not isinstance(error, tomllib.TOMLDecodeError):
        reason = "not UTF-8, or nested too deeply"
    elif str(error).startswith(_TWICE) and (duplicate := written_twice(text)):
        key, first, place = duplicate
        where = f"{path}, line {place.line}, column {place.column}"
        reason = f"{'.'.join(map(str, key))} is defined twice, first on line {first.line}"
        return UsageError(f"{where}: {reason}", "keep one of the two")
    else:
        reason = str(error)
    hint = "sse check --schema describes the keys"
    return UsageError(f"{path} is not valid TOML: {reason}", hint)


class _StreamsFile:
    def __init__(
        self,
        path: str,
        document: dict[str, Any],
        where: Mapping[tuple[str | int, ...], Place],
        environment: Mapping[str, str],
    ) -> None:
        self._path = path
        self._folder = Path(path).parent
        self._document = document
        self._where = where
        self._environment = environment

    def streams(self, only: Sequence[str]) -> list[DescribedStream]:
        """Return the streams; check the keys of all, but expand variables only in these."""
        for name in self._document:
            if name not in ("defaults", "streams"):
                self._unknown((name,), ("defaults", "streams"))
        defaults = self._table(("defaults",), self._document.get("defaults", {}))
        streams = self._document.get("streams")
        if not isinstance(streams, dict) or not streams:
            raise UsageError(f"{self._path} defines no streams", "write [streams.NAME] and its url")
        tables = {name: self._table(("streams", name), streams[name]) for name in streams}
        for name in only:
            if name not in tables:
                close = difflib.get_close_matches(name, tables, n=1)
                hint = (
                    f"did you mean {close[0]}?" if close else f"the streams are {', '.join(tables)}"
                )
                raise UsageError(f"{self._path} has no stream {name!r}", hint)
        wanted = [name for name in tables if not only or name in only]
        return [self._stream(name, defaults, tables[name]) for name in wanted]

    def _table(self, path: tuple[str, ...], table: object) -> dict[str, Any]:
        """Return the table of a stream or of the defaults, after checking its keys and values."""
        if not isinstance(table, dict):
            self._fail(path, "is not a table", f"write [{'.'.join(path)}]")
        for name, value in table.items():
            if name not in KEYS:
                self._unknown((*path, name), tuple(KEYS))
            key = KEYS[name]
            is_off = value is False and key.part == "expectation"
            if not is_off and not VALUE_KINDS[key.kind].fits(value):
                self._misfit((*path, name), value)
        return table

    def _stream(self, name: str, defaults: dict[str, Any], own: dict[str, Any]) -> DescribedStream:
        path = ("streams", name)
        paths = {key: (*path, key) if key in own else ("defaults", key) for key in KEYS}
        merged = _merged(defaults, own)
        values = {
            key: self._value(key, paths[key], merged[key])
            for key in KEYS
            if merged.get(key, False) is not False
        }
        if ("url" in values) == ("file" in values):
            problem = "has both url and file" if "url" in values else "has no url"
            self._fail(path, problem, 'write url = "https://…"')
        settings = ("reading", "resuming", "limits")
        return DescribedStream(
            name,
            values["url"] if "url" in values else values["file"],
            self._where[path],
            tuple(pair for key in values for pair in _pairs(key, values[key], "request")),
            {
                key.replace("-", "_"): _plain(key, values[key])
                for key in values
                if KEYS[key].part in settings
            },
            tuple(pair for key in values for pair in _pairs(key, values[key], "expectation")),
            {KEYS[key].option or key: self._where[paths[key]].line for key in values},
        )

    def _value(self, key: str, path: tuple[str, ...], value: Any) -> Any:
        """Return a value with variables expanded and paths relative to the working directory."""
        expand = KEYS[key].part in _EXPANDED
        expanded = _mapped(value, lambda text: self._expanded(path, text, expand=expand))
        if KEYS[key].file == "@":
            return self._at_files(path, value, expanded)
        if KEYS[key].file == "path" or (
            key == "format" and (value.endswith(".toml") or "/" in value)
        ):
            return str(self._folder / expanded)
        return expanded

    def _at_files(self, path: tuple[str, ...], typed: Any, value: Any) -> Any:
        """Resolve @FILE in a string or an array of them, but not in a table or array of `json`."""
        if isinstance(typed, str):
            return self._at_file(path, typed, value)
        if path[-1] == "json":
            return value
        return [self._at_file(path, *pair) for pair in zip(typed, value, strict=True)]

    def _at_file(self, path: tuple[str, ...], typed: str, text: str) -> str:
        if typed.startswith("@"):
            if text == "@-":
                self._fail(path, "can't read standard input", "name a file: @body.json")
            return f"@{self._folder / text[1:]}"
        if text.startswith("@"):  # a variable's value must never name a file to send
            self._fail(
                path, "starts with @ only because of its variable", "write @ before the variable"
            )
        return text

    def _expanded(self, path: tuple[str, ...], text: str, *, expand: bool) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1]:  # $${NAME} stands for the literal text ${NAME}
                return match[0][1:]
            if not expand:
                hint = "variables belong in the request; write $${…} for a literal ${…}"
                self._fail(path, "can't contain a variable, because reports show it", hint)
            name = match[2]
            if not _NAME.fullmatch(name) or not match[3]:
                self._fail(path, "has ${ without a variable's name and }", "write ${NAME}")
            if not self._environment.get(name):
                state = "empty" if name in self._environment else "not set"
                self._fail(path, f"needs ${{{name}}}, which is {state}", f"export {name}=…")
            return self._environment[name]

        return _VARIABLE.sub(value, text)

    def _misfit(self, path: tuple[str, ...], value: object) -> NoReturn:
        """Fail for a value of the wrong kind; name only its type, because it may be a secret."""
        name = path[-1]
        kind = KEYS[name].kind
        words, example = VALUE_KINDS[kind].words, KEYS[name].example or VALUE_KINDS[kind].example
        hint = f"write {name} = {example}"
        if isinstance(value, str) and kind in ("number", "flag"):
            hint += ", without quotes"
        is_other = kind in ("number", "flag", "text") and not isinstance(value, int)
        is_other = is_other or isinstance(value, bool)
        problem = f"is {type_of(value)}, not {words}" if is_other else f"is not {words}"
        self._fail(path, problem, hint)

    def _unknown(self, path: tuple[str, ...], known: Sequence[str]) -> NoReturn:
        name = path[-1]
        other = _OTHER_NAMES.get(name)
        close = [other] if other else difflib.get_close_matches(name.replace("_", "-"), known, n=1)
        if name == "http1":  # TOML reads http1.1 = true as a dotted key
            close = ['"http1.1", in quotes']
        hint = f"did you mean {close[0]}?" if close else "sse check --schema describes the keys"
        self._fail(path, "is not a known key", hint)

    def _fail(self, path: tuple[str, ...], problem: str, hint: str) -> NoReturn:
        place = self._where.get(path)
        where = f", line {place.line}, column {place.column}" if place else ""
        raise UsageError(f"{self._path}{where}: {'.'.join(path)} {problem}", hint)


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Merge a stream's own keys over the defaults, and headers name by name."""
    replaced = set().union(*(group for group in _GROUPS if group & own.keys()))
    merged = {key: value for key, value in defaults.items() if key not in replaced} | own
    if "headers" in defaults and "headers" in own:
        names = {name.lower() for name in own["headers"]}
        kept = {n: v for n, v in defaults["headers"].items() if n.lower() not in names}
        merged["headers"] = kept | own["headers"]
    return merged


def _pairs(key: str, value: Any, part: Part) -> Iterator[tuple[str, str]]:
    """Yield a key's value as options: long names and their values as text."""
    kind, option = KEYS[key].kind, KEYS[key].option or key
    if KEYS[key].part != part:
        return
    if kind == "headers":
        yield from ((option, f"{name}: {text}") for name, text in value.items())
    elif key in ("ending", "finish-reason"):
        yield option, ",".join(_texts(value))
    elif kind == "counts" and isinstance(value, dict):
        yield from ((option, f"{name}={count}") for name, count in value.items())
    elif kind in ("texts", "counts"):
        yield from ((option, text) for text in _texts(value))
    elif kind == "json" and not isinstance(value, str):
        yield option, json.dumps(value)
    elif kind == "flag":
        yield from [(option, "")] if value else []
    else:
        yield option, str(_plain(key, value))


def _plain(key: str, value: Any) -> Any:
    """Return a duration as typed on a command line, any other value unchanged."""
    if KEYS[key].kind == "duration" and not isinstance(value, str):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return value


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Apply `change` to every string in `value`, but not to the keys of tables."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return value
