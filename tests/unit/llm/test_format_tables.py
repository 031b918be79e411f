"""Tests of the tables of our format files that were parsed before."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sse_cli.llm import format_tables, wire_format
from tests.support.detection_index import text_of_tables

TOML = b'description = "Mine"\ndetect = "data.mine"\ntext = "data.mine"\n'


def test_the_tables_are_up_to_date() -> None:
    hint = "run python -m tests.support.detection_index"
    assert format_tables.FILE.read_text(encoding="utf-8") == text_of_tables(), hint


def test_each_table_is_what_its_file_holds() -> None:
    for path in wire_format.FOLDER.glob("*.toml"):
        file = path.read_bytes()
        assert format_tables.table_of(file) == tomllib.loads(file.decode()), path.name


def test_a_file_of_ours_that_was_changed_is_parsed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "mine.toml"
    changed.write_bytes(TOML)
    monkeypatch.setattr(wire_format, "FOLDER", tmp_path)
    assert wire_format.read(changed).texts["text"] == "data.mine"
    changed.write_bytes(TOML.replace(b"data.mine", b"data.more"))
    assert wire_format.read(changed).texts["text"] == "data.more"
