"""`sse watch URL -q EXPR -j | cat`: every piece of text is written as soon as it arrives."""

from __future__ import annotations

import json
import shlex
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

import pytest

from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.bundled import FOLDER
from sse_cli.mockserver.scenarios.scenario import Scenario, Step
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.process import PROGRAM, Process

QUERY = "choices[0].delta.content"
INTENDED: str = tomllib.loads((FOLDER / "openai-chat.toml").read_text("utf-8"))["answer"]


def piece_of(step: Step) -> str:
    """Return the text that an event of the chat carries."""
    data = step.data.decode().removeprefix("data: ")
    if data.startswith("[DONE]"):
        return ""
    choices = json.loads(data)["choices"]
    return choices[0]["delta"].get("content", "") if choices else ""


def piped(stack: ExitStack, scenario: Scenario) -> IO[bytes]:
    """Start the pipeline over a scenario; return the output of `cat`."""
    url = stack.enter_context(running(Server({"chat": scenario}, speed=0)))
    command = shlex.join([*PROGRAM, "watch", f"{url}/chat", "-q", QUERY, "-j", "-m", "30"])
    process = stack.enter_context(Process((), program=("sh", "-c", f"{command} | cat")))
    assert process.stdout
    return process.stdout


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_text_of_a_chat_is_exact(stack: ExitStack) -> None:
    output = piped(stack, bundled.load("openai-chat"))
    assert output.read().decode() == INTENDED


def test_every_piece_is_read_from_the_pipe_before_the_next_is_sent(stack: ExitStack) -> None:
    steps = bundled.load("openai-chat").steps
    gates = [threading.Event() for _ in steps]
    gated = [(gate, step.data) for gate, step in zip(gates, steps, strict=True)]
    for gate in gates:  # A failing test must not leave the server waiting.
        stack.callback(gate.set)
    output = piped(stack, Scenario.of("chat", gated))
    text = ""
    for gate, step in zip(gates, steps, strict=True):
        gate.set()
        piece = piece_of(step)
        text += output.read(len(piece.encode())).decode()
        assert text.endswith(piece)
    assert text + output.read().decode() == INTENDED
