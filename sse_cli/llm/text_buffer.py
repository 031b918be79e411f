"""Text of a response that grows as deltas arrive."""

from __future__ import annotations

from typing import Any

from sse_cli.text.utf16 import ends_with_high_surrogate, join_surrogates


class TextBuffer:
    """Text in parts (messages, artifacts), each of which is appended to or replaced.

    A high surrogate at the end of a part is held back until its other half arrives, so all text
    that is returned can be printed. A part is kept as UTF-8 in a bytearray, which takes the memory
    of the text alone: a list of tokens takes ten times that, and so does `io.StringIO` on
    Python 3.11 for the last 100,000 of them.
    """

    __slots__ = ("_parts", "_surrogates")

    def __init__(self) -> None:
        self._parts: dict[Any, bytearray] = {}
        self._surrogates: dict[Any, str] = {}  # the high surrogate that each part holds back

    def append(self, part: Any, fragment: str) -> str:
        """Append to a part. Returns the text that can be printed now."""
        if self._surrogates or not fragment.isascii():
            fragment = self._hold_back(part, self._surrogates.pop(part, "") + fragment)
        text = self._parts.get(part)
        if text is None:
            text = self._parts[part] = bytearray()
        text += fragment.encode("utf-8", "surrogatepass")
        return fragment

    def replace(self, part: Any, whole: str) -> tuple[str, bool]:
        """Replace a part. Returns the text to print, and whether the text before is void.

        A whole that begins with the text before only adds to it: the rest of it is returned.
        """
        self._surrogates.pop(part, None)
        whole = self._hold_back(part, whole)
        before = _decoded(self._parts.get(part, b""))
        self._parts[part] = bytearray(whole.encode("utf-8", "surrogatepass"))
        is_void = not whole.startswith(before)
        return (whole if is_void else whole[len(before) :]), is_void

    def finish(self) -> str:
        """Append the surrogates whose other half never arrived. Returns them."""
        rest = "".join(self._surrogates.values())
        for part, surrogate in self._surrogates.items():
            self._parts[part] += surrogate.encode("utf-8", "surrogatepass")
        self._surrogates.clear()
        return rest

    def __str__(self) -> str:
        return "".join(
            _decoded(text) + self._surrogates.get(part, "") for part, text in self._parts.items()
        )

    def _hold_back(self, part: Any, text: str) -> str:
        """Return `text` without a high surrogate at its end, which is kept for later."""
        text = join_surrogates(text)
        if not ends_with_high_surrogate(text):
            return text
        self._surrogates[part] = text[-1]
        return text[:-1]


def _decoded(text: bytes | bytearray) -> str:
    return text.decode("utf-8", "surrogatepass")
