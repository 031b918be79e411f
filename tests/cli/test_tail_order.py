"""The order of `sse tail` on a terminal: reasoning, text and tool calls appear as they came."""

from __future__ import annotations

import functools
import json
import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sse_cli.mockserver.scenario_library import from_file
from sse_cli.mockserver.scenarios.chunking import rechunk
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.paths import FORMATS as CORPUS
from tests.support.program import sse
from tests.support.terminal import SSE, Terminal

# Texts with line ends before a tool call, texts after one, and reasoning before both.
NAMES: Final = ["anthropic", "langgraph-messages", "groq", "vercel-ui"]
UNKNOWN: Final = b'data: {"unheard": "of"}\n\n'
NEVER: Final = threading.Event()
every_stream = pytest.mark.parametrize("name", NAMES)
every_size = pytest.mark.parametrize("size", ["whole", "1"])


@functools.cache
def pieces(name: str) -> list[tuple[str, str]]:
    """Return the reasoning, text and tool calls of a stream as they came: kind and words."""
    found = []
    for line in sse("tail", CORPUS / f"{name}.sse", "-o", "jsonl").objects():
        if line["kind"] in ("text", "reasoning"):
            found.append((line["kind"], line["text"]))
        elif line["kind"] == "tool":
            arguments = json.dumps(line["arguments"], ensure_ascii=False)[1:-1]
            shown = arguments.replace('\\"', '"').replace("\\\\", "\\")
            found.append(("tool", f"{line['name']} {shown}"))
    return found


def answer(name: str) -> str:
    return "".join(text for kind, text in pieces(name) if kind == "text")


def squeezed(text: str) -> str:
    """Return the letters and digits of a text: a terminal adds white space and escapes."""
    return re.sub(r"[^A-Za-z0-9]+", "", text)


@contextmanager
def target(name: str, size: str) -> Iterator[str]:
    """Yield a stream as a file, which is read whole, or as a URL that sends it by the byte."""
    path = CORPUS / f"{name}.sse"
    if size == "whole":
        yield str(path)
        return
    scenario = rechunk(from_file(str(path)).at_speed(0), int(size))
    with running(Server({"s": scenario})) as url:
        yield f"{url}/s"


def screen(name: str, size: str, *options: str) -> str:
    with target(name, size) as found:
        command = [*SSE, "tail", found, "--no-summary", *options]
        with Terminal(command) as terminal:
            assert terminal.finish() == 0, terminal.text
            return "\n".join(terminal.scrolled)


@every_stream
@every_size
@pytest.mark.parametrize("markdown", [(), ("--markdown",)], ids=["text", "markdown"])
@pytest.mark.parametrize("where", ["stderr", "stdout", "hide"])
def test_a_terminal_shows_everything_in_the_order_of_the_stream(
    name: str, size: str, markdown: tuple[str, ...], where: str
) -> None:
    label = "tool " if where == "stderr" else ""
    expected = "".join(
        f"{label}{text}" if kind == "tool" else text
        for kind, text in pieces(name)
        if where != "hide" or kind == "text"
    )
    shown = screen(name, size, "--reasoning", where, *markdown)
    # These streams hold no Markdown, so that rendering changes nothing but white space.
    assert squeezed(shown) == squeezed(expected)


@every_stream
@every_size
def test_a_pipe_gets_the_exact_answer_while_reasoning_goes_to_the_terminal(
    name: str, size: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with target(name, size) as found:
        words = shlex.join([*SSE, "tail", found, "--reasoning", "stderr"])
        script = f"{words} 2>/dev/tty | cat > {shlex.quote(str(out))}"
        with Terminal(["/bin/sh", "-c", script]) as terminal:
            assert terminal.finish() == 0, terminal.text
    assert out.read_bytes().decode() == answer(name)
    others = [text for kind, text in pieces(name) if kind != "text"]
    assert all(squeezed(text) in squeezed(terminal.text) for text in others)


def test_a_terminal_gets_the_exact_answer_if_reasoning_goes_to_a_file(tmp_path: Path) -> None:
    words = shlex.join([*SSE, "tail", str(CORPUS / "langgraph-messages.sse"), "--no-summary"])
    script = f"{words} --reasoning stderr 2>{shlex.quote(str(tmp_path / 'err'))}"
    with Terminal(["/bin/sh", "-c", script]) as terminal:
        assert terminal.finish() == 0
    assert "\n".join(terminal.lines) == answer("langgraph-messages").rstrip()
    assert "search" in (tmp_path / "err").read_text("utf-8")


def chat(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


@pytest.mark.parametrize("markdown", [(), ("--markdown",)], ids=["text", "markdown"])
def test_a_reconnect_is_logged_below_the_text_and_not_inside_its_line(
    markdown: tuple[str, ...],
) -> None:
    second = Scenario.of("s", [(0.0, chat("there") + b"data: [DONE]\n\n")])
    first = Scenario.of("s", [(0.0, b"retry: 0\n\n" + chat("Hello"))])
    with running(Server({"s": replace(first, later_replies=(second,))})) as url:
        command = [*SSE, "tail", f"{url}/s", "-v", "--reconnect", "--no-summary", *markdown]
        with Terminal(command) as terminal:
            assert terminal.finish() == 0, terminal.text
    lines = [line for line in terminal.lines if line and not line.startswith(("<", "*"))]
    assert lines[-2:] == ["Hello", "there"]
