"""Words for what is wrong with a text that should be one JSON document."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from typing import Final

# What is left of a value that the end of the text cut: of a literal, a number, or an escape.
_CUT_VALUE: Final = re.compile(
    r"(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|[0-9.]*[.eE][-+]?|\\?u[0-9a-fA-F]{0,4}|\\)\Z"
)
_WHITE: Final = " \t\r\n"


def problem(text: str) -> str:
    """Return why `text` is not a JSON document, "" if it is one. Columns count from 1."""
    try:
        json.loads(text)
    except JSONDecodeError as error:
        if is_cut(text, error):
            return f"cut after {len(text):,} {'character' if len(text) == 1 else 'characters'}"
        if (second := second_document(text)) >= 0:
            return f"two JSON documents: the second begins at column {second + 1:,}"
        reason = error.msg.removesuffix(" at")
        return f"column {error.pos + 1:,}: {reason[:1].lower()}{reason[1:]}"
    except RecursionError:
        return "nested too deeply"
    except ValueError:  # an integer of thousands of digits
        return "a number has too many digits"
    return ""


def is_beginning(text: str) -> bool:
    """Return whether `text` is not a JSON document, but more text could make one of it."""
    try:
        json.loads(text)
    except JSONDecodeError as error:
        return is_cut(text, error)
    except (ValueError, RecursionError):
        pass
    return False


def second_document(text: str) -> int:
    """Return the index at which a second JSON object or array begins, -1 without one."""
    try:
        _, end = json.JSONDecoder().raw_decode(text.lstrip(_WHITE))
    except (ValueError, RecursionError):
        return -1
    rest = text.lstrip(_WHITE)[end:].lstrip(_WHITE)
    return len(text) - len(rest) if rest[:1] in ("{", "[") else -1


def is_cut(text: str, error: JSONDecodeError) -> bool:
    """Return whether more text could make a document of this one, which is not valid so far."""
    if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip(_WHITE)):
        return True
    if error.msg.startswith("Extra data"):
        return False
    return _CUT_VALUE.match(text, error.pos) is not None
