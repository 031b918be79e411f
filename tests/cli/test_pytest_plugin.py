"""The fixture `sse_server` in other projects: pytest runs them as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import PATIENCE, environment

HEAVY = ("asyncio", "h11", "httpx", "rich", "typer", "jmespath")


def run(folder: Path, *options: str) -> tuple[int, str]:
    """pytest in `folder`, where nothing but the installed plugin says what `sse_server` is."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": ""}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def passes(folder: Path, source: str, *options: str) -> str:
    """What pytest says of a test file that has to pass."""
    (folder / "test_theirs.py").write_text(source, "utf-8")
    code, output = run(folder, *options)
    assert code == 0, output
    return output


CLIENT = """
import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

opener = build_opener(ProxyHandler({}))


def read(url, **more):
    with opener.open(Request(url, **more), timeout=20) as reply:
        return reply.headers["content-type"], reply.read().decode()
"""


def test_a_scenario_is_served_without_waits(tmp_path: Path) -> None:
    source = """
def test_it(sse_server):
    kind, text = read(sse_server.url("openai-chat"))
    assert kind.startswith("text/event-stream")
    assert text.endswith("data: [DONE]\\n\\n")
    assert read(sse_server.url("clock"))[1].count("event: tick") > 5
    assert sse_server.base_url.startswith("http://127.0.0.1:")
"""
    passes(tmp_path, CLIENT + source)


def test_a_stream_of_the_tests_own_comes_from_text_bytes_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.ndjson").write_text('{"a":1}\n')
    source = """
def test_it(sse_server, tmp_path):
    assert read(sse_server.serve("one", "data: ü\\n\\n"))[1] == "data: ü\\n\\n"
    assert read(sse_server.serve("one", b"data: 2\\n\\n"))[1] == "data: 2\\n\\n"
    assert read(sse_server.serve("a b/c", "data: 3\\n\\n"))[1] == "data: 3\\n\\n"
    kind, text = read(sse_server.serve("lines", Path(__file__).with_name("mine.ndjson")))
    assert (kind, text) == ("application/x-ndjson", '{"a":1}\\n')
    kind, text = read(sse_server.serve("typed", "{}\\n", content_type="application/x-ndjson"))
    assert kind == "application/x-ndjson"
    url = sse_server.serve("down", "{}", status=503, content_type="application/json")
    with pytest.raises(HTTPError) as caught:
        read(url)
    assert (caught.value.code, caught.value.read()) == (503, b"{}")
    caught.value.close()
"""
    passes(tmp_path, CLIENT + source)


def test_a_fault_strikes_the_replies_that_it_is_asked_for(tmp_path: Path) -> None:
    source = """
from http.client import IncompleteRead

def test_it(sse_server):
    url = sse_server.url("clock", fault="cut-in-chunk", times=2)
    for _ in range(2):
        with pytest.raises(IncompleteRead):
            read(url)
    assert "goodbye" in read(url)[1]
    assert "goodbye" in read(sse_server.url("clock"))[1]
    assert [one.fault for one in sse_server.requests] == ["cut-in-chunk"] * 2 + [None] * 2
"""
    passes(tmp_path, CLIENT + source)


def test_the_requests_are_kept_with_their_bodies(tmp_path: Path) -> None:
    source = """
def test_it(sse_server):
    url = sse_server.url("openai-chat")
    assert sse_server.requests == []
    read(url + "/v1/chat?x=1", data=b'{"stream":true}', headers={"X-Key": "secret"})
    (asked,) = sse_server.requests
    assert (asked.method, asked.path) == ("POST", "/openai-chat/v1/chat")
    assert asked.route == "openai-chat"
    assert asked.json() == {"stream": True}
    assert asked.header("x-key") == "secret"
    assert asked.last_event_id is None
    assert asked.status == 200
    assert asked.said.endswith(b"[DONE]\\n\\n")

def test_each_test_has_its_own(sse_server):
    read(sse_server.serve("x", "id: 1\\ndata: 1\\n\\nid: 2\\ndata: 2\\n\\n"),
         headers={"Last-Event-ID": "1"})
    (asked,) = sse_server.requests
    assert (asked.last_event_id, asked.said) == (b"1", b"id: 2\\ndata: 2\\n\\n")
"""
    passes(tmp_path, CLIENT + source)


def test_a_loop_and_a_pace_can_be_asked_for(tmp_path: Path) -> None:
    source = """
import time

def test_it(sse_server):
    url = sse_server.serve("x", "data: 1\\n\\ndata: 2\\n\\n", loop=True)
    with opener.open(url, timeout=20) as reply:
        assert len(reply.read(1000)) == 1000
    began = time.monotonic()
    read(sse_server.serve("x", "data: 1\\n\\ndata: 2\\n\\n", speed=1))
    assert time.monotonic() - began >= 0.05
"""
    passes(tmp_path, CLIENT + source)


def test_a_wrong_name_fails_with_the_closest(tmp_path: Path) -> None:
    source = """
def test_it(sse_server):
    from sse_cli.model.errors import UsageError
    with pytest.raises(UsageError, match="no scenario is called 'clok'") as caught:
        sse_server.url("clok")
    assert caught.value.hint == "did you mean clock?"
    with pytest.raises(UsageError, match="99 is no status"):
        sse_server.serve("x", "", status=99)
    with pytest.raises(UsageError, match="can't read"):
        sse_server.serve("x", Path("no/such.sse"))
"""
    passes(tmp_path, CLIENT + source)


def test_a_client_that_is_still_reading_does_not_hold_up_the_end(tmp_path: Path) -> None:
    source = """
def test_it(sse_server, request):
    reply = opener.open(sse_server.serve("x", "data: 1\\n\\n", loop=True), timeout=20)
    request.addfinalizer(reply.close)
    assert reply.read(9) == b"data: 1\\n\\n"
"""
    passes(tmp_path, CLIENT + source)


def test_nothing_heavy_is_imported_until_a_test_uses_the_fixture(tmp_path: Path) -> None:
    source = f"""
import sys

HEAVY = {HEAVY!r}

def test_before():
    assert "sse_cli.pytest_plugin" in sys.modules
    ours = sorted(name for name in sys.modules if name.startswith("sse_cli."))
    assert ours == ["sse_cli.pytest_plugin"]
    assert not [name for name in HEAVY if name in sys.modules]

def test_after(sse_server):
    sse_server.url("clock")
    assert "sse_cli.mockserver" in sys.modules
    assert not [name for name in ("httpx", "rich", "typer", "jmespath") if name in sys.modules]
"""
    passes(tmp_path, source, "-p", "no:anyio", "-p", "no:xdist")


def test_the_fixture_is_told_by_pytest_itself(tmp_path: Path) -> None:
    output = passes(tmp_path, "def test_it(): pass", "--fixtures")
    assert "sse_server" in output
    assert "A server of event streams" in output


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with xdist"])
def test_many_tests_with_a_server_each_leave_nothing_behind(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = """
import threading

@pytest.mark.parametrize("n", range(20))
def test_it(sse_server, n):
    assert read(sse_server.serve("x", f"data: {n}\\n\\n"))[1] == f"data: {n}\\n\\n"
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("sse-serve") == 1
"""
    assert "20 passed" in passes(tmp_path, CLIENT + source, *options)
