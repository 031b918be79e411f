"""The official MCP client as a judge: a server that answers its call of a tool with a stream."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from tests.interop.judges import Answer, client_of, joined
from tests.support.replies import STREAM, whole
from tests.support.wire import Peer, Wire

_ID = re.compile(rb'("id":\s*)\d+')
_TOKEN = re.compile(rb'("progressToken":\s*)("[^"]*"|\d+)')
CLOSE = "Connection: close"  # the raw server answers one request on each
ACCEPTED = whole(b"", CLOSE, status="202 Accepted")
NOT_ALLOWED = whole(b"", CLOSE, status="405 Method Not Allowed")


class McpServer(Wire):
    """A server of the Streamable HTTP transport whose only tool replies with a recorded stream.

    The ids of the request and of its progress are those of this call, as the protocol requires.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(self._answer)
        self._body = body

    def _answer(self, peer: Peer) -> None:
        if peer.request.method != "POST":
            peer.send(NOT_ALLOWED)
            return
        message = json.loads(peer.request.body)
        if "id" not in message:
            peer.send(ACCEPTED)
        elif message["method"] == "tools/call":
            peer.send(whole(self._stream(message), STREAM, CLOSE))
        else:
            reply = {"jsonrpc": "2.0", "id": message["id"], **_result(message)}
            peer.send(whole(json.dumps(reply).encode(), "Content-Type: application/json", CLOSE))

    def _stream(self, message: dict[str, Any]) -> bytes:
        token = json.dumps(message["params"]["_meta"]["progressToken"]).encode()
        body = _ID.sub(rb"\g<1>%d" % message["id"], self._body)
        return _TOKEN.sub(rb"\g<1>" + token, body)


def _result(message: dict[str, Any]) -> dict[str, Any]:
    if message["method"] == "initialize":
        return {
            "result": {
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "any", "version": "1"},
            }
        }
    if message["method"] == "tools/list":
        return {"result": {"tools": [{"name": "any", "inputSchema": {"type": "object"}}]}}
    return {"error": {"code": -32601, "message": "Method not found"}}


def mcp_answer(body: bytes) -> Answer:
    """Return the result of a tool, as MCP's client reads it from a stream."""
    mcp = client_of("mcp")
    with McpServer(body) as server:
        return asyncio.run(_call(mcp, f"{server.origin}/mcp"))


async def _call(mcp: Any, url: str) -> Answer:
    steps: list[str] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        if message:
            steps.append(message)

    async with mcp.Client(url) as client:
        found = await client.call_tool("any", {}, progress_callback=progress)
    text = joined(part.text for part in found.content if part.type == "text")
    return {"text": text, "reasoning": "\n".join(steps), "error": text if found.is_error else None}
