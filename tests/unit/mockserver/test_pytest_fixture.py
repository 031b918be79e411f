"""The fixture `sse_server`, used as the tests of other projects use it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from sse_cli.model.errors import UsageError
from sse_cli.pytest_plugin import SSEServer

opener = build_opener(ProxyHandler({}))


def read(url: str, **more: Any) -> tuple[str, str]:
    """Return the content type and the body."""
    with opener.open(Request(url, **more), timeout=20) as reply:
        return reply.headers["content-type"], reply.read().decode()


def test_a_scenario_is_served_without_waits(sse_server: SSEServer) -> None:
    kind, text = read(sse_server.url("openai-chat"))
    assert kind.startswith("text/event-stream")
    assert text.endswith("data: [DONE]\n\n")
    assert read(sse_server.url("clock"))[1].count("event: tick") > 5
    assert sse_server.base_url.startswith("http://127.0.0.1:")


def test_a_custom_stream_comes_from_text_bytes_or_a_file(
    sse_server: SSEServer, tmp_path: Path
) -> None:
    (tmp_path / "mine.ndjson").write_text('{"a":1}\n')
    assert read(sse_server.serve("one", "data: ü\n\n"))[1] == "data: ü\n\n"
    assert read(sse_server.serve("one", b"data: 2\n\n"))[1] == "data: 2\n\n"
    assert read(sse_server.serve("a b/c", "data: 3\n\n"))[1] == "data: 3\n\n"
    kind, text = read(sse_server.serve("lines", tmp_path / "mine.ndjson"))
    assert (kind, text) == ("application/x-ndjson", '{"a":1}\n')
    kind, text = read(sse_server.serve("typed", "{}\n", content_type="application/x-ndjson"))
    assert kind == "application/x-ndjson"
    url = sse_server.serve("down", "{}", status=503, content_type="application/json")
    with pytest.raises(HTTPError) as caught:
        read(url)
    assert (caught.value.code, caught.value.read()) == (503, b"{}")
    caught.value.close()


def test_a_fault_breaks_only_the_given_number_of_replies(sse_server: SSEServer) -> None:
    url = sse_server.url("clock", fault="cut-in-chunk", times=2)
    for _ in range(2):
        with pytest.raises(IncompleteRead):
            read(url)
    assert "goodbye" in read(url)[1]
    assert "goodbye" in read(sse_server.url("clock"))[1]
    assert [one.fault for one in sse_server.requests] == ["cut-in-chunk"] * 2 + [None] * 2


def test_the_requests_are_kept_with_their_bodies(sse_server: SSEServer) -> None:
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
    assert asked.said.endswith(b"[DONE]\n\n")


def test_each_test_has_its_own_server(sse_server: SSEServer) -> None:
    url = sse_server.serve("x", "id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n")
    read(url, headers={"Last-Event-ID": "1"})
    (asked,) = sse_server.requests
    assert (asked.last_event_id, bytes(asked.said)) == (b"1", b"id: 2\ndata: 2\n\n")


def test_a_loop_and_a_pace_can_be_set(sse_server: SSEServer) -> None:
    url = sse_server.serve("x", "data: 1\n\ndata: 2\n\n", loop=True)
    with opener.open(url, timeout=20) as reply:
        assert len(reply.read(1000)) == 1000
    began = time.monotonic()
    read(sse_server.serve("x", "data: 1\n\ndata: 2\n\n", speed=1))
    assert time.monotonic() - began >= 0.05


def test_an_unknown_name_fails_with_the_closest_one(sse_server: SSEServer) -> None:
    with pytest.raises(UsageError, match="no scenario is called 'clok'") as caught:
        sse_server.url("clok")
    assert caught.value.hint == "did you mean clock?"
    with pytest.raises(UsageError, match="99 is not the status"):
        sse_server.serve("x", "", status=99)
    with pytest.raises(UsageError, match="can't read"):
        sse_server.serve("x", Path("no/such.sse"))


@pytest.fixture
def late() -> Iterator[ExitStack]:
    """A stack of context managers that outlive the fixtures requested after this one."""
    with ExitStack() as stack:
        yield stack


def test_a_client_that_is_still_reading_does_not_delay_the_end(
    late: ExitStack, sse_server: SSEServer
) -> None:
    url = sse_server.serve("x", "data: 1\n\n", loop=True)
    reply = late.enter_context(opener.open(url, timeout=20))
    assert reply.read(9) == b"data: 1\n\n"
