"""UTF-16 surrogates in text from JSON.

JavaScript slices strings by UTF-16 code units, so an API may split the surrogate pair of one
character over two fragments. Python keeps each half as a character of its own.
"""

from __future__ import annotations

import re
from typing import Final

_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def join_surrogates(text: str) -> str:
    """Return `text` with each surrogate pair replaced by the character that it encodes."""
    if text.isascii() or not _PAIR.search(text):
        return text
    return _PAIR.sub(_character, text)


def ends_with_high_surrogate(text: str) -> bool:
    """Return whether the last character of `text` is the first half of a pair."""
    return "\ud800" <= text[-1:] <= "\udbff"


def _character(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
