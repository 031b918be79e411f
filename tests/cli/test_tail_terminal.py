"""`sse tail` on a real terminal: its display, and its defence against hostile servers."""

from __future__ import annotations

import json
import re
import shlex
import signal
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.paths import FORMATS as CORPUS
from tests.support.terminal import SSE, Terminal

DONE: Final = b"data: [DONE]\n\n"
# Our own sequences: attributes, colours, and the erasing of the open block.
OURS: Final = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[K(?:\x1b\[C\x1b\[J\r)?|\r(?:\x1b\[\d+A)?")
FORBIDDEN: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS: Final = "\u200c\u200d"
HOSTILE: Final = [
    "\x1b[31mred", "\x1b]52;c;ZXZpbA==\x07", "\x1b]8;;http://evil.example\x1b\\link", "\x9b31m",
    "\x9d0;title\x9c", "\x07\x08\x7f\x00", "\u202egnp.exe\u2066", "\u200b\ufeff\u00ad", "a\rb",
    "[bold red]x[/bold red] [link=http://evil.example]y[/link] [/nope]", ":bomb:", "\ue000\uffff",
    "\ud800", "\u2028\u2029\x85", "\x1bP+q544e\x1b\\", "\x1bc\x1b[2J\x1b[?1049h", "\U000e0041",
]  # fmt: skip
IN_MARKDOWN: Final = [
    "&#27;[31m &#x1b;]0;x&#7; &#x9b;31m &#155;x &#0; &#13; &#8238;x &#x202e; &shy;&zwj;&lrm;",
    "[click](javascript:alert(1)) <javascript:alert(1)> ![i](javascript:x 'y')",
    "[file](file:///etc/passwd) ![pic](file:///etc/passwd) <file:///etc/passwd>",
    "[ref]: file:///etc/passwd\n\n[ref]", "<script>alert(1)</script> <b>x</b> <!-- \x1b[31m -->",
    "<div>\n\x1b[5mblock\n</div>", "`\x1b[31m code &#27;`", "```\x1b[31m\n\x1b[2J\x9b5m\n```",
    "```&#27;[31m\ncode &#27;\n```", "| \x1b[31m | &#27; |\n|---|---|\n| &#x9b;5m | \u202e |",
    "# \x1b]0;x\x07 &#27;[1m", "> &#27;[31m \x1b[31m", "1. &#27;[31m\n   \x1b[5m",
    "[a](http://x/\x1b[31m \"\x1b]0;x\x07\")", "[&#27;[31m](http://x)", "\\\x1b[31m \\&#27;",
    "http://evil.example/\u202ex https://x/&#27;", "***\x1b[1m***", "~~&#27;[9m~~",
    "&NewLine;&Tab;",
]  # fmt: skip


def chat(text: str, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": None}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


def call(index: int, name: str, arguments: str) -> bytes:
    function = {"name": name, "arguments": arguments}
    return chat("", tool_calls=[{"index": index, "id": f"c{index}", "function": function}])


@contextmanager
def tailing(
    steps: Iterable[tuple[float | Gate, bytes]],
    *options: str,
    shell: str = "",
    columns: int = 80,
    env: dict[str, str] | None = None,
) -> Iterator[Terminal]:
    """Run `sse tail URL options…` on a terminal, while a server sends `steps` and the end.

    `shell` wraps it: the shell command to run, in which `$SSE` stands for the command line.
    """
    with running(Server({"s": Scenario.of("s", [*steps, (0.0, DONE)])})) as url:
        command = [*SSE, "tail", f"{url}/s", *options]
        if shell:
            command = ["/bin/sh", "-c", shell.replace("$SSE", shlex.join(command))]
        with Terminal(command, columns=columns, env=env) as terminal:
            yield terminal


def seen(*events: bytes, options: tuple[str, ...] = (), **more: Any) -> Terminal:
    """Return the terminal after a run over some events."""
    with tailing([(0.0, b"".join(events))], *options, **more) as terminal:
        assert terminal.finish() == 0, terminal.text
        return terminal


def is_forbidden(character: str) -> bool:
    code = ord(character)
    noncharacter = 0xFDD0 <= code < 0xFDF0 or code % 0x10000 >= 0xFFFE
    return noncharacter or (
        unicodedata.category(character) in FORBIDDEN and character not in JOINERS
    )


def assert_harmless(terminal: Terminal) -> None:
    text = OURS.sub("", bytes(terminal.raw).decode())
    assert [c for c in sorted(set(text)) if is_forbidden(c) and c not in "\n\t"] == []
    assert "Traceback" not in text


# The display


def test_the_answer_is_typed_as_it_arrives_and_a_line_gives_the_ending() -> None:
    gate = threading.Event()
    with tailing([(0.0, chat("Hello, ")), (gate, chat("world"))]) as terminal:
        terminal.wait_for("Hello,")
        gate.set()
        assert terminal.finish() == 0
    answer, blank, ending, figures, phases = terminal.lines
    assert answer == "Hello, world"
    assert blank == ""
    assert ending.startswith("done  ")
    assert figures.startswith("openai-chat  3 events  first text ")
    assert "dns " in phases
    assert "wait " in phases


def test_the_closing_line_can_be_turned_off() -> None:
    assert seen(chat("Hi"), options=("--no-summary",)).lines == ["Hi"]
    assert seen(chat("Hi\n"), options=("--no-summary",)).lines == ["Hi"]


def test_reasoning_is_dim_and_separate_from_the_answer() -> None:
    events = [chat("", reasoning="Let me "), chat("", reasoning="think."), chat("An answer.")]
    terminal = seen(*events, options=("--no-summary",))
    assert terminal.lines == ["Let me think.", "", "An answer."]
    assert terminal.raw.count(b"\x1b[2;3m") == 2
    assert b"\x1b[0m" in terminal.raw


def test_reasoning_goes_to_standard_error() -> None:
    terminal = seen(chat("", reasoning="Hm."), chat("Yes."), shell="$SSE --no-summary 2>/dev/null")
    assert terminal.lines == ["Yes."]
    terminal = seen(
        chat("", reasoning="Hm."), chat("Yes."), options=("--reasoning", "hide", "--no-summary")
    )
    assert terminal.lines == ["Yes."]


def test_a_piped_answer_is_exact_if_standard_error_is_a_terminal() -> None:
    shell = "$SSE | od -c | head -2"
    terminal = seen(chat("", reasoning="Hm."), chat("Y\n"), chat("s"), shell=shell)
    assert "0000000   Y  \\n   s" in terminal.text
    assert "Hm." in terminal.text


def test_tool_calls_are_marked_as_json_or_not() -> None:
    events = [chat("Hi"), call(0, "good", '{"x":1}'), call(1, "bad", '{"x":')]
    terminal = seen(*events, options=("--no-summary",))
    assert [line for line in terminal.lines if line] == [
        "Hi", 'tool good {"x":1} ✓', 'tool bad {"x": ✗ cut after 5 characters',
    ]  # fmt: skip


def test_a_terminal_without_unicode_gets_ascii_marks() -> None:
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    events = [call(0, "good", "{}"), call(1, "bad", "{")]
    terminal = seen(*events, options=("--no-summary",), env=env)
    good, bad = (line for line in terminal.lines if line)
    assert good.endswith(" ok")
    assert bad.endswith(" ! cut after 1 character")


def test_ctrl_c_keeps_the_text_and_kills_it_by_that_signal() -> None:
    with tailing([(0.0, chat("Half")), (threading.Event(), b"")]) as terminal:
        terminal.wait_for("Half")
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT
    assert terminal.lines[0] == "Half^C"  # the terminal's own echo of the key
    assert any(line.startswith("interrupted") for line in terminal.lines)


def test_ctrl_c_before_the_format_is_known_kills_it_by_that_signal_too() -> None:
    steps: list[tuple[float | Gate, bytes]] = [(0.0, b'data: {"unheard": "of"}\n\n')]
    reached = threading.Event()

    def never() -> bool:
        reached.set()
        return False

    with tailing([*steps, (never, b"")]) as terminal:
        assert reached.wait(20)
        terminal.type(b"\x03")
        assert terminal.finish() == -signal.SIGINT


def test_an_error_in_the_stream_is_shown_after_the_text() -> None:
    error = b'data: {"error": {"message": "over\\u001b[31mloaded"}}\n\n'
    with tailing([(0.0, chat("Half") + error)]) as terminal:
        assert terminal.finish() == 5
    assert terminal.lines[0] == "Half"
    assert any(line.startswith("error-event") for line in terminal.lines)
    assert any(line.startswith("error: ") and r"over\x1b[31mloaded" in line
               for line in terminal.lines)  # fmt: skip
    assert_harmless(terminal)


def test_restated_text_starts_on_a_new_line() -> None:
    with Terminal([*SSE, "tail", str(CORPUS / "a2a-v03.sse"), "--no-summary"]) as terminal:
        assert terminal.finish() == 0
    assert terminal.lines == [
        "Drafting…", "", "# Títle", "draft 0", "# Títle", "v1 — sección 2 🗂", "finappendix",
    ]  # fmt: skip


# Hostile servers


@pytest.mark.parametrize("options", [(), ("--markdown",), ("--reasoning", "stdout")])
def test_hostile_text_does_not_reach_the_terminal(options: tuple[str, ...]) -> None:
    events = [
        event
        for n, text in enumerate(HOSTILE)
        for event in (
            chat(f"«{text}» "), chat("", reasoning=f"«{text}»"), call(n, f"n{text}", f"«{text}»"),
        )
    ]  # fmt: skip
    terminal = seen(*events, options=options, columns=200)
    assert_harmless(terminal)
    text = OURS.sub("", bytes(terminal.raw).decode())
    for shown in (r"\x1b[31mred", r"\x1b]52;c;ZXZpbA==\x07", r"\u202egnp.exe\u2066", r"\x9b31m"):
        assert text.count(f"«{shown}»") >= 3, shown


def test_rich_markup_is_shown_as_text() -> None:
    terminal = seen(chat("[bold red]x[/bold red] [/nope] :bomb:"), options=("--no-summary",))
    assert terminal.lines == ["[bold red]x[/bold red] [/nope] :bomb:"]


def test_the_format_names_and_the_finish_reason_are_escaped() -> None:
    event = {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "\x1b[31mstop"}]}
    terminal = seen(b"data: %s\n\n" % json.dumps(event).encode(), columns=200)
    assert_harmless(terminal)
    assert r"\x1b[31mstop" in terminal.text


@pytest.mark.parametrize("size", [1, 0])
def test_markdown_injects_nothing_into_the_terminal(size: int) -> None:
    text = "\n\n".join(IN_MARKDOWN)
    cuts = range(0, len(text), size) if size else [0]
    events = [chat(text[at : at + size] if size else text) for at in cuts]
    terminal = seen(*events, options=("--markdown",), columns=200)
    assert_harmless(terminal)
    raw = bytes(terminal.raw)
    assert b"\x1b]" not in raw  # The terminal gets no link of its own, wherever it points.
    assert b"\x1b[5m" not in raw


def test_unfinished_markdown_injects_nothing_either() -> None:
    steps: list[tuple[float | Gate, bytes]] = [(0.11, chat(text)) for text in IN_MARKDOWN]
    with tailing(steps, "--markdown") as terminal:
        assert terminal.finish() == 0
    assert_harmless(terminal)
