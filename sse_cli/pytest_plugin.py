"""A pytest fixture: `sse_server`, the mock server for the tests of any project.

Rule 1: pytest loads this module in every project where the package is installed, so it imports
nothing but pytest until a test uses the fixture. Rule 2: each test has a server of its own, on
a free port of 127.0.0.1, that plays without waits unless it is told a speed.
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
    """The mock server of one test; it starts when it is first asked for a URL."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._scenarios: dict[str, Scenario] = {}
        self._server: Server | None = None
        self._base = ""
        self.requests: list[Exchange] = []
        """Each request so far: `method`, `target`, `path`, `headers`, `header(name)`, `body`,
        `json()`, `last_event_id`, `route`, `status`, and what was `said` for it."""

    @property
    def base_url(self) -> str:
        """Where it listens; `/` lists what it serves."""
        self._running()
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
        """The URL of the scenario `name` that ships with sse-cli (`sse serve` lists them).

        `fault` breaks every reply, or the first `times` of them (`sse serve --list-faults`);
        `speed` 1 is a lifelike pace, 0 is without waits; `loop` starts over at the end, for
        ever. Raises UsageError for an unknown name, with the closest.
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
        """The URL of a stream of the test's own: `source` is its text or bytes, or the path
        (as `pathlib.Path`) of a recording, `.sse` or `.ndjson` file. The other options are
        those of `url`; `status` and `content_type` replace what the source says. Raises
        UsageError for a file or a status that can't be served.
        """
        from dataclasses import replace  # noqa: PLC0415 (rule 1)

        from sse_cli.mockserver import scenario_library  # noqa: PLC0415
        from sse_cli.mockserver.scenarios.scenario import EVENT_STREAM  # noqa: PLC0415
        from sse_cli.model.errors import UsageError  # noqa: PLC0415

        if isinstance(source, str | bytes):
            body = source.encode() if isinstance(source, str) else source
            made = scenario_library.from_bytes(name, body, content_type or EVENT_STREAM)
        else:
            made = scenario_library.from_file(fspath(source))
        made = replace(made, name=scenario_library.route_name(name))
        if not 200 <= status <= 599:
            raise UsageError(f"{status} is no status of a reply", "200 to 599 are")
        if status != 200:
            made = replace(made, status=status)
        if content_type is not None:
            made = replace(made, content_type=content_type)
        return self._add(made, fault, times, speed, loop)

    def _add(
        self, scenario: Scenario, fault: str | None, times: int | None, speed: float, loop: bool
    ) -> str:
        from sse_cli.mockserver.faults.registry import find_fault  # noqa: PLC0415 (rule 1)
        from sse_cli.mockserver.scenario_library import ScenarioLibrary  # noqa: PLC0415
        from sse_cli.mockserver.server import FaultInjection  # noqa: PLC0415

        breaking = FaultInjection(find_fault(fault) if fault else None, times)
        server = self._running()
        library = ScenarioLibrary(self._scenarios)
        made = scenario.at_speed(speed)
        name = library.add(made.looped() if loop else made)
        server.fault_injections[name] = breaking
        return f"{self._base}/{name}"

    def _running(self) -> Server:
        from sse_cli.mockserver.server import Server  # noqa: PLC0415 (rule 1)
        from sse_cli.mockserver.server_thread import running  # noqa: PLC0415 (rule 1)

        if self._server is None:
            self._server = Server(self._scenarios, exchanges=self.requests)
            self._base = self._stack.enter_context(running(self._server))
        return self._server


@pytest.fixture
def sse_server() -> Iterator[SSEServer]:
    """A server of event streams (SSE) to test clients against: `url(NAME)`, `serve(NAME, DATA)`."""
    with ExitStack() as stack:
        yield SSEServer(stack)
