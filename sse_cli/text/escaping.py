"""Escapes for text from a server, a file or a URL that a terminal shows.

Control (Cc), format (Cf, except ZWJ and ZWNJ, which emoji and several scripts need), surrogate (Cs)
and private-use (Co) characters, line and paragraph separators (Zl, Zp) and noncharacters become a
visible escape. Spaces and unassigned characters (newer emoji) stay.
"""

from __future__ import annotations

import re
import unicodedata

KEPT_FORMAT_CHARACTERS = "\u200c\u200d"
ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def escape(text: str, keep: str = "") -> str:
    """Return `text` with a visible escape for every character that could affect a terminal.

    The characters in `keep` stay as they are: "\\n\\t" for the body of a reply.
    """
    if text.isprintable():  # str.isprintable is false for every category escaped here
        return text
    return _UNPRINTABLE.sub(lambda m: m[0] if m[0] in keep else _escape_character(m[0]), text)


def compact(text: str) -> str:
    """Return `text` escaped and on one line, with escapes for line ends and tabs, too."""
    return escape(text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t"))


def without_surrogates(text: str) -> str:
    """Return `text` with U+FFFD for lone surrogates, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


def _escape_character(character: str) -> str:
    if character in KEPT_FORMAT_CHARACTERS:
        return character
    code = ord(character)
    if not _needs_escape(character, code):
        return character
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _needs_escape(character: str, code: int) -> bool:
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return noncharacter or unicodedata.category(character) in ESCAPED_CATEGORIES
