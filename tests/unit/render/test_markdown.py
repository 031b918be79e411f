"""`sse tail --markdown`: finished blocks stay, the open one is redrawn, and nothing is lost."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import takewhile

import pytest
from rich.console import Console
from rich.markdown import Markdown

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.render.markdown_blocks import MarkdownBlocks
from tests.benchmarks.markdown_growth import answer
from tests.support.terminal import SSE, Terminal

DONE = b"data: [DONE]\n\n"


def chat(text: str, key: str = "content") -> bytes:
    choice = {"index": 0, "delta": {key: text}, "finish_reason": None}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


@contextmanager
def rendering(
    steps: Iterable[tuple[float | Gate, bytes]], *options: str, columns: int = 80, rows: int = 24
) -> Iterator[Terminal]:
    """Run `sse tail --markdown` on a terminal while a server sends `steps` and the end."""
    with running(Server({"s": Scenario.of("s", [*steps, (0.0, DONE)])})) as url:
        command = [*SSE, "tail", f"{url}/s", "--markdown", "--no-summary", *options]
        with Terminal(command, columns=columns, rows=rows) as terminal:
            yield terminal


def expected_lines(text: str, width: int) -> list[str]:
    """Return the lines of the whole answer, rendered block by block by Rich alone."""
    blocks = MarkdownBlocks()
    lines: list[str] = []
    for block in (*blocks.feed(text), *blocks.finish()):
        if lines and not block.tight:
            lines.append("")
        console = Console(file=StringIO(), width=width - 1, color_system=None)
        console.print(Markdown(block.text, hyperlinks=False))
        assert isinstance(console.file, StringIO)
        drawn = [line.rstrip() for line in console.file.getvalue().split("\n")]
        full = [index for index, line in enumerate(drawn) if line]
        lines += drawn[full[0] : full[-1] + 1] if full else []
    return lines


def trimmed(lines: list[str]) -> list[str]:
    """Return the lines without trailing blanks and without blank lines at both ends."""
    return "\n".join(line.rstrip() for line in lines).strip("\n").split("\n")


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50), (33, 8)])
def test_the_final_screen_is_the_whole_answer_block_by_block(columns: int, rows: int) -> None:
    text = answer(6_000)
    dice = random.Random(5)
    steps: list[tuple[float | Gate, bytes]] = []
    at = 0
    while at < len(text):
        size = dice.randrange(1, 60)
        # Some pauses are longer than the interval between two drawings of the open block.
        pause: float | Gate = 0.12 if dice.random() < 0.03 else 0.0
        steps.append((pause, chat(text[at : at + size])))
        at += size
    with rendering(steps, columns=columns, rows=rows) as terminal:
        assert terminal.finish() == 0
        assert trimmed(terminal.scrolled) == trimmed(expected_lines(text, columns))


def test_finished_blocks_are_in_the_scrollback_once() -> None:
    paragraphs = [f"Paragraph-{n:03d} is here.\n\n" for n in range(200)]
    steps = [(0.02 if n % 8 == 0 else 0.0, chat(text)) for n, text in enumerate(paragraphs)]
    with rendering(steps) as terminal:
        assert terminal.finish() == 0
        found = [line for line in terminal.scrolled if line]
    assert found == [f"Paragraph-{n:03d} is here." for n in range(200)]


def test_only_the_open_block_is_drawn_again() -> None:
    gates = [threading.Event() for _ in range(4)]
    steps: list[tuple[float | Gate, bytes]] = [
        (0.0, chat("# Finished\n\nAlso finished.\n\nOpen")), (gates[0], chat(" one")),
        (gates[1], chat(" two")), (gates[2], chat(" three")), (gates[3], chat(".\n\nLast.")),
    ]  # fmt: skip
    with rendering(steps) as terminal:
        terminal.wait_for("Open")
        assert "Finished" in terminal.text
        begun = len(terminal.raw)
        for gate, shown in zip(gates, ("one", "one two", "one two three", "Last."), strict=True):
            gate.set()
            terminal.wait_for(shown)
        assert terminal.finish() == 0
        after = bytes(terminal.raw[begun:])
    assert b"inished" not in after
    assert after.count(b"Open") >= 4


def test_the_open_block_is_shown_before_it_is_finished() -> None:
    gate = threading.Event()
    with rendering([(0.0, chat("**bold** and `co")), (gate, chat("de`"))]) as terminal:
        terminal.wait_for("bold and")
        assert "**" not in terminal.text
        gate.set()
        assert terminal.finish() == 0
        assert terminal.lines == ["bold and code"]


def test_an_open_block_taller_than_the_screen_shows_its_end_and_is_printed_whole() -> None:
    gate = threading.Event()
    code = "".join(f"line-{n:04d}\n" for n in range(500))
    with rendering([(0.0, chat("```text\n" + code)), (gate, chat("```\n\nAfter."))]) as terminal:
        terminal.wait_for("line-0499")
        assert len([line for line in terminal.scrolled if line]) < 24
        gate.set()
        assert terminal.finish() == 0
        found = [line.strip() for line in terminal.scrolled if line]
    assert found == [*code.split(), "After."]


def test_reasoning_in_the_middle_is_printed_between_two_blocks() -> None:
    steps = [(0.0, chat("First *part*")), (0.0, chat("Hm.", "reasoning")), (0.0, chat("Second"))]
    with rendering(steps) as terminal:
        assert terminal.finish() == 0
        assert [line for line in terminal.lines if line] == ["First part", "Hm.", "Second"]


def test_an_answer_that_replaces_another_is_a_separate_block() -> None:
    texts = ["# One", "# Two", "# Two and more"]
    artifacts = [{"artifactId": "a", "parts": [{"text": text}]} for text in texts]
    events = [{"result": {"kind": "artifact-update", "artifact": one}} for one in artifacts]
    body = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    with rendering([(0.0, body)], "--format", "a2a-v03") as terminal:
        terminal.finish()
        lines = [line.strip(" ┃") for line in terminal.lines]
    answer = takewhile(lambda line: not line.startswith("error: "), lines)
    assert [line for line in answer if line and line[0] not in "┏┗"] == ["One", "Two and more"]


def test_ctrl_c_prints_the_open_block_once() -> None:
    with rendering([(0.0, chat("Half a *par")), (threading.Event(), b"")]) as terminal:
        terminal.wait_for("Half a")
        terminal.type(b"\x03")
        assert terminal.finish() != 0
        assert terminal.text.count("Half a *par") == 1
        assert not terminal.screen.cursor.hidden
        assert terminal.modes() == terminal.modes_before
