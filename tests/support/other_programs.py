"""Programs and packages that a test needs and a machine may lack."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import NoReturn

import pytest

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # the folder of nginx, often not on a user's PATH


def environment() -> dict[str, str]:
    """Return this machine's environment without its proxies, which would handle loopback, too."""
    return {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}


def program(name: str) -> str:
    """Return the path of a program; skip the test if it is missing."""
    path = shutil.which(name) or shutil.which(name, path=SBIN)
    return path or missing(name)


def require_module(*names: str) -> None:
    """Skip the test where one of these Python packages is missing."""
    for name in names:
        if find_spec(name) is None:
            missing(name)


def missing(name: str) -> NoReturn:
    """Skip the test, or fail it if the environment requires every program."""
    if os.environ.get("SSE_REQUIRE_REAL") == "1":
        pytest.fail(f"{name} is not installed, and SSE_REQUIRE_REAL=1 asks for it")
    pytest.skip(f"{name} is not installed")
