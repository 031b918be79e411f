"""Values of options that are parsed: durations, sizes and lists of statuses.

Each function takes the text as typed and, for the error, the option's spelling (`--max-size`).
All of them raise `UsageError`.
"""

from __future__ import annotations

import math
import re
from typing import Final

from sse_cli.model.errors import UsageError

# Compiled at its use: it takes 0.3 ms, and few runs need it.
DURATION: Final = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)(ms|s|m|h|)"
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_BYTES: Final = {"K": 1024, "M": 1024**2, "G": 1024**3}


def duration(text: str, option: str) -> float:
    """Return the seconds of `500ms`, `2s`, `1m`, `1h` or `1.5`."""
    found = re.fullmatch(DURATION, text)
    seconds = float(found[1]) * _SECONDS[found[3]] if found else math.inf
    if not math.isfinite(seconds):
        raise UsageError(
            f"invalid {option} {text!r}: expected a duration",
            "write 500ms, 2s, 1m or 1.5 (seconds)",
        )
    return seconds


def size(text: str, option: str) -> int:
    """Return the bytes of `65536`, `512K`, `16M` or `1G`: at least 1."""
    factor = _BYTES.get(text[-1:].upper(), 1)
    digits = text[:-1] if factor > 1 else text
    is_number = digits.isascii() and digits.isdecimal() and len(digits) < 19
    if not is_number or int(digits) == 0:
        raise UsageError(
            f"invalid {option} {text!r}: expected bytes, or 512K, 16M", f"for example {option} 16M"
        )
    return int(digits) * factor


def statuses(text: str, option: str) -> frozenset[int]:
    """Return the HTTP statuses of `429,503` or `5xx`, all of them client or server errors."""
    found: set[int] = set()
    for word in filter(None, text.replace(" ", "").lower().split(",")):
        if len(word) == 3 and word[0] in "45" and word[1:] == "xx":
            found.update(range(int(word[0]) * 100, int(word[0]) * 100 + 100))
        elif len(word) == 3 and word.isascii() and word.isdecimal() and word[0] in "45":
            found.add(int(word))
        else:
            raise UsageError(
                f"invalid {option} {word!r}: expected statuses from 400 to 599",
                "write 429,503 or 5xx",
            )
    return frozenset(found)
