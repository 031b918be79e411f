"""Paths of the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
ROOT: Final = TESTS.parent
CORPUS: Final = TESTS / "corpus"
FORMATS: Final = CORPUS / "formats"
FRAMINGS = FORMATS.with_name("framings")
