"""Text of a response that grows as deltas arrive."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, TypeAlias

from sse_cli.text.utf16 import ends_with_high_surrogate, join_surrogates

Added: TypeAlias = tuple[str, bool]
"""The text to print, and whether it replaces the text of its part that was printed before."""

_NOTHING: Final[Added] = ("", False)
# Values that each begin with the one before, after which they are known to be whole texts.
_ENOUGH_WHOLES: Final = 8


class TextBuffer:
    """Text in parts (messages, artifacts), each of which is appended to or replaced.

    A high surrogate at the end of a part is held back until its other half arrives, so all text
    that is returned can be printed. A part is kept as UTF-8 in a bytearray, which takes the memory
    of the text alone: a list of tokens takes ten times that, and so does `io.StringIO` on
    Python 3.11 for the last 100,000 of them.

    `differing` holds the parts whose text differs from the one that a closing event repeated.
    """

    __slots__ = (
        "_closed", "_echoes", "_eithers", "_lines", "_parts", "_segments", "_surrogates",
        "differing",
    )  # fmt: skip

    def __init__(self) -> None:
        self.differing: set[Hashable] = set()
        self._parts: dict[Any, bytearray] = {}
        self._surrogates: dict[Any, str] = {}  # the high surrogate that each part holds back
        self._closed: dict[Any, int] = {}  # characters of each part, if all are of closing events
        self._echoes: dict[Any, _Echo] = {}  # of parts whose whole text came before its fragments
        self._segments: dict[Any, int] = {}  # where the open segment of each part begins
        self._lines: dict[Any, tuple[int, int]] = {}  # where the last line begins and ends
        self._eithers: dict[Any, _Either] = {}

    def append(self, part: Any, fragment: str) -> str:
        """Append to a part. Returns the text that can be printed now."""
        if self._echoes:
            fragment = self._without_echo(part, fragment)
        if self._surrogates or not fragment.isascii():
            fragment = self._hold_back(part, self._surrogates.pop(part, "") + fragment)
        text = self._parts.get(part)
        if text is None:
            text = self._parts[part] = bytearray()
        text += fragment.encode("utf-8", "surrogatepass")
        return fragment

    def replace(self, part: Any, whole: str) -> Added:
        """Replace a part. A whole that begins with the text before only adds to it."""
        self._surrogates.pop(part, None)
        whole = self._hold_back(part, whole)
        before = _decoded(self._parts.get(part, b""))
        self._parts[part] = bytearray(whole.encode("utf-8", "surrogatepass"))
        is_void = not whole.startswith(before)
        return (whole if is_void else whole[len(before) :]), is_void

    def close(self, part: Any, whole: str) -> Added:
        """Add what a part lacks of the whole that a closing event repeats.

        With the part None, `whole` is the text of all parts. A whole that differs from the text
        before adds nothing, so that no text is printed twice, unless that text came from closing
        events alone: then each of them holds another piece.
        """
        whole = join_surrogates(whole)
        self._surrogates.pop(part, None)  # its other half is in the whole
        before = self._text_of(part)
        if not before and part is not None:  # the closing event may name the part differently
            if self._has(whole):
                return _NOTHING
            part = self._begun(whole, part)
            before = self._text_of(part)
        is_closed = self._closed.get(part, 0) == len(before)
        if whole.startswith(before):
            self.differing.discard(part)
            added = whole[len(before) :]
        elif before.startswith(whole) or _ends_with(before, whole):
            return _NOTHING  # one of the fragments or messages that the text consists of
        elif is_closed:
            added = whole
        else:
            self.differing.add(part)
            return _NOTHING
        if is_closed:
            self._closed[part] = len(before) + len(added)
        return self._add_early(part, added, is_sure=True), False

    def end_segment(self, part: Any, whole: str) -> Added:
        """Add what the open segment of a part lacks of `whole`, and begin another segment."""
        text = self._parts.setdefault(part, bytearray())
        before = _decoded(text[self._segments.get(part, 0) :]) + self._surrogates.get(part, "")
        whole = join_surrogates(whole)
        added = ""
        if whole.startswith(before):
            added = self._add_early(part, whole[len(before) :], is_sure=False)
        else:
            self.differing.add(part)
        self._segments[part] = len(text)
        return added, False

    def add_either(self, part: Any, value: str) -> Added:
        """Take the whole text so far or a fragment, as the values of this part show."""
        either = self._eithers.get(part)
        if either is None:
            either = self._eithers[part] = _Either()
        is_whole, text = either.read(value)
        return self.replace(part, text) if is_whole else (self.append(part, text), False)

    def add_line(self, part: Any, line: str) -> Added:
        """Append a line; if it begins with the line before, only the rest of it."""
        text = self._parts.setdefault(part, bytearray())
        start, end = self._lines.get(part, (0, 0))
        before = _decoded(text[start:end]) if end == len(text) else ""
        if before and _continues(before, line):
            added = self.append(part, line[len(before) :])
        else:
            gap = "\n" if text and not text.endswith(b"\n") else ""
            start = len(text) + len(gap)
            added = self.append(part, gap + line)
        self._lines[part] = start, len(text)
        return added, False

    def finish(self) -> str:
        """Append what was held back and never continued. Returns it."""
        echoes, self._echoes = self._echoes, {}
        rest = "".join(self.append(part, echo.rest()) for part, echo in echoes.items())
        rest += "".join(self._surrogates.values())
        for part, surrogate in self._surrogates.items():
            self._parts[part] += surrogate.encode("utf-8", "surrogatepass")
        self._surrogates.clear()
        return rest

    def __str__(self) -> str:
        return "".join(map(self._part, self._parts))

    def _add_early(self, part: Any, text: str, *, is_sure: bool) -> str:
        """Append text that came as a whole; its fragments may still follow, out of order."""
        self._echoes.pop(part, None)
        added = self.append(part, text)
        if text:
            self._echoes[part] = _Echo(text, is_sure=is_sure)
        return added

    def _without_echo(self, part: Any, fragment: str) -> str:
        """Return the text to append for a fragment that may repeat a text from before."""
        key = part if part in self._echoes else None
        echo = self._echoes.get(key)
        if echo is None:
            return fragment
        text = echo.read(fragment)
        if echo.is_over:
            del self._echoes[key]
        return text

    def _has(self, whole: str) -> bool:
        """Return whether the text ends with `whole`, or has a part that is `whole` with gaps."""
        if _ends_with(str(self), whole):
            return True
        for part in self._parts:
            text = self._part(part)
            is_streamed = self._closed.get(part, 0) != len(text)
            if is_streamed and 2 * len(text) >= len(whole) and _is_part_of(text, whole):
                self.differing.add(part)
                return True
        return False

    def _begun(self, whole: str, part: Any) -> Any:
        """Return the last part if its fragments are the start of `whole`, else `part`."""
        last = next(reversed(self._parts), None)
        text = self._text_of(last) if last is not None else ""
        is_start = bool(text) and whole.startswith(text) and self._closed.get(last, 0) != len(text)
        return last if is_start else part

    def _text_of(self, part: Any) -> str:
        if part is None:
            return str(self)
        return self._part(part) if part in self._parts else ""

    def _part(self, part: Any) -> str:
        return _decoded(self._parts[part]) + self._surrogates.get(part, "")

    def _hold_back(self, part: Any, text: str) -> str:
        """Return `text` without a high surrogate at its end, which is kept for later."""
        text = join_surrogates(text)
        if not ends_with_high_surrogate(text):
            return text
        self._surrogates[part] = text[-1]
        return text[:-1]


class _Echo:
    """Fragments that may repeat a text which came as a whole before them.

    They are held back while they repeat it. If they do so to its end, they are dropped; otherwise
    they are new text that begins alike. `is_sure` drops them if the stream ends before that shows.
    """

    __slots__ = ("_held", "_is_sure", "_left", "is_over")

    def __init__(self, text: str, *, is_sure: bool) -> None:
        self.is_over = False
        self._left = text
        self._held = ""
        self._is_sure = is_sure

    def read(self, fragment: str) -> str:
        """Return the text that a fragment shows to be new, "" while it repeats the text before."""
        if not self._left.startswith(fragment):
            self.is_over = True
            return self._held + fragment
        self._held += fragment
        self._left = self._left[len(fragment) :]
        self.is_over = not self._left
        return ""

    def rest(self) -> str:
        """Return the text that is held back at the end of the stream."""
        return "" if self._is_sure else self._held


class _Either:
    """The values of a part that are whole texts or fragments.

    They are read as whole texts as long as each begins with the one before. Otherwise they are
    fragments, those before included.
    """

    __slots__ = ("_are_fragments", "_values", "_whole", "_wholes")

    def __init__(self) -> None:
        self._are_fragments = False
        self._values: list[str] = []
        self._whole = ""
        self._wholes = 0  # values that were longer than the one before

    def read(self, value: str) -> tuple[bool, str]:
        """Return whether the text so far is replaced, and the text that replaces or follows it."""
        if self._are_fragments:
            return False, value
        value = join_surrogates(value)
        if self._wholes < _ENOUGH_WHOLES and not value.startswith(self._whole):
            self._are_fragments = True
            return True, "".join([*self._values, value])
        self._wholes += bool(self._whole) and len(value) > len(self._whole)
        # The other half of a surrogate pair may follow, and make another character of it.
        self._whole = value[:-1] if ends_with_high_surrogate(value) else value
        self._values.append(value)
        if self._wholes >= _ENOUGH_WHOLES:
            self._values.clear()
        return True, value


def _ends_with(text: str, whole: str) -> bool:
    """Return whether a text ends with another; white space makes no difference."""
    return text.endswith(whole) or "".join(text.split()).endswith("".join(whole.split()))


def _is_part_of(text: str, whole: str) -> bool:
    """Return whether a text is another one with some characters missing."""
    characters = iter(whole)
    return bool(text) and all(character in characters for character in text)


def _continues(before: str, line: str) -> bool:
    """Return whether a line is the one before, with more text; "step 10" does not continue 1."""
    if not line.startswith(before):
        return False
    return not (before[-1].isdigit() and line[len(before) :][:1].isdigit())


def _decoded(text: bytes | bytearray) -> str:
    return text.decode("utf-8", "surrogatepass")
