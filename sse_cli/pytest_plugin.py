"""A pytest fixture: `sse_server`, the mock server for the tests of any project.

Rule 1: pytest loads this module in every project where the package is installed, so it imports
nothing but pytest until a test uses the fixture. Rule 2: each test has its own server, on a free
port of 127.0.0.1, which plays streams without waits unless a speed is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from os import PathLike, fspath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sse_cli.mockserver.request_log import Exchange
    from sse_cli.mockserver.scenarios.scenario import Scenario
    from sse_cli.mockserver.server import Server

Source = str | bytes | PathLike[str]


class SSEServer:
    """The mock server of one test. It starts when its first URL is requested."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._scenarios: dict[str, Scenario] = {}
        self._server: Server | None = None
        self._base = ""
        self.requests: list[Exchange] = []
        """The requests so far, each with `method`, `target`, `path`, `headers`, `header(name)`,
        `body`, `json()`, `last_event_id`, `route`, `status`, and `said`: the stream that it got."""

    @property
    def base_url(self) -> str:
        """The base URL of the server; `/` lists its streams."""
        self._start()
        return self._base

    def url(
        self,
        name: str,
        *,
        fault: str | None = None,
        times: int | None = None,
        speed: float = 0.0,
        loop: bool = False,
    ) -> str:
        """Return the URL of a bundled scenario (`sse serve` lists them).

        `fault` breaks every reply, or only the first `times` (`sse serve --list-faults` lists the
        faults). `speed` 1 is a lifelike pace, 0 is without waits. `loop` repeats the stream for
        ever. Raises UsageError, with the closest names, for an unknown scenario or fault.
        """
        from sse_cli.mockserver.scenarios import bundled  # noqa: PLC0415 (rule 1)

        return self._add(bundled.load(name), fault, times, speed, loop)

    def serve(  # noqa: PLR0913 (all but two are named options)
        self,
        name: str,
        source: Source,
        *,
        content_type: str | None = None,
        status: int = 200,
        fault: str | None = None,
        times: int | None = None,
        speed: float = 0.0,
        loop: bool = False,
    ) -> str:
        """Return the URL of a stream of the test's own.

        `source` is its text or bytes, or the path (as `pathlib.Path`) of a recording, `.sse` or
        `.ndjson` file. `status` and `content_type` replace those of the source; the other options
        are those of `url`. Raises UsageError for a file or a status that can't be served.
        """
        from dataclasses import replace  # noqa: PLC0415 (rule 1)

        from sse_cli.mockserver import scenario_library  # noqa: PLC0415
        from sse_cli.mockserver.scenarios.scenario import EVENT_STREAM  # noqa: PLC0415
        from sse_cli.model.errors import UsageError  # noqa: PLC0415

        if isinstance(source, str | bytes):
            body = source.encode() if isinstance(source, str) else source
            scenario = scenario_library.from_bytes(name, body, content_type or EVENT_STREAM)
        else:
            scenario = scenario_library.from_file(fspath(source))
        scenario = replace(scenario, name=scenario_library.route_name(name))
        if not 200 <= status <= 599:
            raise UsageError(f"{status} is not the status of a reply", "200 to 599 are")
        if status != 200:
            scenario = replace(scenario, status=status)
        if content_type is not None:
            scenario = replace(scenario, content_type=content_type)
        return self._add(scenario, fault, times, speed, loop)

    def _add(
        self, scenario: Scenario, fault: str | None, times: int | None, speed: float, loop: bool
    ) -> str:
        from sse_cli.mockserver.faults.registry import find_fault  # noqa: PLC0415 (rule 1)
        from sse_cli.mockserver.scenario_library import ScenarioLibrary  # noqa: PLC0415
        from sse_cli.mockserver.server import FaultInjection  # noqa: PLC0415

        injection = FaultInjection(find_fault(fault) if fault else None, times)
        server = self._start()
        library = ScenarioLibrary(self._scenarios)
        paced = scenario.at_speed(speed)
        name = library.add(paced.looped() if loop else paced)
        server.fault_injections[name] = injection
        return f"{self._base}/{name}"

    def _start(self) -> Server:
        from sse_cli.mockserver.server import Server  # noqa: PLC0415 (rule 1)
        from sse_cli.mockserver.server_thread import running  # noqa: PLC0415 (rule 1)

        if self._server is None:
            self._server = Server(self._scenarios, exchanges=self.requests)
            self._base = self._stack.enter_context(running(self._server))
        return self._server


@pytest.fixture
def sse_server() -> Iterator[SSEServer]:
    """Serve event streams (SSE) to test clients against: `url(NAME)`, `serve(NAME, DATA)`."""
    with ExitStack() as stack:
        yield SSEServer(stack)
