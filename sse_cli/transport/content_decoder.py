"""Content codings undone as the bytes arrive (RFC 9110, 8.4.1): gzip and deflate.

We ask for `identity`; this is for servers that encode all the same. Output comes in pieces of
at most `PIECE` bytes, so that a decompression bomb is only a long stream.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

PIECE: Final = 64 * 1024
GZIP_MAGIC: Final = b"\x1f\x8b"
_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Decoder:
    """Decodes one body. `feed` raises zlib.error where the coding is broken."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inflate = zlib.decompressobj(_WINDOW_BITS[name])
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether the coding's own end was seen, or nothing came at all."""
        return self._inflate.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of `data`, in pieces."""
        if not self._begun:
            self._begun = bool(data)
            self._choose_deflate(data)
        full = False  # zlib may hold more output than one piece when its input is used up
        while data or full:
            if self._inflate.eof and not data.startswith(GZIP_MAGIC):
                return  # padding after the end: gzip(1) and browsers pass over it, too
            if self._inflate.eof:  # gzip members may follow one another (RFC 1952, 2.2)
                self._inflate = zlib.decompressobj(_WINDOW_BITS[self._name])
            if piece := self._inflate.decompress(data, PIECE):
                yield piece
            full = len(piece) == PIECE and not self._inflate.eof
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _choose_deflate(self, data: bytes) -> None:
        """Many servers send "deflate" without the zlib header that the name stands for."""
        if self._name == "deflate" and data and data[0] & 0x0F != zlib.DEFLATED:
            self._inflate = zlib.decompressobj(-15)


def unsupported(content_encoding: str | None) -> str:
    """The coding that can't be undone, or "" when all is well."""
    names = codings(content_encoding)
    unknown = [name for name in names if name not in _WINDOW_BITS]
    return ", ".join(unknown or (names if len(names) > 1 else []))


def codings(content_encoding: str | None) -> list[str]:
    """The codings of a Content-Encoding header, `identity` left out."""
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    return [name for name in names if name not in ("", "identity")]
