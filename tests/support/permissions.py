"""Files without permissions, even if root runs the tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534


@contextlib.contextmanager
def closed_folder(folder: Path, mode: int = 0) -> Iterator[None]:
    """Give `folder` the permissions of `mode`, and become the user nobody if we are root.

    Permissions do not stop root.
    """
    is_root = os.geteuid() == 0
    before = folder.stat().st_mode
    folder.chmod(mode)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(before)
