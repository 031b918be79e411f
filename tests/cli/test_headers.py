"""Headers as servers really send them, and the advice on a refusal that is about headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.support.program import Ran, error_and_hint, sse
from tests.support.replies import STREAM, whole
from tests.support.wire import Wire

EVENT: Final = b"data: one\n\n"
BOTH: Final = "-H 'Accept: application/json, text/event-stream'"
JSON: Final = "Content-Type: application/json"
NOTE: Final = "Content-Encoding: none is not a coding: the body is read as it came"


def asked(reply: bytes, *words: str | Path) -> Ran:
    with Wire(reply) as server:
        return sse(*words, "-m", "20", server.origin)


def test_a_coding_that_is_not_one_is_noted_where_notes_are_asked_for() -> None:
    reply = whole(EVENT, STREAM, "Content-Encoding: none")
    assert asked(reply, "-o", "text") == (0, b"one\n", b"")
    ran = asked(reply, "-o", "text", "-v")
    assert (ran.code, ran.out) == (0, b"one\n")
    assert f"* {NOTE}" in ran.talk.splitlines()
    assert NOTE in asked(reply, "-o", "text", "--summary").talk.splitlines()
    assert NOTE in asked(reply, "tail", "--summary").talk.splitlines()


@pytest.mark.parametrize("name", ["gzip", "identity"])
def test_a_real_coding_gets_no_note(name: str) -> None:
    ran = asked(whole(b"", STREAM, f"Content-Encoding: {name}"), "-v", "--summary")
    assert "is not a coding" not in ran.talk


def test_the_session_of_mcp_is_shown_by_verbose_alone(tmp_path: Path) -> None:
    reply = whole(EVENT, STREAM, "Mcp-Session-Id: s-123", "X-Amzn-RequestId: r-1")
    file = tmp_path / "it.rec"
    ran = asked(reply, "-v", "--record", file)
    assert "< Mcp-Session-Id: s-123" in ran.talk.splitlines()
    assert "< X-Amzn-RequestId: r-1" in ran.talk.splitlines()
    assert b"s-123" not in file.read_bytes()
    assert b"r-1" in file.read_bytes()
    assert "s-123" not in asked(reply, "-o", "jsonl", "--all").text
    refused = whole(b"no", "Mcp-Session-Id: s-123", status="500 Oops")
    assert "< Mcp-Session-Id: ***" in asked(refused).talk.splitlines()
    assert "< Mcp-Session-Id: s-123" in asked(refused, "-v").talk.splitlines()


def test_json_asks_for_an_event_stream_alone() -> None:
    with Wire(whole(EVENT, STREAM)) as server:
        sse("curl", "--json", "{}", server.origin)
        sse("--json", "{}", server.origin)
        sse("--json", "{}", "-H", "Accept: a/b", server.origin)
    found = [dict(request.headers)["Accept"] for request in server.requests]
    assert found == ["text/event-stream", "text/event-stream", "a/b"]


def rpc(message: str) -> bytes:
    error = {"code": -32000, "message": message}
    return json.dumps({"jsonrpc": "2.0", "error": error, "id": None}).encode()


MCP: Final = rpc("Not Acceptable: Client must accept both application/json and text/event-stream")
REFUSALS: Final = {
    "406": whole(b"", "Content-Type: text/plain", status="406 Not Acceptable"),
    "406 of MCP": whole(MCP, JSON, status="406 Not Acceptable"),
    "400 that names both": whole(
        b"Accept must contain 'text/event-stream' and 'application/json'", status="400 Bad Request"
    ),
    "an error under 200": whole(rpc("the Accept header is wrong"), JSON),
    "a result of MCP": whole(b'{"jsonrpc": "2.0", "id": 1, "result": {}}', JSON),
}


@pytest.mark.parametrize("reply", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_for_the_accept_header_names_both_types(reply: bytes, tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    ran = asked(reply, "--record", file)
    assert ran.code == 4
    assert BOTH in error_and_hint(ran)[1]
    assert error_and_hint(sse(file)) == error_and_hint(ran)


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        (rpc("Session not found"), "404 Not Found", "check the path"),
        (rpc("Method not allowed."), "405 Method Not Allowed", "another method"),
        (b'{"result": {"accept": true}}', "200 OK", "ask for a stream"),
        (b'{"error": {"message": "not acceptable"}}', "400 Bad Request", "the reply above"),
        (b'{"jsonrpc": 2, "error": ' + b"[" * 100_000, "400 Bad Request", "the reply above"),
    ],
)
def test_any_other_refusal_keeps_its_advice(body: bytes, status: str, hint: str) -> None:
    assert hint in error_and_hint(asked(whole(body, JSON, status=status)))[1]


def test_a_client_that_accepts_both_types_is_not_told_to() -> None:
    named = ("-H", "Accept: Application/JSON, text/event-stream")
    for name in ("400 that names both", "an error under 200", "a result of MCP"):
        assert BOTH not in error_and_hint(asked(REFUSALS[name], *named))[1]


def test_a_missing_content_type_says_who_reads_it_all_the_same() -> None:
    ran = asked(whole(EVENT, "X-A: 1"))
    error, hint = error_and_hint(ran)
    assert (ran.code, ran.out) == (4, b"")
    assert "EventSource refuses it, while curl and most SDKs read it anyway" in error
    assert "--any-type" in hint
    assert asked(whole(EVENT, "X-A: 1"), "--any-type", "-o", "text").out == b"one\n"
