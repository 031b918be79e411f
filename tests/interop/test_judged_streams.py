"""The official clients and `tail` read the same bytes: they must give the same answer.

A client's answer has the keys that the client has; a usage that it does not know is not compared.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, Final

import pytest

from tests.interop.judges import JUDGES, undisturbed
from tests.interop.mcp_judge import mcp_answer
from tests.support.corpus import Stream, differences, stream_of, streams
from tests.support.program import sse
from tests.support.replies import whole
from tests.support.wire import Wire

pytestmark = pytest.mark.interop

# The client that reads a stream, by the beginning of the stream's name.
BY_PREFIX: Final = {
    "judged/responses": "openai_responses",
    "judged/chat": "openai_chat",
    "judged/anthropic": "anthropic_messages",
    "judged/gemini": "gemini",
    "judged/interactions": "gemini_interactions",
    "judged/mistral": "mistral",
    "judged/ollama": "ollama_chat",
    "judged/a2a-v03": "a2a_v03",
    "judged/a2a": "a2a_v1",
    "formats/openai-chat": "openai_chat",
    "formats/azure-chat": "openai_chat",
    "formats/deepseek-reasoning": "openai_chat",
    "formats/groq": "openai_chat",
    "formats/openrouter": "openai_chat",
    "formats/openai-responses": "openai_responses",
    "formats/anthropic": "anthropic_messages",
    "formats/gemini-interactions": "gemini_interactions",
    "formats/gemini": "gemini",
    "formats/mistral-conversations": "mistral_conversations",
    "formats/mistral": "mistral",
    "formats/ollama-chat": "ollama_chat",
    "formats/ollama-generate": "ollama_generate",
    "formats/a2a-v03": "a2a_v03",
    "reports/responses-completed-only": "openai_responses",
    "reports/responses-shell": "openai_responses",
    "reports/litellm-thinking": "anthropic_messages",
    "reports/kimi": "openai_chat",
    "reports/vllm-abort": "openai_chat",
    "reports/ollama": "ollama_chat",
    "reports/a2a-v1": "a2a_v1",
    "real/litellm-chat": "openai_chat",
    "real/litellm-messages": "anthropic_messages",
    "real/a2a-sdk1-v03": "a2a_v03",
    "real/a2a-sdk1-v1": "a2a_v1",
}
# The installed client knows the events of today alone.
OLD: Final = "formats/gemini-interactions-v1"
# Streams that answer the call of an MCP tool over Streamable HTTP.
MCP: Final = (
    "formats/mcp",
    "reports/mcp-priming",
    "real/mcp-py2-progress",
    "real/mcp-py2-tool-error",
    "real/mcp-ts-everything-long",
)


def judges_of(stream: Stream) -> list[str]:
    """Return the client that reads a stream, or nothing."""
    found = (judge for prefix, judge in BY_PREFIX.items() if stream.name.startswith(prefix))
    return list(islice(found, 1))


PAIRS: Final = [
    (stream, judge) for stream in streams() if stream.name != OLD for judge in judges_of(stream)
]


def tail(origin: str) -> dict[str, Any]:
    """Return the answer of `tail -o json`."""
    found: dict[str, Any] = json.loads(sse("tail", origin, "-o", "json", "-m", "30").out)
    return found


@pytest.mark.parametrize(
    ("stream", "judge"), PAIRS, ids=[f"{stream.name}-{judge}" for stream, judge in PAIRS]
)
def test_tail_gives_the_answer_of_the_official_client(stream: Stream, judge: str) -> None:
    with Wire(whole(stream.path.read_bytes(), *stream.headers)) as wire:
        theirs = undisturbed(JUDGES[judge], wire.origin)
        ours = tail(wire.origin)
    if theirs.get("usage") is None:
        theirs.pop("usage", None)
    assert differences(ours, theirs) == {}


@pytest.mark.parametrize("name", MCP)
def test_tail_gives_the_result_of_a_tool_as_the_official_mcp_client(name: str) -> None:
    stream = stream_of(name)
    theirs = undisturbed(mcp_answer, stream.path.read_bytes())
    with Wire(whole(stream.path.read_bytes())) as wire:
        assert differences(tail(wire.origin), theirs) == {}


def test_every_judged_stream_has_a_judge() -> None:
    judged = {stream.name for stream, _ in PAIRS}
    assert {stream.name for stream in streams("judged")} <= judged
