"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Iterator

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running


def pytest_collection_finish() -> None:
    """Let later searches for garbage pass over the thousands of tests: 0.2 s a time."""
    if "hypothesis" in sys.modules:
        _start_hypothesis()
    gc.collect()
    gc.freeze()


def _start_hypothesis() -> None:
    """Have Hypothesis make its random generator, which must not be frozen memory's alone.

    It asks the garbage collector who refers to the generator, and warns if nobody does. From
    Python 3.14 on the owner is frozen if it was there before.
    """
    from hypothesis import given, strategies  # noqa: PLC0415 (only if a test has imported it)

    given(strategies.none())(lambda _: None)()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The origin of a server with all scenarios that ship with the package, without waits."""
    loaded = {name: bundled.load(name) for name in bundled.names()}
    with running(Server(loaded, speed=0)) as url:
        yield url


@pytest.fixture
def seed() -> int:
    """A seed for random input: SSE_SEED, or one that a failure shows."""
    chosen = int(os.environ.get("SSE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SSE_SEED={chosen}")
    return chosen
