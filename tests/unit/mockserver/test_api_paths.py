"""The paths below a scenario: those of its own API and those of nobody, but not another API's."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.api_paths import PATHS, api_of, path_of
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running

GENERIC = ["", "/", "/v1", "/v1/models", "/any/path", "/v1/responses/resp_1/cancel", "/completion"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    scenarios = {name: bundled.load(name) for name in bundled.names()}
    scenarios["mine"] = Scenario.of("mine", [(0, b"data: mine\n\n")])
    with running(Server(scenarios, speed=0)) as base:
        yield base


def asked(url: str, path: str, method: str = "POST") -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    accept = {"Accept": "text/event-stream"}
    connection.request(method, path, body=b"{}" if method == "POST" else None, headers=accept)
    reply = connection.getresponse()
    status, text = reply.status, reply.read().decode()
    connection.close()
    return status, text


@pytest.mark.parametrize("path", GENERIC)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_of_no_api_plays_any_scenario(url: str, path: str, method: str) -> None:
    status, text = asked(url, f"/openai-chat{path}", method)
    assert (status, text[:6]) == (200, "data: ")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai-chat", "/v1/chat/completions"),
        ("openai-chat", "/chat/completions/"),
        ("openai-chat", "/openai/deployments/gpt/chat/completions?api-version=1"),
        ("openai-responses", "/v1/responses"),
        ("openai-responses-tool", "/responses"),
        ("anthropic", "/v1/messages?beta=true"),
        ("gemini", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"),
    ],
)
def test_a_scenario_answers_the_paths_of_its_api(url: str, name: str, path: str) -> None:
    assert asked(url, f"/{name}{path}")[0] == 200


@pytest.mark.parametrize(
    ("name", "path", "api"),
    [
        ("openai-chat", "/v1/responses", "openai-responses"),
        ("openai-chat", "/v1/responses/", "openai-responses"),
        ("openai-chat", "/v1/completions", "openai-completions"),
        ("openai-chat", "/v1/messages", "anthropic"),
        ("openai-responses", "/v1/chat/completions", "openai-chat"),
        ("anthropic", "/v1/chat/completions", "openai-chat"),
        ("gemini", "/v1/messages", "anthropic"),
        ("mcp", "/v1/messages", "anthropic"),
        ("anthropic", "/mcp", "mcp"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_of_another_api_is_404_with_the_routes(
    url: str, name: str, path: str, api: str, method: str
) -> None:
    status, text = asked(url, f"/{name}{path}", method)
    assert status == 404
    assert text.startswith(f"This path belongs to the API {api}, this scenario to {name}.")
    for served in bundled.names():
        scenario = bundled.load(served)
        assert f"/{served}{path_of(scenario.api)}" in [
            line.split()[0] for line in text.splitlines()[1:]
        ]


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/mcp"])
@pytest.mark.parametrize("name", ["clock", "mine"])
def test_a_stream_of_no_api_is_played_at_every_path(url: str, name: str, path: str) -> None:
    assert asked(url, f"/{name}{path}")[0] == 200


def test_the_path_of_each_client_belongs_to_its_api() -> None:
    assert [api_of(path_of(api)) for api in PATHS if path_of(api)] == [
        api for api in PATHS if path_of(api)
    ]
