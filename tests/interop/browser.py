"""Headless Chromium: it opens a page of our server, and the page posts its observations.

The page, its plan and the target of its report are scenarios of the same server, whose log keeps
the post; nothing waits by sleeping.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sse_cli.mockserver.request_log import Exchange
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import FaultInjection, Server
from sse_cli.mockserver.server_thread import running
from tests.support.other_programs import environment, program

PATIENCE = 120.0  # Seconds; a browser starts in about three.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-popup-blocking",
    "--mute-audio",
    "--remote-debugging-port=0",
)

PAGE = """<!doctype html><meta charset="utf-8"><script>
addEventListener("load", async () => {
  let report;
  try {
    const plan = await (await fetch("/plan")).json();
    report = await (%s)(plan);
  } catch (error) {
    report = {failed: String(error)};
  }
  await fetch("/report", {method: "POST", body: JSON.stringify(report)});
});
</script>"""


def _page(name: str, body: str, kind: str) -> Scenario:
    return Scenario.of(name, [(0.0, body.encode())], content_type=kind)


@contextmanager
def _chromium(url: str, folder: Path) -> Iterator[None]:
    command = [program("chromium"), *OPTIONS, f"--user-data-dir={folder / 'chromium'}", url]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def visit(
    streams: Mapping[str, Scenario], script: str, plan: Any, folder: Path, **breaks: FaultInjection
) -> tuple[Any, list[Exchange]]:
    """Run the async function `script` in the browser, given `plan`; return its result and the
    requests that it sent. `breaks` are the faults of single streams.
    """
    program("chromium")  # Skip the test before anything is started.
    done = threading.Event()

    def look(exchange: Exchange) -> None:
        if exchange.route == "report" and exchange.method == "POST":
            done.set()

    own = {
        "run": _page("run", PAGE % script, "text/html; charset=utf-8"),
        "plan": _page("plan", json.dumps(plan), "application/json"),
        "report": _page("report", "", "text/plain"),
    }
    exchanges: list[Exchange] = []
    server = Server({**streams, **own}, exchanges=exchanges, log=look, speed=0)
    server.fault_injections.update(breaks)
    with running(server) as base, _chromium(f"{base}/run", folder):
        log = folder / "chromium.log"
        assert done.wait(PATIENCE), log.read_text("utf-8", "replace")[-2000:]
    (posted,) = (one for one in exchanges if one.route == "report" and one.method == "POST")
    return posted.json(), exchanges
