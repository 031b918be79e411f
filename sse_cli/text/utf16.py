"""Text from fragments, over which an API may split surrogate pairs: JavaScript slices UTF-16."""

from __future__ import annotations

import re
from typing import Any, Final

_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BLOCK: Final = 1024  # fragments


class Rope:
    """A string that grows. Fragments are joined a block at a time: each of them is a string of
    its own otherwise, which takes ten times the memory of its few characters."""

    __slots__ = ("_blocks", "_fresh")

    def __init__(self, text: str = "") -> None:
        self._blocks: list[str] = []
        self._fresh = [text]

    def add(self, fragment: str) -> None:
        """Append."""
        self._fresh.append(fragment)
        if len(self._fresh) >= _BLOCK:
            self._blocks.append("".join(self._fresh))
            self._fresh.clear()

    def __str__(self) -> str:
        return "".join((*self._blocks, *self._fresh))


class Text:
    """Text in parts (messages, artifacts), each appended to or replaced."""

    def __init__(self) -> None:
        self._parts: dict[Any, Rope] = {}
        self._halves: dict[Any, str] = {}  # of each part, the half pair that waits for the other

    def add(self, part: Any, fragment: str) -> str:
        """Append; what can be printed now: half a surrogate pair waits for its other half."""
        if self._halves or not fragment.isascii():
            fragment = self._held_back(part, self._halves.pop(part, "") + fragment)
        rope = self._parts.get(part)
        if rope is None:
            self._parts[part] = Rope(fragment)
        else:
            rope.add(fragment)
        return fragment

    def replace(self, part: Any, whole: str) -> tuple[str, bool]:
        """Set the whole of a part; what is new of it, and whether the old text is void."""
        self._halves.pop(part, None)
        whole = self._held_back(part, whole)
        before = str(self._parts.get(part, ""))
        self._parts[part] = Rope(whole)
        voided = not whole.startswith(before)
        return (whole if voided else whole[len(before) :]), voided

    def finish(self) -> str:
        """The halves whose other half never came."""
        left = "".join(self._halves.values())
        for part, half in self._halves.items():
            self._parts[part].add(half)
        self._halves.clear()
        return left

    def __str__(self) -> str:
        return "".join(str(rope) + self._halves.get(part, "") for part, rope in self._parts.items())

    def _held_back(self, part: Any, text: str) -> str:
        text = joined(text)
        if not ends_inside(text):
            return text
        self._halves[part] = text[-1]
        return text[:-1]


def joined(text: str) -> str:
    """`text` with each surrogate pair made the one character it stands for."""
    if text.isascii() or not _PAIR.search(text):
        return text
    return _PAIR.sub(_one_character, text)


def ends_inside(text: str) -> bool:
    """Whether the last character is the first half of a pair."""
    return "\ud800" <= text[-1:] <= "\udbff"


def _one_character(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
