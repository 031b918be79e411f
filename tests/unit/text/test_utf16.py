"""Surrogate pairs that JSON spells as two characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text.utf16 import ends_with_high_surrogate, join_surrogates


@given(st.text())
def test_a_text_cut_into_utf16_code_units_is_joined_again(text: str) -> None:
    units = text.encode("utf-16-le")
    cut = "".join(
        chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)
    )
    assert join_surrogates(cut) == text


@pytest.mark.parametrize("text", ["\ud83d", "\ude80", "\ude80\ud83d", "a\ud83db", "\ud83d\ud83d"])
def test_an_unpaired_surrogate_stays(text: str) -> None:
    assert join_surrogates(text) == text


@pytest.mark.parametrize(
    ("text", "ends"),
    [("", False), ("a", False), ("a\ud83d", True), ("\ude80", False), ("🚀", False)],
)
def test_only_a_high_surrogate_at_the_end_waits_for_another(text: str, ends: bool) -> None:
    assert ends_with_high_surrogate(text) is ends
