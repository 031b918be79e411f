"""The official clients as judges: `tail` accumulates the same from our scenarios as they do."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import Any

import pytest

from tests.support.program import sse

pytestmark = pytest.mark.interop

# The clients are optional: their many dependencies must not become this project's.
REASON = "pip install openai anthropic: the official clients judge here"
QUESTION: Any = [{"role": "user", "content": "Hi"}]


def tail(url: str) -> dict[str, Any]:
    """Return the output of `sse tail -o json` for a scenario."""
    ran = sse("tail", url, "-o", "json", "-m", "30")
    assert (ran.code, ran.err) == (0, b"")
    found: dict[str, Any] = json.loads(ran.out)
    for call in found["tool_calls"]:
        assert call.pop("valid")  # ours alone
    return found


def given(usage: Any) -> dict[str, Any]:
    """Return a client's usage, without the fields that the API did not send."""
    found: dict[str, Any] = usage.model_dump(exclude_unset=True)
    return found


def test_openai_chat_completions_equal_those_of_its_client(origin: str) -> None:
    openai = pytest.importorskip("openai", reason=REASON)
    client = openai.OpenAI(base_url=f"{origin}/openai-chat/v1", api_key="none", max_retries=0)
    with (
        client,
        client.chat.completions.stream(
            model="any", messages=QUESTION, stream_options={"include_usage": True}
        ) as stream,
    ):
        completion = stream.get_final_completion()
    choice = completion.choices[0]
    found = tail(f"{origin}/openai-chat/v1/chat/completions")
    assert len(found["text"]) > 100
    assert found["format"] == "openai-chat"
    assert found["text"] == choice.message.content
    assert found["finish_reason"] == choice.finish_reason
    assert found["usage"] == given(completion.usage)
    assert found["tool_calls"] == [
        {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
        for call in choice.message.tool_calls or ()
    ]


def test_openai_responses_equal_those_of_its_client(origin: str) -> None:
    openai = pytest.importorskip("openai", reason=REASON)
    client = openai.OpenAI(base_url=f"{origin}/openai-responses/v1", api_key="none", max_retries=0)
    with client, client.responses.stream(model="any", input="Hi") as stream:
        response = stream.get_final_response()
    found = tail(f"{origin}/openai-responses/v1/responses")
    assert found["format"] == "openai-responses"
    assert len(found["text"]) > 100
    assert found["text"] == response.output_text
    reasoning = [part.text for item in response.output if item.type == "reasoning"
                 for part in item.summary]  # fmt: skip
    assert found["reasoning"] == "\n\n".join(reasoning) != ""
    calls = [item for item in response.output if item.type == "function_call"]
    assert found["tool_calls"] == [
        {"id": call.call_id, "name": call.name, "arguments": call.arguments} for call in calls
    ]
    assert len(calls) == 1
    assert found["usage"] == given(response.usage)


def test_a_lone_function_call_equals_that_of_its_client(origin: str) -> None:
    openai = pytest.importorskip("openai", reason=REASON)
    base = f"{origin}/openai-responses-tool/v1"
    client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
    with client, client.responses.stream(model="any", input="Hi") as stream:
        response = stream.get_final_response()
    [call] = response.output
    found = tail(f"{base}/responses")
    assert found["text"] == response.output_text == ""
    [called] = found["tool_calls"]
    assert (called["id"], called["name"]) == (call.call_id, call.name)
    assert called["arguments"] == call.arguments
    assert found["usage"] == given(response.usage)


def test_mcp_results_and_progress_equal_those_of_its_client(origin: str) -> None:
    pytest.importorskip("mcp", reason="pip install mcp: the official client judges here")
    seen: list[str] = []
    result = asyncio.run(_called(f"{origin}/mcp", seen))
    ran = sse("tail", f"{origin}/mcp", "-o", "json", "-m", "30")
    found = json.loads(ran.out)
    assert found["format"] == "mcp"
    assert found["text"] == "".join(part.text for part in result.content) != ""
    assert found["reasoning"].replace("\n", "") == "".join(seen) != ""


async def _called(url: str, seen: list[str]) -> Any:
    """Call the tool of an MCP server; add the progress messages to `seen`."""
    mcp = importlib.import_module("mcp")
    transport = importlib.import_module("mcp.client.streamable_http")
    connect = getattr(transport, "streamable_http_client", None)  # older: streamablehttp_client
    connect = connect or transport.streamablehttp_client

    async def progressed(_done: float, _total: float | None, message: str | None) -> None:
        seen.append(message or "")

    async with connect(url) as streams, mcp.ClientSession(*streams[:2]) as session:
        await session.initialize()
        assert [tool.name for tool in (await session.list_tools()).tools] == ["get_tides"]
        return await session.call_tool("get_tides", {}, progress_callback=progressed)


def test_anthropic_messages_equal_those_of_its_client(origin: str) -> None:
    anthropic = pytest.importorskip("anthropic", reason=REASON)
    client = anthropic.Anthropic(base_url=f"{origin}/anthropic", api_key="none", max_retries=0)
    with (
        client,
        client.messages.stream(model="any", max_tokens=1000, messages=QUESTION) as stream,
    ):
        message = stream.get_final_message()
    found = tail(f"{origin}/anthropic/v1/messages")
    assert found["format"] == "anthropic"
    assert len(found["text"]) > 100
    by_type = {block.type: block for block in message.content}
    assert found["text"] == by_type["text"].text
    assert found["reasoning"] == by_type["thinking"].thinking
    tool = by_type["tool_use"]
    [call] = found["tool_calls"]
    assert (call["id"], call["name"]) == (tool.id, tool.name)
    assert json.loads(call["arguments"]) == tool.input
    assert found["finish_reason"] == message.stop_reason
    assert found["usage"] == given(message.usage)
