"""Third-party clients with `sse serve`: Node's `eventsource`, curl, the official SDKs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sse_cli.mockserver import scenario_library
from sse_cli.mockserver.page import document
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.interop.streams import Told, cases, formats, parsed, shipped
from tests.support.other_programs import environment, missing, program
from tests.support.program import sse

pytestmark = pytest.mark.interop

LISTEN = Path(__file__).with_name("clients") / "listen.mjs"
EVENTSOURCE = "eventsource@3.0.7"  # the last version for Node 18 and 20
SECONDS = 120.0  # seconds, for a slow registry


def run(*command: str, cwd: Path | None = None) -> bytes:
    """Return a command's standard output; assert that it ends well."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the npm package is installed, by npm."""
    program("node")
    npm = program("npm")
    folder = tmp_path_factory.mktemp("node")
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    command = (npm, "install", *options, EVENTSOURCE)
    (folder / "package.json").write_text("{}")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        missing(f"{EVENTSOURCE} (npm took too long)")
    if done.returncode:
        missing(f"{EVENTSOURCE} ({done.stderr.decode('utf-8', 'replace')[-300:].strip()})")
    return folder


def heard_by_node(streams: Mapping[str, Scenario], modules: Path) -> dict[str, Told]:
    plan = modules / "plan.json"
    plan.write_text(json.dumps({name: document.event_types(one) for name, one in streams.items()}))
    with running(Server(streams, speed=0)) as base:
        told = run(program("node"), str(LISTEN), base, str(plan), cwd=modules)
    heard: dict[str, Told] = json.loads(told)
    return heard


def test_nodes_eventsource_receives_the_messages_that_our_parser_reads(modules: Path) -> None:
    # Its parser holds back a CR at the very end, because a LF may follow; Chromium's does not.
    streams = {
        name: one
        for name, one in {**shipped(), **formats(), **cases()}.items()
        if not one.body.endswith(b"\r")
    }
    heard = heard_by_node(streams, modules)
    wrong = {name for name, one in streams.items() if not agree(heard[name], parsed(one))}
    assert wrong == set()
    assert len(heard) > 250


def agree(heard: Told, expected: Told) -> bool:
    """Return whether they agree, except that the package forgets an id after its own event."""
    without = [[kind, data, ""] for kind, data, _ in expected]
    return len(heard) == len(expected) and all(
        one in choices for one, *choices in zip(heard, expected, without, strict=True)
    )


# curl


def curl(*words: str) -> bytes:
    return run(program("curl"), "-sS", "--max-time", "20", *words)


# A scenario that answers requests, such as MCP, refuses a body that is not a request.
@pytest.mark.parametrize("name", [name for name, one in shipped().items() if not one.respond])
def test_curl_gets_every_byte_by_get_and_post(name: str, origin: str) -> None:
    body = shipped()[name].body
    assert curl("-N", f"{origin}/{name}") == body
    assert curl("-N", f"{origin}/{name}", "-d", "{}") == body
    assert curl("-N", "--http1.0", f"{origin}/{name}") == body
    assert curl("-N", f"{origin}/{name}", "-T", str(Path(__file__)), "-X", "POST") == body


def test_curl_keeps_one_connection_for_many_streams(origin: str) -> None:
    urls = [f"{origin}/{name}" for name in shipped()]
    told = curl("-w", "connects:%{num_connects}\n", *urls).decode()
    assert re.findall(r"connects:(\d)", told) == ["1", *"0" * (len(urls) - 1)]


def test_curl_gets_the_list_the_head_and_the_error_replies(origin: str) -> None:
    assert curl(origin).decode().count("\n") == len(shipped())
    assert b"<" not in curl(origin)
    assert b"EventSource" in curl(origin, "-H", "Accept: text/html")
    assert curl("-I", f"{origin}/clock").startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"404 /clock" in curl("-w", "%{http_code} /clock", f"{origin}/nothing")
    refused = curl("-i", "-X", "DELETE", f"{origin}/clock")
    assert refused.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET, HEAD, POST, OPTIONS\r\n" in refused


def test_curl_resumes_after_an_id(origin: str) -> None:
    body = shipped()["clock"].body
    rest = curl("-H", "Last-Event-ID: 19", f"{origin}/clock")
    assert rest
    assert body.endswith(rest)
    assert b"id: 20\n" in rest
    assert b"id: 19\n" not in rest


# The official clients with a recording


QUESTION: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture(params=["openai-chat", "anthropic"])
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """A scenario's name, the URL of a recording of it, and the text that `tail` found in it."""
    name = request.param
    file = str(tmp_path / "kept.rec")
    with running(Server({name: shipped()[name]}, speed=0)) as base:
        ran = sse("tail", f"{base}/{name}", "-o", "json", "--record", file)
    assert ran.code == 0, ran
    with running(Server({"kept": scenario_library.from_file(file)}, speed=0)) as base:
        yield name, f"{base}/kept", json.loads(ran.out)["text"]


def test_an_official_client_accepts_a_recording_as_the_api(
    recorded: tuple[str, str, str],
) -> None:
    name, url, text = recorded
    assert len(text) > 100
    assert _CLIENTS[name](url) == text


def _ask_openai(url: str) -> str:
    openai = pytest.importorskip("openai", reason="pip install openai")
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=SECONDS)
    with client, client.chat.completions.stream(model="any", messages=QUESTION) as stream:
        return str(stream.get_final_completion().choices[0].message.content)


def _ask_anthropic(url: str) -> str:
    anthropic = pytest.importorskip("anthropic", reason="pip install anthropic")
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0, timeout=SECONDS)
    asked = {"model": "any", "max_tokens": 1000, "messages": QUESTION}
    with client, client.messages.stream(**asked) as stream:
        blocks = stream.get_final_message().content
    return "".join(block.text for block in blocks if block.type == "text")


_CLIENTS = {"openai-chat": _ask_openai, "anthropic": _ask_anthropic}
