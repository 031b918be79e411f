"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Iterator

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running


def pytest_collection_finish() -> None:
    """Let later searches for garbage pass over the thousands of tests: 0.2 s a time."""
    gc.collect()
    gc.freeze()


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
