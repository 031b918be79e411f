"""The Model Context Protocol over streamable HTTP: a server with one tool, which reports progress.

A POST with a JSON-RPC request gets its answer as a stream; one without `Accept` for both types is
refused, as the official servers do. A GET within a session waits for messages of the server; any
other GET plays a call of the tool.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from sse_cli.mockserver.scenarios.encoding import Fields, encode_event
from sse_cli.mockserver.scenarios.scenario import ReplyEnd, RequestContent, Scenario
from sse_cli.mockserver.scenarios.scenario_file import ScenarioFile, TimedEvents
from sse_cli.mockserver.scenarios.seeded_random import HEX, SeededRandom

VERSIONS: Final = ("2025-06-18", "2025-11-25", "2025-03-26", "2024-11-05")  # the default first
SESSION: Final = "mcp-session-id"
_TYPES: Final = ("application/json", "text/event-stream")
_LONGEST_ID: Final = 200  # characters
_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _REFUSED = -32700, -32600, -32601, -32000

RPCID: TypeAlias = int | str | None


def events(file: ScenarioFile, _rng: SeededRandom) -> TimedEvents:
    """Yield a call of the tool: a notification for each line of `reasoning`, then the result."""
    return _call(file, 1, 1)


@dataclass(frozen=True)
class Responder:
    """The replies to requests that are not a plain GET (`Scenario.respond`)."""

    file: ScenarioFile

    def __call__(self, request: RequestContent) -> Scenario | None:
        """Return the reply to a request, None for the call that a plain GET plays."""
        if request.method == "POST":
            return self._posted(request)
        if request.method == "GET" and SESSION in request.headers:
            return self._listening()
        return None

    def _listening(self) -> Scenario:
        params = {"level": "info", "logger": "mock", "data": "listening"}
        event = _notification("notifications/message", params)
        stream = Scenario("mcp", "", self.file.steps(iter([("piece", event)])))
        return replace(stream, end=ReplyEnd.HOLD)

    def _posted(self, request: RequestContent) -> Scenario:
        accepted = request.headers.get("accept", "").lower()
        if not all(kind in accepted for kind in _TYPES):
            words = f"Not Acceptable: Client must accept both {' and '.join(_TYPES)}"
            return _error(406, _REFUSED, words)
        try:
            message = json.loads(request.body)
        except (ValueError, RecursionError):
            return _error(400, _PARSE_ERROR, "Parse error")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _error(400, _INVALID_REQUEST, "Invalid Request")
        if "id" not in message or "method" not in message:  # a notification, or a response to us
            return Scenario("mcp", "", (), 202, "", (("Content-Length", "0"),))
        if not _is_id(message["id"]):
            return _error(400, _INVALID_REQUEST, "Invalid Request: the id is not valid")
        return self._answered(message)

    def _answered(self, message: Fields) -> Scenario:
        number = message["id"]
        given = message.get("params")
        params = given if isinstance(given, dict) else {}
        if message["method"] == "tools/call":
            meta = params.get("_meta")
            token = meta.get("progressToken") if isinstance(meta, dict) else None
            return self._stream(_call(self.file, number, token if _is_id(token) else None))
        if build := _RESULTS.get(str(message["method"])):
            reply: Fields = {"result": build(self.file, params)}
        else:
            reply = {"error": {"code": _NO_METHOD, "message": "Method not found"}}
        event = encode_event({"jsonrpc": "2.0", "id": number, **reply}, "message")
        scenario = self._stream(iter([("piece", event)]))
        if message["method"] != "initialize":
            return scenario
        session = SeededRandom(self.file.seed).identifier(32, HEX)
        return replace(scenario, headers=(("Mcp-Session-Id", session),))

    def _stream(self, timed: TimedEvents) -> Scenario:
        return Scenario("mcp", "", self.file.steps(timed))


def _call(file: ScenarioFile, number: RPCID, token: RPCID) -> TimedEvents:
    """Yield the events of a call; progress is reported only to a client that gave a token."""
    messages = file.reasoning.strip("\n").split("\n")
    if token is not None:
        yield from _progress(messages, token)
    content = [{"type": "text", "text": file.answer}]
    result = {"content": content, "isError": False}
    data = encode_event({"jsonrpc": "2.0", "id": number, "result": result}, "message")
    yield "think", data


def _progress(messages: list[str], token: RPCID) -> TimedEvents:
    for done, text in enumerate(messages, 1):
        params = {
            "progressToken": token, "progress": done, "total": len(messages), "message": text,
        }  # fmt: skip
        yield ("first" if done == 1 else "piece"), _notification("notifications/progress", params)


def _notification(method: str, params: Fields) -> bytes:
    return encode_event({"jsonrpc": "2.0", "method": method, "params": params}, "message")


def _is_id(value: Any) -> bool:
    """Return whether a value can be an ID or a progress token: a number or a short string."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _error(status: int, code: int, message: str) -> Scenario:
    """Return a refusal as a JSON-RPC error."""
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    body = json.dumps(error).encode()
    length = (("Content-Length", str(len(body))),)
    return Scenario.of(
        "mcp", [(0.0, body)], status=status, content_type="application/json", headers=length
    )


def _initialized(_file: ScenarioFile, params: Fields) -> Fields:
    asked = params.get("protocolVersion")
    version = next((known for known in VERSIONS if known == asked), VERSIONS[0])
    return {
        "protocolVersion": version,
        "capabilities": {"logging": {}, "tools": {"listChanged": False}},
        "serverInfo": {"name": "sse-mock", "version": "1.0.0"},
    }


def _tools(file: ScenarioFile, _params: Fields) -> Fields:
    tool = file.required_tool()
    names: Mapping[str, Any] = json.loads(tool.arguments)
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    return {"tools": [{"name": tool.name, "description": file.model, "inputSchema": schema}]}


def _nothing(_file: ScenarioFile, _params: Fields) -> Fields:
    return {}


_RESULTS: Final[Mapping[str, Callable[[ScenarioFile, Fields], Fields]]] = {
    "initialize": _initialized,
    "tools/list": _tools,
    "ping": _nothing,
    "logging/setLevel": _nothing,
}
