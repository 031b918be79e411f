"""A check that each behaviour of a connecting client in public suites and the standard has a test
named after it, or a line in CONTRIBUTING with the reason why it can't apply."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.paths import CORPUS, ROOT

NAMES: Final = [row["name"] for row in json.loads((CORPUS / "client_cases.json").read_text())]
TESTS: Final = frozenset(
    name
    for file in Path(__file__).parent.glob("test_client_cases_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
)
# A row of the table in CONTRIBUTING: a name and the reason, at least a sentence.
EXCLUDED: Final = frozenset(
    re.findall(
        r"^\| `([a-z0-9-]+)` \| \w[^|]{20,} \|$",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.MULTILINE,
    )
)


def named_after(case: str) -> str:
    return "test_" + case.replace("-", "_")


def test_the_corpus_is_complete() -> None:
    assert len(NAMES) == len(set(NAMES)) == 102


@pytest.mark.parametrize("name", NAMES)
def test_each_case_has_either_a_test_or_a_reason(name: str) -> None:
    assert (named_after(name) in TESTS) != (name in EXCLUDED)


def test_each_reason_and_each_test_has_a_case() -> None:
    assert set(NAMES) >= EXCLUDED
    assert {named_after(name) for name in NAMES} >= TESTS
