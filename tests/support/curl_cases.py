"""Pasted curl commands, and the requests that real curl makes of them.

`tests/corpus/curl_commands.json` holds commands as shell text: `{URL}` stands for the origin
of a loopback server and `{HOST}` for its host and port. Bash runs each twice: with real curl,
against a raw socket server, and with a function named curl that writes down its words, so that
the shell does the quoting for us, too. Newer versions of curl refuse abbreviated and upper-case
options, which we still accept: real curl is given the same command "in full".
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sse_cli
from tests.support.paths import CORPUS
from tests.support.requests import Recorded
from tests.support.wire import Wire

CASES: list[dict[str, Any]] = json.loads((CORPUS / "curl_commands.json").read_text("utf-8"))
# Options of ours, with and without a value.
OURS = {"where": True, "max-events": True, "full": False, "no-summary": False, "output": True}
WORDS = 'curl() { printf "%s\\0" "$@" > words; cat > stdin; }\n'

needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")


class CurlRun(NamedTuple):
    """The request of real curl, and the words and standard input that the shell passed to it."""

    sent: Recorded
    words: list[str]
    stdin: bytes


def run_case(case: dict[str, Any], folder: Path, server: Wire) -> CurlRun:
    """Run one case of the corpus in `folder`, with real curl against `server`."""
    for name, content in case.get("files", {}).items():
        folder.joinpath(name).write_bytes(content.encode())
    host = server.origin.removeprefix("http://")
    ours, theirs = (
        text.replace("{URL}", server.origin).replace("{HOST}", host)
        for text in (case["command"], case.get("in full", case["command"]))
    )
    run_in_bash(theirs, case, folder)
    run_in_bash(WORDS + ours, case, folder)
    words = os.fsdecode(folder.joinpath("words").read_bytes()).split("\0")[:-1]
    return CurlRun(server.requests[0], words, folder.joinpath("stdin").read_bytes())


def run_in_bash(text: str, case: dict[str, Any], folder: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=environment | case.get("env", {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def as_we_send(words: list[str], sent: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return curl's headers with the changes that sse makes on purpose, sorted."""
    named = {name.lower() for name, _ in sent}
    accept_asked = any(word.lower().startswith("accept:") for word in words)
    accept = "*/*" if accept_asked else "text/event-stream"
    kept = [pair for pair in sent if pair[0].lower() not in ("host", "content-length")]
    expected = [_changed(name.lower(), value, accept) for name, value in kept]
    if "cache-control" not in named:
        expected.append(("cache-control", "no-cache"))
    if "accept-encoding" not in named:
        expected.append(("accept-encoding", "identity"))
    return sorted(expected)


def _changed(name: str, value: str, accept: str) -> tuple[str, str]:
    if name == "user-agent" and value.startswith("curl/"):
        return name, f"sse-cli/{sse_cli.__version__}"
    if name == "accept" and value in ("*/*", "application/json") and accept != "*/*":
        return name, accept
    if name == "accept-encoding":
        return name, NARROWED[value]
    return name, value


NARROWED = {
    "deflate, gzip, br, zstd": "gzip, deflate",  # --compressed as Debian builds curl
    "deflate, gzip, br": "gzip, deflate",
    "deflate, gzip": "gzip, deflate",
    "gzip, deflate, br, zstd": "gzip, deflate",
    "br;q=1.0, gzip;q=0.8, *;q=0.1": "gzip;q=0.8",
}


def upper_escapes(text: str) -> str:
    """Return percent-escapes in upper case (RFC 3986, 6.2.2.1); the -G of curl 7.88 lowers them."""
    return re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), text)
