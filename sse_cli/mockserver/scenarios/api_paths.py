"""The paths by which clients of AI APIs ask for a stream, below any base URL.

A client that is pointed at the scenario of another API would read events that it does not know. So
a path of an API belongs to the scenarios of that API only; other paths belong to every scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The first path of an API is the one that its own client takes.
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "openai-chat": ("/v1/chat/completions", "/chat/completions"),
    "openai-responses": ("/v1/responses", "/responses"),
    "anthropic": ("/v1/messages", "/messages"),
    "gemini": (
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        ":streamGenerateContent",
        ":generateContent",
    ),
    "mcp": ("", "/mcp"),  # a client of MCP takes the URL as it is
    # These have no scenario here.
    "openai-completions": ("/completions",),
    "openai-embeddings": ("/embeddings",),
    "ollama": ("/api/chat", "/api/generate"),
}


def api_of(path: str) -> str:
    """Return the API that a path belongs to, "" if it may be any: the longest path ends it."""
    bare = path.rstrip("/")
    ends = [
        (len(end), api)
        for api, paths in PATHS.items()
        for end in paths
        if end and bare.endswith(end)
    ]
    return max(ends)[1] if ends else ""


def path_of(api: str) -> str:
    """Return the path that the client of an API takes, "" for an API without one."""
    return PATHS[api][0] if api in PATHS else ""
