"""The words of docstrings and messages: plain English, by rules that a machine can check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

FILES = sorted([*(ROOT / "sse_cli").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
Function = ast.FunctionDef | ast.AsyncFunctionDef

# A function's docstring opens with a verb, so never with one of these.
NOT_VERBS = frozenset(
    """
    A An The All Any Each Every Some No One Several Two What Whatever Which Who Whoever Whether How
    When Where Why That This These Those They It Its There As Of In From To For By Nothing
    """.split()  # noqa: SIM905 (a list of sixty quoted words is harder to read)
)
# A class or a module is a noun phrase; these open a clause without a head.
NOT_NOUNS = frozenset(
    "What Whatever Which Who Whoever Whether How When Where Why That Those".split()  # noqa: SIM905
)
CLAUSE = re.compile(r"(?:^|[.:;] |\n\n)(What|Whatever|Who|Whoever|Those (?:that|who))\b")
IS_NO = re.compile(r"\b(?<![Tt]here )(?:is|are) no (?!longer|more)")


def documented(path: Path) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and (
            text := ast.get_docstring(node)
        ):
            yield node, text


def is_noun(node: Function) -> bool:
    """Return whether a function is read like an attribute: a property, or a pytest fixture."""
    names = {ast.unparse(one).partition("(")[0].split(".")[-1] for one in node.decorator_list}
    return bool(names & {"property", "cached_property", "fixture"})


def banned(node: ast.AST) -> frozenset[str]:
    """Return the words with which the docstring of a node must not open."""
    if not isinstance(node, Function):
        return NOT_NOUNS
    return NOT_NOUNS - {"Whether"} if is_noun(node) else NOT_VERBS


def faults(path: Path) -> Iterator[str]:
    for node, text in documented(path):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
        first = re.split(r"[\s,.:']", text.strip("`"), maxsplit=1)[0]
        if first in banned(node):
            yield f"{where} opens with {first!r}"
        elif found := CLAUSE.search(text):
            yield f"{where} has a sentence that opens with {found[1]!r}"


def test_docstrings_open_as_they_should() -> None:
    assert [fault for path in FILES for fault in faults(path)] == []


def strings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_text_says_that_something_is_no_such_thing() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in FILES
        if path.is_relative_to(ROOT / "sse_cli")
        for line, text in strings(path)
        if IS_NO.search(text)
    ] == []
