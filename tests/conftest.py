"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sse_cli.mockserver import scenarios
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """The origin of a server with all scenarios that ship with the package, without waits."""
    loaded = {name: scenarios.load(name) for name in scenarios.names()}
    with running(Server(loaded, speed=0)) as url:
        yield url
