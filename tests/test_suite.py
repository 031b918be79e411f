"""Rules of the tests themselves."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import TESTS

FILES = sorted(TESTS.rglob("test_*.py"))


def imported(path: Path) -> Iterator[str]:
    """Yield the name of every module that a file may import."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_module_imports_from_another() -> None:
    modules = {".".join(file.relative_to(TESTS.parent).with_suffix("").parts) for file in FILES}
    assert len(modules) > 80
    assert [(file.name, name) for file in FILES for name in imported(file) if name in modules] == []


@pytest.mark.parametrize(
    "file", sorted((TESTS / "interop").glob("test_*.py")), ids=lambda file: file.name
)
def test_what_needs_other_programs_is_marked(file: Path) -> None:
    marks = importlib.import_module(f"tests.interop.{file.stem}").pytestmark
    assert "interop" in [mark.name for mark in (marks if isinstance(marks, list) else [marks])]
