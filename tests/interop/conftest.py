"""The servers, one set for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop import routes
from tests.interop.real_servers import Servers
from tests.interop.routes import Route


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers, started on demand."""
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def route(request: pytest.FixtureRequest, servers: Servers) -> Route:
    """The route of the given name."""
    return routes.route(request.param, servers)


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> str:
    """The name of a gate that no other test uses."""
    return "".join(letter for letter in request.node.name if letter.isalnum())
