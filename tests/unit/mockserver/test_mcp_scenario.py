"""The scenario `mcp`: a server of the Model Context Protocol over streamable HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.chunking import rechunk
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.program import sse

BOTH = "application/json, text/event-stream"


@pytest.fixture
def url() -> Iterator[str]:
    with running(Server({"mcp": bundled.load("mcp")}, speed=0)) as base:
        yield f"{base}/mcp"


class Reply:
    """The reply to one request, and the JSON of its events."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status = reply.status
        self.session = reply.getheader("Mcp-Session-Id")
        self.kind = reply.getheader("Content-Type")
        self.body = reply.read()
        lines = self.body.decode().splitlines()
        self.events: list[dict[str, Any]] = [
            json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")
        ]


def post(url: str, message: Any, accept: str = BOTH) -> Reply:
    parts = urlsplit(url)
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    with closing(http.client.HTTPConnection(parts.netloc, timeout=20)) as connection:
        connection.request("POST", parts.path, body=body, headers={"Accept": accept})
        return Reply(connection.getresponse())


def rpc(method: str, number: Any = 7, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


@pytest.mark.parametrize(
    ("asked", "given"),
    [("2025-11-25", "2025-11-25"), ("1999-01-01", "2025-06-18"), (None, "2025-06-18")],
)
def test_initialize_begins_a_session_in_a_known_version(url: str, asked: Any, given: str) -> None:
    reply = post(url, rpc("initialize", 0, protocolVersion=asked))
    [event] = reply.events
    assert (reply.status, event["id"]) == (200, 0)
    assert event["result"]["protocolVersion"] == given
    assert reply.session
    assert post(url, rpc("tools/list")).session is None


@pytest.mark.parametrize("number", [0, 1, "abc", '"</script>\n', -5, 2**53])
def test_a_call_gets_its_id_and_its_progress_token_back(url: str, number: Any) -> None:
    *progress, result = post(url, rpc("tools/call", number, _meta={"progressToken": number})).events
    assert result["id"] == number
    assert result["result"]["isError"] is False
    assert [event["params"]["progress"] for event in progress] == [*range(1, len(progress) + 1)]
    assert {event["params"]["total"] for event in progress} == {len(progress)}
    assert all(event["params"]["progressToken"] == number for event in progress)


def test_a_call_without_a_token_gets_no_progress(url: str) -> None:
    assert [event["id"] for event in post(url, rpc("tools/call")).events] == [7]


def test_the_tool_is_listed_and_other_methods_are_unknown(url: str) -> None:
    [tools] = post(url, rpc("tools/list")).events
    assert [tool["name"] for tool in tools["result"]["tools"]] == ["get_tides"]
    assert post(url, rpc("ping")).events[0]["result"] == {}
    [unknown] = post(url, rpc("prompts/list")).events
    assert (unknown["id"], unknown["error"]["code"]) == (7, -32601)


def test_a_notification_and_a_response_are_accepted_without_a_body(url: str) -> None:
    for message in ({"jsonrpc": "2.0", "method": "x"}, {"jsonrpc": "2.0", "id": 1, "result": {}}):
        reply = post(url, message)
        assert (reply.status, reply.body, reply.kind) == (202, b"", None)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", -32700), (b"{", -32700), (b"[" * 100_000, -32700), (b"\xff", -32700),
        ([], -32600), ({}, -32600), (rpc("ping", None), -32600), (rpc("ping", {}), -32600),
        (rpc("ping", True), -32600), (rpc("ping", "x" * 201), -32600), (rpc("ping", 1.5), -32600),
    ],
)  # fmt: skip
def test_anything_else_is_a_bad_request(url: str, message: Any, code: int) -> None:
    reply = post(url, message)
    assert (reply.status, reply.kind) == (400, "application/json")
    assert json.loads(reply.body)["error"]["code"] == code


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "*/*"])
def test_a_post_has_to_accept_both_types(url: str, accept: str) -> None:
    reply = post(url, rpc("ping"), accept)
    assert reply.status == 406
    assert "must accept both" in json.loads(reply.body)["error"]["message"]


def test_a_get_plays_a_call_and_waits_within_a_session(url: str) -> None:
    ran = sse("tail", url, "--reasoning", "stderr")
    assert (ran.code, ran.text.splitlines()[0]) == (0, 'Tides on 2026-03-22, "Fromentine" 🌊:')
    assert "Low water: 07:42" in ran.talk
    ran = sse(url, "-H", "Mcp-Session-Id: x", "-o", "jsonl", "--for", "500ms")
    assert [line["data"]["method"] for line in ran.objects()] == ["notifications/message"]
    assert ran.code == 0


def test_replies_are_cut_and_paced_like_any_scenario() -> None:
    scenario = rechunk(bundled.load("mcp"), 1).at_speed(0)
    with running(Server({"mcp": scenario})) as base:
        ran = sse("--json", json.dumps(rpc("ping")), "-H", f"Accept: {BOTH}", f"{base}/mcp",
                  "-o", "text")  # fmt: skip
    assert json.loads(ran.text) == {"jsonrpc": "2.0", "id": 7, "result": {}}
    assert scenario.respond is not None
