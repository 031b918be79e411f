"""The table of request options: each row is in the command line, in curl's, and in check files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from sse_cli.check import config, json_schema
from sse_cli.check.config_keys import KEYS
from sse_cli.cli.commands import app
from sse_cli.request import curl
from sse_cli.request.builder import build
from sse_cli.request.options import OPTIONS, RequestOption

URL = ("url", "http://h/")
ROWS = pytest.mark.parametrize("option", OPTIONS, ids=[option.name for option in OPTIONS])
COMMANDS = pytest.mark.parametrize("command", ["watch", "tail", "check"])
PANELS = {"request": "Request (as curl)", "connection": "Connection (as curl)"}
# A value of each kind, and of the options that need more than their kind does.
VALUES = {"text": "x", "texts": "a=b", "path": "file", "duration": "2s", "json": "{}"}
OWN_VALUES = {"header": "X-A: 1", "user": "me:pw", "url": "http://other/"}
IN_CHECK_FILE: dict[str, Any] = {"flag": True, "headers": {"X-A": "1"}}


def value_of(option: RequestOption) -> str:
    return OWN_VALUES.get(option.name) or VALUES.get(option.value, "")


def declared(command: str) -> dict[str, Any]:
    """Return the parameters of a command by their long names, without dashes."""
    group: Any = get_command(app)
    return {
        name[2:]: parameter
        for parameter in group.commands[command].params
        for name in parameter.opts
        if name.startswith("--")
    }


def test_names_letters_and_keys_are_unique() -> None:
    for names in (
        [option.name for option in OPTIONS],
        [option.letter for option in OPTIONS if option.letter],
        [option.check_key for option in OPTIONS if option.check_key],
        [name for option in OPTIONS for name in option.curl_names],
    ):
        assert len(set(names)) == len(names) > 0


@COMMANDS
@ROWS
def test_each_option_is_declared_as_its_row_says(option: RequestOption, command: str) -> None:
    found = declared(command).get(option.name)
    if option.group == "pasted":
        assert found is None
        return
    assert found is not None
    assert {*found.opts} == {f"--{option.name}", *[f"-{option.letter}"] * bool(option.letter)}
    assert (found.help, found.metavar) == (option.help, option.metavar)
    assert found.is_flag is not option.takes_value
    assert (found.rich_help_panel, found.hidden) == (PANELS[option.group], option.is_rare)


@COMMANDS
def test_the_panels_of_a_request_hold_the_options_of_the_table_alone(command: str) -> None:
    shown = {
        name
        for name, parameter in declared(command).items()
        if getattr(parameter, "rich_help_panel", None) in PANELS.values()
    }
    assert shown == {option.name for option in OPTIONS if option.group != "pasted"}


@ROWS
def test_each_option_is_read_from_a_pasted_command_or_unknown_to_curl(
    option: RequestOption,
) -> None:
    if option.is_ours:
        assert option.name not in curl.OPTIONS
        return
    value = value_of(option)
    letter = [f"-{option.letter}"] if option.letter else []
    for typed in [*letter, *(f"--{name}" for name in option.curl_names)]:
        words = [typed, value] if option.takes_value else [typed]
        assert curl.parse(words).request == [(option.name, value)], typed


def test_curl_sends_no_option_that_the_table_lacks() -> None:
    sent = {name for name, option in curl.OPTIONS.items() if option.action == "sent"}
    assert sent == {name for option in OPTIONS for name in option.curl_names}


@ROWS
def test_each_option_changes_the_request(
    option: RequestOption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("file").touch()
    others = [("data", "a=b")] if option.name == "get" else []
    others += [URL] if option.name != "url" else []
    assert build([*others, (option.name, value_of(option))]) != build(others or [URL])


@ROWS
def test_each_option_has_a_key_in_check_files_or_none(
    option: RequestOption, tmp_path: Path
) -> None:
    key = option.check_key
    described = json_schema.schema()["$defs"]["stream"]["properties"]
    if key is None:
        assert option.name not in KEYS or KEYS[option.name].part == "target"
        return
    assert described[key]["description"] == (option.description or option.help)
    value = IN_CHECK_FILE.get(option.value, value_of(option))
    literal = '{ X-A = "1" }' if option.value == "headers" else json.dumps(value)
    path = tmp_path / "smoke.toml"
    path.write_text(f'[streams.a]\nurl = "http://h/"\n{json.dumps(key)} = {literal}\n')
    (stream,) = config.read(str(path), (), {})
    expected = str(tmp_path / "file") if option.value == "path" else value_of(option)
    assert stream.request == ((option.name, expected),)


def test_check_files_have_no_key_of_a_request_that_the_table_lacks() -> None:
    keys = {name for name, key in KEYS.items() if key.part == "request"}
    assert keys == {option.check_key for option in OPTIONS if option.check_key}


def test_a_file_named_after_an_at_sign_is_relative_to_the_check_file(tmp_path: Path) -> None:
    names = [option.name for option in OPTIONS if option.at_file]
    assert names == ["json", "data", "data-binary", "bearer"]
    path = tmp_path / "smoke.toml"
    path.write_text(
        '[streams.a]\nurl = "http://h/"\n' + "".join(f'{name} = "@f"\n' for name in names)
    )
    (stream,) = config.read(str(path), (), {})
    assert dict(stream.request) == dict.fromkeys(names, f"@{tmp_path / 'f'}")
