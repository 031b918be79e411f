"""The only door for server text to a terminal.

Rule 1: whatever a server, a file or a URL supplied is escaped here before a human format
shows it. Rule 2: what comes out is printed as `Text`, never parsed as markup.

Control (Cc), format (Cf, but ZWJ and ZWNJ, which emoji and several scripts need),
surrogate (Cs) and private-use (Co) characters, line and paragraph separators (Zl, Zp) and
noncharacters become a visible escape. Spaces and unassigned characters (newer emoji) stay.
"""

from __future__ import annotations

import re
import unicodedata

KEPT_FORMAT_CHARACTERS = "\u200c\u200d"
ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def escape(text: str, keep: str = "") -> str:
    """`text` with every character that could act on a terminal made visible.

    `keep` lists characters to let through: "\\n\\t" for the body of a reply.
    """
    if text.isprintable():  # str.isprintable is false for every category escaped here
        return text
    return _UNPRINTABLE.sub(lambda m: m[0] if m[0] in keep else _visible(m[0]), text)


def compact(text: str) -> str:
    """`text` on one line: line ends and tabs as escapes, too."""
    return escape(text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t"))


def without_surrogates(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 can't carry, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


def _visible(character: str) -> str:
    if character in KEPT_FORMAT_CHARACTERS:
        return character
    code = ord(character)
    if not _is_dangerous(character, code):
        return character
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _is_dangerous(character: str, code: int) -> bool:
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return noncharacter or unicodedata.category(character) in ESCAPED_CATEGORIES
