"""Format files and their loading, `sse formats`, and formats of the user."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.llm import wire_format
from sse_cli.model.errors import ExpressionError, UsageError
from tests.support.paths import FORMATS as CORPUS
from tests.support.program import Ran, error_and_hint, sse
from tests.support.terminal import SSE, Terminal

FILES: Final = sorted(wire_format.FOLDER.glob("*.toml"))
CHAT: Final = CORPUS / "openai-chat.sse"
MINE: Final = """description = "My server"
covers = "my company"
terminator = "required"

detect = "data.mine"
text = "data.mine.text"
done = "data.mine.end"
"""
STREAM: Final = 'data: {"mine":{"text":"Hé"}}\n\ndata: {"mine":{"text":"llo","end":true}}\n\n'

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration folder of the user, with the folder for formats in it."""
    folder = tmp_path / "config" / "sse-cli" / "formats"
    folder.mkdir(parents=True)
    before = os.environ.get("XDG_CONFIG_HOME")
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    yield folder
    del os.environ["XDG_CONFIG_HOME"]
    if before is not None:
        os.environ["XDG_CONFIG_HOME"] = before


def with_config(folder: Path, *words: str | Path, stdin: str = "") -> Ran:
    """Run `sse WORDS` for a user whose configuration folder holds `folder`."""
    env = {"XDG_CONFIG_HOME": str(folder.parent.parent)}
    return sse(*words, stdin=stdin.encode(), env=env)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def failure(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        wire_format.named(str(path))
    return caught.value


# The files


def test_every_format_of_the_corpus_is_included() -> None:
    import json  # noqa: PLC0415

    used = {json.loads(path.read_bytes())["format"] for path in CORPUS.glob("*.expected.json")}
    assert used < {path.stem for path in FILES}


@every_file
def test_every_file_has_a_description_and_is_valid(path: Path) -> None:
    wire = wire_format.read(path).check()
    assert wire.name == path.stem
    assert wire.description
    assert not wire.description.endswith(".")
    assert wire.covers
    assert wire.priority > 0
    assert {"detect"} < set(wire.texts)
    assert set(wire.texts) & {"text", "tool", "done"}
    assert tomllib.loads(path.read_text())["terminator"] in ("required", "optional")


def test_no_two_formats_have_the_same_priority() -> None:
    priorities = [wire_format.read(path).priority for path in FILES]
    assert len(set(priorities)) == len(priorities)


def test_formats_are_tried_in_the_order_of_their_priorities_and_plain_text_last() -> None:
    known = wire_format.known()
    assert [wire.priority for wire in known] == sorted(wire.priority for wire in known)
    assert known[-1].name == "plain"
    assert [wire.name for wire in known if wire.tentative] == ["json-strings", "plain"]
    assert all(wire.tentative for wire in known[-2:])


def test_a_format_with_an_optional_end_is_never_required_to_have_one() -> None:
    assert not wire_format.named("plain").required
    assert wire_format.named("openai-chat").required


# The user's own formats


def test_a_format_in_the_configuration_folder_is_found_and_tried_first(config: Path) -> None:
    write(config, "mine.toml", MINE)
    assert wire_format.known()[0].name == "mine"
    assert wire_format.named("mine").description == "My server"
    ran = with_config(config, "tail", "-", stdin=STREAM)
    assert (ran.code, ran.text) == (0, "Héllo")
    assert "mine" in with_config(config, "formats").text
    assert with_config(config, "formats", "mine").text == MINE


def test_a_user_format_replaces_the_bundled_one_of_that_name(config: Path) -> None:
    write(config, "openai-chat.toml", MINE)
    assert [wire.name for wire in wire_format.known()].count("openai-chat") == 1
    assert wire_format.named("openai-chat").texts["text"] == "data.mine.text"
    ran = with_config(config, "tail", "-", "--format", "openai-chat", stdin=STREAM)
    assert (ran.code, ran.text) == (0, "Héllo")


def test_a_user_format_can_have_a_lower_priority_than_the_bundled_ones(config: Path) -> None:
    write(config, "mine.toml", MINE + "priority = 1000\n")
    assert wire_format.known()[-1].name == "mine"


def test_a_relative_configuration_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", "/nowhere")
    assert wire_format.folders()[1] == Path("/nowhere/.config/sse-cli/formats")


def test_a_user_without_a_home_folder_has_the_bundled_formats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 54321)
    assert wire_format.folders() == [wire_format.FOLDER]
    assert len(wire_format.known()) == len(FILES)


def test_a_broken_file_in_the_configuration_folder_is_reported_before_any_request(
    config: Path,
) -> None:
    path = write(config, "mine.toml", 'text = "data.["\n')
    ran = with_config(config, "tail", "http://127.0.0.1:9/nobody-listens")
    assert ran.code == 2
    message, _ = error_and_hint(ran)
    assert str(path) in message
    assert "text" in message


def test_a_format_can_be_given_as_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "any name.toml", MINE)
    ran = sse("tail", "-", "--format", path, stdin=STREAM.encode())
    assert (ran.code, ran.text) == (0, "Héllo")
    ran = sse("tail", "-", "--format", path, stdin=STREAM.split("\n\n")[0].encode() + b"\n\n")
    assert (ran.code, ran.text) == (5, "Hé")
    assert "any name requires" in ran.talk


# Files that are broken


BROKEN: Final = [
    ('text = "data.["', "text", 6),
    ('text = "data.a b"', "text", 7),
    ('detect = "data"\nusage = "data.b && (data.c"', "usage", 17),
    ("tool = \"strats_with(data.a, 'b')\"", "tool", 0),
    ("finish = \"data.a && contians(data.b, 'x')\"", "finish", 10),
    ('error = "' + "(" * 3000 + '"', "error", 0),
]


@pytest.mark.parametrize(("text", "key", "column"), BROKEN, ids=lambda x: str(x)[:30])
def test_an_invalid_expression_is_reported_with_file_key_and_column(
    tmp_path: Path, text: str, key: str, column: int
) -> None:
    path = write(tmp_path, "mine.toml", text + "\n")
    error = failure(path)
    assert isinstance(error, ExpressionError)
    assert str(path) in error.message
    assert f"key {key}" in error.message
    assert error.column == column


def test_a_caret_points_at_the_column(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", 'text = "data.a b"\n')
    ran = sse("formats", path)
    assert ran.code == 2
    assert ran.out == b""
    message, _ = error_and_hint(ran)
    assert message == f"{path}, key text: not a JMESPath expression"
    shown, caret = ran.talk.splitlines()[1:3]
    assert shown == "  data.a b"
    assert caret == "         ^"


def test_an_unknown_function_gets_the_closest_one(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", "text = \"strats_with(data.a, 'b')\"\n")
    assert failure(path).hint == "did you mean starts_with()?"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('txt = "data"', "there is no key 'txt'", "did you mean text?"),
        ('reasonning = "data"', "there is no key 'reasonning'", "did you mean reasoning?"),
        ('terminater = "x"', "there is no key 'terminater'", "did you mean terminator?"),
        ('zzzzzzzzz = "x"', "there is no key 'zzzzzzzzz'", "there are detect, "),
        ("text = 7", "text must be a string", "JMESPath"),
        ('[text]\na = "b"', "text must be a string", "JMESPath"),
        ('terminator = "always"', "invalid terminator 'always'", "required or optional"),
        ("terminator = true", "invalid terminator 'True'", "required or optional"),
        ('priority = "high"', "priority must be an integer", "sse formats NAME"),
        ("description = 7", "description must be a string", "sse formats NAME"),
        ("covers = []", "covers must be a string", "sse formats NAME"),
        ("tentative = 1", "tentative must be true or false", "sse formats NAME"),
        ("priority = true", "priority must be an integer", "sse formats NAME"),
        ("text", "is not valid TOML", "sse formats NAME"),
        ('a = "x"\na = "y"', "is not valid TOML", "sse formats NAME"),
        ("a = " + "[" * 3000, "is not valid TOML", "sse formats NAME"),
    ],
)
def test_a_broken_file_is_reported_with_its_error(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    path = write(tmp_path, "mine.toml", text + "\n")
    error = failure(path)
    assert str(path) in error.message
    assert message in error.message
    assert hint in error.hint


def test_a_binary_file_is_not_a_format(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    assert "is not valid TOML" in failure(path).message
    assert "is a directory" in failure(tmp_path).message
    assert "no such file" in failure(tmp_path / "gone.toml").message


# Unknown names


def test_an_unknown_name_gets_the_closest_ones() -> None:
    for name in ("openai-chatt", "antropic", "gemni"):
        ran = sse("tail", CHAT, "--format", name)
        assert (ran.code, ran.out) == (2, b"")
        message, hint = error_and_hint(ran)
        assert message == f"there is no format '{name}'"
        near = {"openai-chatt": "openai-chat", "antropic": "anthropic", "gemni": "gemini"}[name]
        assert hint.startswith(f"did you mean {near}")


@pytest.mark.parametrize("name", ["zzzz", "x" * 5000, "..", "\x1b[31m"])
def test_an_unknown_name_without_a_close_one_gets_the_command_that_lists_them(name: str) -> None:
    ran = sse("tail", CHAT, "--format", name)
    assert (ran.code, ran.out) == (2, b"")
    assert b"\x1b" not in ran.err
    assert "sse formats" in error_and_hint(ran)[1]


# sse formats


def test_the_table_lists_every_format_and_fits_eighty_columns() -> None:
    with Terminal([*SSE, "formats"], rows=120) as terminal:
        assert terminal.finish() == 0
        lines = [line for line in terminal.lines if line.strip()]
    assert listed_in(lines) == [wire.name for wire in wire_format.known()]
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in terminal.text


def listed_in(lines: list[str]) -> list[str]:
    """Return the names that begin a line of the table; wrapped text is indented further."""
    found = (re.match(r" ?(\S+)", line) for line in lines)
    names = {path.stem for path in FILES}
    return [name[1] for name in found if name and name[1] in names]


def test_a_piped_table_lists_every_format_too() -> None:
    assert listed_in(sse("formats").text.splitlines()) == [
        wire.name for wire in wire_format.known()
    ]


@every_file
def test_a_format_is_printed_exactly_as_its_file(path: Path) -> None:
    if path.stem in ("openai-chat", "plain", "gemini"):
        assert sse("formats", path.stem).out == path.read_bytes()


def test_a_printed_format_can_be_saved_and_used(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", sse("formats", "openai-chat").text)
    assert sse("tail", CHAT, "--format", path).out == sse("tail", CHAT).out


def test_formats_suggests_the_closest_of_an_unknown_name() -> None:
    ran = sse("formats", "antropic")
    assert (ran.code, ran.out) == (2, b"")
    assert "did you mean anthropic" in ran.talk


# sse formats NAME --check STREAM


def test_a_check_shows_the_value_of_each_expression_for_each_event() -> None:
    ran = sse("formats", "anthropic", "--check", CORPUS / "anthropic.sse")
    assert ran.code == 0
    lines = ran.text.splitlines()
    heads = [n for n, line in enumerate(lines) if line[:1].isdigit()]
    numbers = [int(lines[n].split()[0]) for n in heads]
    assert numbers == list(range(1, len(numbers) + 1))
    assert lines[heads[0]].startswith("1 message_start")
    assert any(line.startswith("    text = ") for line in lines)
    assert any(line.startswith("    usage = {") for line in lines)
    assert lines[-1].strip() == "done = true"
    assert "    nothing" in lines  # the pings


def test_a_check_reads_standard_input_and_blocks_without_data(tmp_path: Path) -> None:
    body = (CORPUS / "langserve-stream.sse").read_bytes()
    ran = sse("formats", "langserve", "--check", "-", stdin=body)
    assert ran.code == 0
    assert "end (without data)" in ran.text
    path = write(tmp_path, "mine.toml", MINE)
    ran = sse("formats", path, "--check", "-", stdin=STREAM.encode())
    assert ran.text.count("text = ") == 2


def test_a_check_reports_errors_of_evaluation(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", "text = \"starts_with(data.a, 'x') && data.a\"\n")
    ran = sse("formats", path, "--check", "-", stdin=b'data: {"a": 5}\n\n')
    assert ran.code == 0
    assert "text fails = " in ran.text
    assert "starts_with()" in ran.text


def test_a_check_reads_json_lines() -> None:
    ran = sse("formats", "ollama-chat", "--check", CORPUS / "ollama-chat.ndjson")
    assert ran.code == 0
    assert "done = true" in ran.text


@pytest.mark.parametrize(
    "words",
    [
        ("--check", CHAT),
        ("anthropic", "--check", "http://x/"),
        ("anthropic", "--check", "gone.sse"),
    ],
)
def test_a_check_that_cannot_run_says_why(words: tuple[Any, ...]) -> None:
    ran = sse("formats", *words)
    assert (ran.code, ran.out) == (2, b"")
    error_and_hint(ran)


def test_hostile_text_in_a_stream_or_a_file_is_shown_escaped(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", MINE.replace("My server", r"My \u001b[31m[red]server"))
    body = STREAM.replace("llo", r"\u001b]0;x\u0007[bold]\u202e")
    ran = sse("formats", path, "--check", "-", stdin=body.encode())
    assert ran.code == 0
    assert not {c for c in ran.text if not c.isprintable()} - {"\n"}
    assert 'text = "' + r"\u001b]0;x\u0007[bold]\u202e" in ran.text
    assert r"My \x1b[31m[red]server" in ran.text
