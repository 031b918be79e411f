"""Each behaviour of a connecting client that public suites and the standard ask for has a test
that is named after it, or a line in CONTRIBUTING that says why it can't apply."""

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
# A row of the table in CONTRIBUTING: a name and the reason, a sentence at least.
EXCLUDED: Final = frozenset(
    re.findall(
        r"^\| `([a-z0-9-]+)` \| \w[^|]{20,} \|$",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.MULTILINE,
    )
)


def named_after(case: str) -> str:
    return "test_" + case.replace("-", "_")


def test_the_corpus_is_whole() -> None:
    assert len(NAMES) == len(set(NAMES)) == 102


@pytest.mark.parametrize("name", NAMES)
def test_a_case_has_a_test_or_a_reason_against_it(name: str) -> None:
    assert (named_after(name) in TESTS) != (name in EXCLUDED)


def test_no_reason_and_no_test_is_left_of_a_case_that_is_gone() -> None:
    assert set(NAMES) >= EXCLUDED
    assert {named_after(name) for name in NAMES} >= TESTS
