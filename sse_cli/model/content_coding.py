"""The content codings that a reply names (RFC 9110, 8.4), and the names that are not codings.

Servers write `none`, `utf-8`, `chunked` or `binary` there for a body that is not encoded. So a name
that is not registered says nothing about the body; browsers ignore it, too.
"""

from __future__ import annotations

import re
from typing import Final

DECODED: Final = frozenset({"gzip", "x-gzip", "deflate"})
# https://www.iana.org/assignments/http-parameters
_REGISTERED: Final = DECODED | {
    *("aes128gcm", "br", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress", "zstd"),
}


# What servers write for no coding is short and printable; anything else is a broken header.
_HARMLESS: Final = re.compile(r"[!-~]{1,40}")


def codings(content_encoding: str | None) -> list[str]:
    """Return the codings of a Content-Encoding header, in lower case."""
    return [name for name in _names(content_encoding) if not _is_unknown(name)]


def unknown(content_encoding: str | None) -> str:
    """Return the names in a Content-Encoding header that are not codings, "" for none."""
    return ", ".join(filter(_is_unknown, _names(content_encoding)))


def unsupported(content_encoding: str | None) -> str:
    """Return the codings that can't be decoded, "" if there are none."""
    names = codings(content_encoding)
    others = [name for name in names if name not in DECODED]
    return ", ".join(others or (names if len(names) > 1 else []))


def _is_unknown(name: str) -> bool:
    return name not in _REGISTERED and _HARMLESS.fullmatch(name) is not None


def _names(content_encoding: str | None) -> list[str]:
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    return [name for name in names if name not in ("", "identity")]
