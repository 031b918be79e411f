"""The official clients of the APIs, each as a function from a server's origin to an answer.

A client's answer has those keys of `tail -o json` that the client itself has. The clients are
optional: a test is skipped where its client is not installed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, TypeVar

import pytest

Answer: TypeAlias = dict[str, Any]
Given = TypeVar("Given")

QUESTION: Final = "Hi"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]


def client_of(module: str) -> Any:
    """Import a module of an API's client; skip the test if the client is not installed."""
    package = module.partition(".")[0]
    name = {"google": "google-genai", "a2a": "a2a-sdk"}.get(package, package)
    return pytest.importorskip(module, reason=f"pip install {name}: the official client judges")


def undisturbed(judge: Callable[[Given], Answer], given_to_it: Given) -> Answer:
    """Return a client's answer, without its warnings of new Pythons and of sockets left open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = judge(given_to_it)
        gc.collect()  # the open sockets, before another test does
    return found


def given(value: Any) -> Any:
    """Return a pydantic model as JSON, without null fields."""
    return None if value is None else value.model_dump(exclude_none=True, mode="json")


def joined(texts: Iterable[str | None]) -> str:
    """Join texts, of which a client may have None for an empty one."""
    return "".join(text or "" for text in texts)


def call(name: Any, arguments: Any, *ids: str | None) -> dict[str, Any]:
    """Return a tool call, with its id if the client has one."""
    return {**dict(zip(["id"], ids, strict=False)), "name": name, "arguments": arguments}


def openai_chat(origin: str) -> Answer:
    """Return a chat completion as OpenAI's helper for streams accumulates it."""
    openai = client_of("openai")
    with (
        openai.OpenAI(base_url=f"{origin}/v1", api_key="none", max_retries=0) as client,
        client.chat.completions.stream(model="any", messages=MESSAGES) as stream,
    ):
        try:
            found = stream.get_final_completion()
        except openai.LengthFinishReasonError as error:
            found = error.completion
        except openai.APIError as error:
            return {"error": error.message}
    choices = [_openai_choice(choice) for choice in found.choices]
    return {**choices[0], "choices": choices, "usage": given(found.usage)}


def _openai_choice(choice: Any) -> Answer:
    message = choice.message
    more = message.model_extra or {}
    calls = message.tool_calls or ()
    return {
        "text": joined([message.content, message.refusal]),
        "reasoning": more.get("reasoning_content") or more.get("reasoning") or "",
        "tool_calls": [call(c.function.name, c.function.arguments, c.id or None) for c in calls],
        "finish_reason": choice.finish_reason,
    }


def openai_responses(origin: str) -> Answer:
    """Return a response as OpenAI's helper for streams accumulates it."""
    openai = client_of("openai")
    with (
        openai.OpenAI(base_url=f"{origin}/v1", api_key="none", max_retries=0) as client,
        client.responses.stream(model="any", input=QUESTION) as stream,
    ):
        for event in stream:
            if event.type in ("response.completed", "response.incomplete", "response.failed"):
                found = event.response
    parts = [part for item in found.output if item.type == "message" for part in item.content]
    thoughts = [item for item in found.output if item.type == "reasoning"]
    details = found.incomplete_details
    return {
        "text": joined(part.refusal if part.type == "refusal" else part.text for part in parts),
        "reasoning": joined(_openai_reasoning(item) for item in thoughts),
        "tool_calls": [made for item in found.output if (made := _openai_call(item))],
        "finish_reason": details.reason if details else found.status,
        "usage": given(found.usage),
    }


def _openai_reasoning(item: Any) -> str:
    return joined(
        ["\n\n".join(part.text for part in item.summary), *(c.text for c in item.content or ())]
    )


def _openai_call(item: Any) -> dict[str, Any] | None:
    """Return a call that the caller must run, or that the server ran; None for another item."""
    if item.type in ("function_call", "mcp_call", "mcp_approval_request"):
        return call(item.name, item.arguments, getattr(item, "call_id", None) or item.id)
    if item.type == "custom_tool_call":
        return call(item.name, item.input, item.call_id)
    if item.type in ("shell_call", "local_shell_call", "computer_call"):
        return call(item.type, given(item.action), item.call_id)
    if item.type == "apply_patch_call":
        return call(item.type, given(item.operation), item.call_id)
    return None


def anthropic_messages(origin: str) -> Answer:
    """Return a message as Anthropic's helper for streams accumulates it."""
    anthropic = client_of("anthropic")
    with (
        anthropic.Anthropic(base_url=origin, api_key="none", max_retries=0) as client,
        client.messages.stream(model="any", max_tokens=1000, messages=MESSAGES) as stream,
    ):
        try:
            found = stream.get_final_message()
        except anthropic.APIStatusError as error:
            return {"error": error.body}
    calls = [block for block in found.content if block.type.endswith("tool_use")]
    return {
        "text": joined(block.text for block in found.content if block.type == "text"),
        "reasoning": joined(b.thinking for b in found.content if b.type == "thinking"),
        "tool_calls": [call(block.name, block.input, block.id) for block in calls],
        "finish_reason": found.stop_reason,
        "usage": given(found.usage),
    }


def gemini_interactions(origin: str) -> Answer:
    """Return the steps of Google's interactions, joined: its client does not do that."""
    genai = client_of("google.genai")
    client = genai.Client(api_key="none", http_options={"base_url": origin})
    with client.interactions.create(model="any", input=QUESTION, stream=True) as stream:
        events = [given(event) for event in stream]
    client.close()
    deltas = [one["delta"] for one in events if one["event_type"] == "step.delta"]
    thoughts = [one.get("content", {}) for one in deltas if one["type"] == "thought_summary"]
    [ended] = [one["interaction"] for one in events if one["event_type"] == "interaction.completed"]
    starts = [one["step"] for one in events if one["event_type"] == "step.start"]
    begun = [part for step in starts if step["type"] == "model_output"
             for part in step.get("content", ())]  # fmt: skip
    return {
        "text": joined(one["text"] for one in [*begun, *deltas] if one["type"] == "text"),
        "reasoning": joined(one.get("text") for one in thoughts),
        "tool_calls": _interaction_calls(events),
        "finish_reason": ended["status"],
        "usage": ended.get("usage"),
    }


def _interaction_calls(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls of functions; the arguments of a step hold until fragments come."""
    made: dict[int, dict[str, Any]] = {}
    pieces: dict[int, str] = {}
    for one in events:
        if one["event_type"] == "step.start" and one["step"]["type"] == "function_call":
            step = one["step"]
            made[one["index"]] = call(step["name"], step.get("arguments", {}), step["id"])
        elif one["event_type"] == "step.delta" and one["delta"]["type"] == "arguments_delta":
            pieces[one["index"]] = pieces.get(one["index"], "") + one["delta"]["arguments"]
    for index, arguments in pieces.items():
        made[index]["arguments"] = arguments
    return [*made.values()]


def gemini(origin: str) -> Answer:
    """Return the parts of Google's stream of content, joined: its client does not do that."""
    genai = client_of("google.genai")
    client = genai.Client(api_key="none", http_options={"base_url": origin})
    chunks = list(client.models.generate_content_stream(model="any", contents=QUESTION))
    client.close()
    candidates = [one for chunk in chunks for one in chunk.candidates or () if not one.index]
    parts = [p for one in candidates if one.content for p in one.content.parts or ()]
    calls = [part.function_call for part in parts if part.function_call]
    reasons = [one.finish_reason for one in candidates if one.finish_reason]
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    return {
        "text": joined(part.text for part in parts if not part.thought),
        "reasoning": joined(part.text for part in parts if part.thought),
        "tool_calls": [call(one.name, one.args, one.id) for one in calls],
        "finish_reason": reasons[-1].value if reasons else None,
        "usage": usage[-1].model_dump(exclude_none=True, by_alias=True, mode="json"),
    }


def mistral(origin: str) -> Answer:
    """Return the deltas of Mistral's chat, joined: its client does not do that."""
    with (
        client_of("mistralai.client").Mistral(api_key="none", server_url=origin) as client,
        client.chat.stream(model="any", messages=MESSAGES) as stream,
    ):
        chunks = [event.data for event in stream]
    choices = [one for chunk in chunks for one in chunk.choices if one.index == 0]
    parts = [part for one in choices for part in _mistral_parts(one.delta.content)]
    made: dict[int, dict[str, Any]] = {}
    for one in (one for choice in choices for one in choice.delta.tool_calls or ()):
        known = made.setdefault(one.index or 0, call(one.function.name, "", one.id))
        more = one.function.arguments
        known["arguments"] += more if isinstance(more, str) else json.dumps(more)
    usage = [chunk.usage for chunk in chunks if chunk.usage]
    reasons = [one.finish_reason for one in choices if one.finish_reason]
    return {
        "text": joined(part.text for part in parts if part.type == "text"),
        "reasoning": joined(t.text for p in parts if p.type == "thinking" for t in p.thinking),
        "tool_calls": [*made.values()],
        "finish_reason": str(reasons[-1]) if reasons else None,
        "usage": given(usage[-1]) if usage else None,
    }


def _mistral_parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        models = client_of("mistralai.client.models")
        return [models.TextChunk(text=content)]
    return list(content or ())


def mistral_conversations(origin: str) -> Answer:
    """Return the events of a conversation with Mistral, joined: its client does not do that."""
    with (
        client_of("mistralai.client").Mistral(api_key="none", server_url=origin) as client,
        client.beta.conversations.start_stream(model="any", inputs=QUESTION) as stream,
    ):
        events = [event.data for event in stream]
    parts = [
        part
        for one in events
        if one.type == "message.output.delta"
        for part in _mistral_parts(
            [one.content] if not isinstance(one.content, str) else one.content
        )
    ]
    made: dict[str, dict[str, Any]] = {}
    for one in events:
        if one.type == "function.call.delta":
            known = made.setdefault(one.tool_call_id, call(one.name, "", one.tool_call_id))
            known["arguments"] += one.arguments
    usage = [one.usage for one in events if one.type == "conversation.response.done"]
    return {
        "text": joined(part.text for part in parts if part.type == "text"),
        "tool_calls": [*made.values()],
        "usage": given(usage[-1]) if usage else None,
    }


def ollama_chat(origin: str) -> Answer:
    """Return the messages of Ollama's chat, joined: its client does not do that."""
    with client_of("ollama").Client(host=origin) as client:
        chunks = list(client.chat(model="any", messages=MESSAGES, stream=True))
    calls = [one.function for chunk in chunks for one in chunk.message.tool_calls or ()]
    return {
        "text": joined(chunk.message.content for chunk in chunks),
        "reasoning": joined(chunk.message.thinking for chunk in chunks),
        "tool_calls": [call(one.name, dict(one.arguments)) for one in calls],
        "finish_reason": chunks[-1].done_reason,
    }


def ollama_generate(origin: str) -> Answer:
    """Return the pieces of Ollama's completion, joined: its client does not do that."""
    with client_of("ollama").Client(host=origin) as client:
        chunks = list(client.generate(model="any", prompt=QUESTION, stream=True))
    return {
        "text": joined(chunk.response for chunk in chunks),
        "reasoning": joined(chunk.thinking for chunk in chunks),
        "finish_reason": chunks[-1].done_reason,
    }


def a2a_v1(origin: str) -> Answer:
    """Return the artifacts and the last state of a task, or a message, of A2A 1.0."""
    return asyncio.run(_a2a(origin, "1.0"))


def a2a_v03(origin: str) -> Answer:
    """Return the same of A2A 0.3, which the client converts to 1.0."""
    return asyncio.run(_a2a(origin, "0.3"))


async def _a2a(origin: str, version: str) -> Answer:
    a2a_types, helpers = client_of("a2a.types"), client_of("a2a.helpers.proto_helpers")
    a2a_client = client_of("a2a.client")
    interface = a2a_types.AgentInterface(
        url=f"{origin}/", protocol_binding="JSONRPC", protocol_version=version
    )
    capable = a2a_types.AgentCapabilities(streaming=True)
    card = a2a_types.AgentCard(name="any", supported_interfaces=[interface], capabilities=capable)
    message = helpers.new_text_message(QUESTION, role=a2a_types.Role.ROLE_USER)
    request = a2a_types.SendMessageRequest(message=message)
    artifacts: dict[str, str] = {}
    state, texts = 0, []
    async with a2a_client.ClientFactory(a2a_client.ClientConfig(streaming=True)).create(
        card
    ) as client:
        async for event in client.send_message(request):
            which = event.WhichOneof("payload")
            found = getattr(event, which)
            if which == "message":
                texts.append(helpers.get_message_text(found, ""))
            elif which == "artifact_update":
                text = helpers.get_artifact_text(found.artifact, "")
                before = artifacts.get(found.artifact.artifact_id, "") if found.append else ""
                artifacts[found.artifact.artifact_id] = before + text
            elif which == "task":
                state = found.status.state
                for artifact in found.artifacts:
                    artifacts[artifact.artifact_id] = helpers.get_artifact_text(artifact, "")
            else:
                state = found.status.state
    name = a2a_types.TaskState.Name(state) if state else None
    if name and version == "0.3":
        name = name.removeprefix("TASK_STATE_").lower().replace("_", "-")
    return {"text": joined([*texts, *artifacts.values()]), "finish_reason": name}


JUDGES: Final[dict[str, Callable[[str], Answer]]] = {
    judge.__name__: judge
    for judge in (
        openai_chat,
        openai_responses,
        anthropic_messages,
        gemini,
        gemini_interactions,
        mistral,
        mistral_conversations,
        ollama_chat,
        ollama_generate,
        a2a_v1,
        a2a_v03,
    )
}
