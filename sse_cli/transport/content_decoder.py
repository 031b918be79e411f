"""Incremental decoding of the content codings gzip and deflate (RFC 9110, 8.4.1).

Requests ask for `identity`, but some servers encode anyway. Output comes in pieces of at most
`PIECE` bytes, so a decompression bomb is only a long stream.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

PIECE: Final = 64 * 1024
GZIP_MAGIC: Final = b"\x1f\x8b"
# Bytes that no text begins with: control characters but for tab, line ends and escape.
_BINARY: Final = frozenset({*range(32), 127} - {*b"\t\n\r\x1b"})
_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Decoder:
    """A decoder of one body. `feed` raises zlib.error if the coding is broken."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inflate = zlib.decompressobj(_WINDOW_BITS[name])
        self._begun = False

    @property
    def complete(self) -> bool:
        """Return whether the end of the coding was seen, or the body is empty."""
        return self._inflate.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes of `data`, in pieces."""
        if not self._begun:
            self._begun = bool(data)
            self._choose_deflate(data)
        full = False  # zlib may hold more output than one piece when its input is used up
        while data or full:
            if self._inflate.eof and not data.startswith(GZIP_MAGIC):
                return  # padding after the end: gzip(1) and browsers skip it, too
            if self._inflate.eof:  # gzip members may follow one another (RFC 1952, 2.2)
                self._inflate = zlib.decompressobj(_WINDOW_BITS[self._name])
            if piece := self._inflate.decompress(data, PIECE):
                yield piece
            full = len(piece) == PIECE and not self._inflate.eof
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _choose_deflate(self, data: bytes) -> None:
        """Expect raw deflate if there is no zlib header, which many servers omit."""
        if self._name == "deflate" and data and data[0] & 0x0F != zlib.DEFLATED:
            self._inflate = zlib.decompressobj(-15)


def coding_of(start: bytes) -> str:
    """Return the coding of a body by its first bytes, "" if none is recognized.

    Brotli and raw deflate have no mark of their own.
    """
    if start.startswith(GZIP_MAGIC):
        return "gzip"
    if start.startswith(b"\x28\xb5\x2f\xfd"):  # RFC 8878, 3.1.1
        return "zstd"
    # RFC 1950, 2.2: the method and the window, then a multiple of 31.
    is_zlib = start[:1] == b"\x78" and int.from_bytes(start[:2], "big") % 31 == 0
    return "deflate" if is_zlib and len(start) > 1 and looks_encoded(start) else ""


def looks_encoded(start: bytes) -> bool:
    """Return whether the first bytes of a body are not text; a character may be cut at the end."""
    if not _BINARY.isdisjoint(start):
        return True
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"
    return False
