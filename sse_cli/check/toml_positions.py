"""Positions of the keys of a TOML document, because `tomllib` returns no lines and columns.

Rule 1: nothing is validated here (TOML 1.0), because `tomllib` has parsed the text before.
Rule 2: a path consists of table keys and array indexes, and leads to a value in the result of
`tomllib`.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from bisect import bisect_right
from typing import Final, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# The four kinds of strings; up to two quotes may precede the closing quotes of a multi-line one.
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_OTHER: Final = re.compile(r"[^,\]}\n#]+")  # numbers, dates (which may hold a space), booleans


class Place(NamedTuple):
    """A line and a column (in characters), both counted from 1."""

    line: int
    column: int


def places(text: str) -> dict[Path, Place]:
    """Return the place of the first definition of each key, by path."""
    return _Scanner(text.replace("\r\n", "\n")).run()


def written_twice(text: str) -> tuple[Path, Place, Place] | None:
    """Find the first key or table that is defined twice: its path and both places, or None.

    `tomllib` rejects such a text, but does not name the key. The text before it is valid TOML.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    with contextlib.suppress(AssertionError, IndexError, ValueError):  # invalid TOML further on
        scanner.run()
    return scanner.twice


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._places: dict[Path, Place] = {}
        self._arrays: dict[Path, int] = {}  # the index of the last [[path]]
        self._defined: dict[Path, Place] = {}  # by a value, or by [path]
        self.twice: tuple[Path, Place, Place] | None = None

    def run(self) -> dict[Path, Place]:
        table: Path = ()
        while self._skip() < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text.startswith("[", self._at):
                table = self._header(1)
            else:
                self._pair(table)
        return self._places

    def _skip(self) -> int:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _header(self, brackets: int) -> Path:
        self._at += brackets
        start = self._skip()
        path = self._keys(())
        if brackets == 1 or path in self._defined:
            self._define(path, start)
        if brackets == 2:
            number = self._arrays.get(path, -1) + 1
            self._arrays[path] = number
            path = (*path, number)
        self._at = self._text.index("]" * brackets, self._skip()) + brackets
        return path

    def _pair(self, table: Path) -> None:
        start = self._skip()
        path = self._keys(table)
        self._define(path, start)
        self._at = self._text.index("=", self._skip()) + 1
        self._value(path)

    def _define(self, path: Path, start: int) -> None:
        place = self._place(start)
        first = self._defined.setdefault(path, place)
        if first != place and self.twice is None:
            self.twice = path, first, place

    def _keys(self, path: Path) -> Path:
        """Resolve a dotted key below `path`; an array of tables stands for its last table."""
        while True:
            if path in self._arrays:
                path = (*path, self._arrays[path])
            self._skip()
            start = self._at
            path = (*path, self._key())
            self._places.setdefault(path, self._place(start))
            if not self._text.startswith(".", self._skip()):
                return path
            self._at += 1

    def _key(self) -> str:
        if match := _BARE.match(self._text, self._at):
            self._at = match.end()
            return match[0]
        return str(tomllib.loads(f"key = {self._string()}")["key"])

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        assert match is not None  # noqa: S101 (rule 1)
        self._at = match.end()
        return match[0]

    def _value(self, path: Path) -> None:
        self._skip()
        opening = self._text[self._at]
        if opening in "\"'":
            self._string()
        elif opening == "[":
            self._items(path, "]")
        elif opening == "{":
            self._items(path, "}")
        elif match := _OTHER.match(self._text, self._at):
            self._at = match.end()

    def _items(self, path: Path, closing: str) -> None:
        """Scan the items of an array or an inline table."""
        self._at += 1
        number = 0
        while not self._text.startswith(closing, self._skip()):
            if self._text[self._at] == ",":
                self._at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._value((*path, number))
                number += 1
        self._at += 1

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)
