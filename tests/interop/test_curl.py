"""Pasted curl commands: real curl and `sse curl …` send the same request to one raw server, except
for the differences that sse makes on purpose.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sse_cli.request import curl
from sse_cli.request.builder import build
from sse_cli.request.curl import Option
from sse_cli.request.model import Request
from tests.support.curl_cases import CASES, OURS, as_we_send, run_case, upper_escapes
from tests.support.other_programs import program
from tests.support.program import sse
from tests.support.replies import HELLO
from tests.support.requests import Recorded
from tests.support.wire import Wire

pytestmark = pytest.mark.interop

APART = ("host", "content-length")  # compared separately
OLD = ("connection", "close")  # how HTTP/1.1 expresses -0


@pytest.fixture(autouse=True)
def real_curl() -> None:
    program("curl")
    program("bash")


def target(request: Request) -> str:
    parts = urlsplit(request.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def field(request: Recorded, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_sse_curl_sends_what_curl_sends(case: dict[str, Any], tmp_path: Path) -> None:
    with Wire(HELLO) as server:
        ran = run_case(case, tmp_path, server)
        done = sse("-o", "text", "curl", *ran.words, stdin=ran.stdin, cwd=tmp_path)
    assert (done.code, done.text, done.talk) == (0, "hello\n", "")
    theirs, ours = server.requests
    assert theirs == ran.sent
    assert ours.method == theirs.method
    assert ours.target == upper_escapes(theirs.target)
    assert ours.body == theirs.body
    headers = [(name.lower(), value) for name, value in ours.headers if name.lower() not in APART]
    if "-0" in ran.words:
        headers.remove(OLD)
    assert sorted(headers) == as_we_send(ran.words, theirs.headers)
    assert field(ours, "host") == field(theirs, "host")
    assert field(ours, "content-length") == field(theirs, "content-length")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_pasted_command_builds_the_request_of_real_curl(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(HELLO) as server:
        ran = run_case(case, tmp_path, server)
    monkeypatch.chdir(tmp_path)
    pasted = curl.parse(ran.words, OURS, {})
    request = build(pasted.request, stdin=lambda: ran.stdin, environment={})
    assert pasted.ours == []
    assert request.method == ran.sent.method
    assert target(request) == upper_escapes(ran.sent.target)
    assert (request.body or b"") == ran.sent.body
    ours = [(name.lower(), value) for name, value in request.headers if name.lower() != "host"]
    assert sorted(ours) == as_we_send(ran.words, ran.sent.headers)


def test_our_option_table_takes_values_where_real_curl_does() -> None:
    def wants_value(option: Option) -> bool:
        done = subprocess.run(
            ["curl", "-q", f"--{option.name}"], capture_output=True, text=True, check=False
        )
        return "requires parameter" in done.stderr

    listed = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True)
    names = {word[2:] for word in listed.stdout.split() if word.startswith("--")}
    known = [curl.OPTIONS[name] for name in sorted(names & set(curl.OPTIONS))]
    assert len(known) > 200
    assert [o.name for o in known if wants_value(o) != o.takes_value] == []


def test_the_corpus_has_enough_kinds_of_commands() -> None:
    assert len({case["command"] for case in CASES}) >= 30
