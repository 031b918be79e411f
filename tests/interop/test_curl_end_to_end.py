"""Pasted curl commands on the wire: what `sse curl …` and real curl send to one raw server.

The cases, and what sse changes on purpose, are those of `test_curl.py`; here nothing is
compared but the bytes that arrive.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.curl_cases import CASES, as_we_send, needs_curl, run_case, upper_escapes
from tests.support.program import sse
from tests.support.replies import HELLO
from tests.support.requests import Recorded
from tests.support.wire import Wire

pytestmark = pytest.mark.interop

APART = ("host", "content-length")  # compared on their own
OLD = ("connection", "close")  # what -0 means in HTTP/1.1


def field(request: Recorded, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name]


@needs_curl
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


def test_there_are_as_many_shapes_as_were_promised() -> None:
    assert len({case["command"] for case in CASES}) >= 30
