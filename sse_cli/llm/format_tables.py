"""The tables of our format files, parsed before, because parsing fifty TOML files takes 5 ms.

`formats/tables.json` holds them by the checksum of a file's bytes, so a file that was changed since
is parsed again. It is generated (`python -m tests.support.detection_index`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("formats")
FILE: Final = FOLDER / "tables.json"


def checksum(file: bytes) -> str:
    """Return the key of a file's table."""
    return f"{zlib.crc32(file):08x}"


def table_of(file: bytes) -> dict[str, Any] | None:
    """Return the table of one of our files, None if these bytes have not been parsed before."""
    return _tables().get(checksum(file))


@cache
def _tables() -> Mapping[str, dict[str, Any]]:
    try:
        tables: dict[str, dict[str, Any]] = json.loads(FILE.read_bytes())
    except OSError:
        return {}
    return tables
