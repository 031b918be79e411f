"""The servers, one set for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop import routes
from tests.interop.real_servers import Town
from tests.interop.routes import Lane


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Servers on demand."""
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.fixture
def lane(request: pytest.FixtureRequest, town: Town) -> Lane:
    """A way to the stream, by its name."""
    return routes.lane(request.param, town)


@pytest.fixture
def ticket(request: pytest.FixtureRequest) -> str:
    """A name for a gate that no other test knows."""
    return "".join(letter for letter in request.node.name if letter.isalnum())
