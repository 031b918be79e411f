"""The escaping of server text for terminals: every character of Unicode, by its category."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text import escaping

ANY_TEXT = st.text(st.characters(codec=None))
EVERY = [chr(code) for code in range(0x110000)]


def is_noncharacter(character: str) -> bool:
    code = ord(character)
    return code & 0xFFFF >= 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def may_act_on_a_terminal(character: str) -> bool:
    if character in "\u200c\u200d":
        return False
    category = unicodedata.category(character)
    return category in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or is_noncharacter(character)


def test_only_characters_that_may_act_on_a_terminal_are_escaped() -> None:
    escaped = [character for character in EVERY if escaping.escape(character) != character]
    assert escaped == [character for character in EVERY if may_act_on_a_terminal(character)]
    assert all(escaping.escape(character).isascii() for character in escaped)
    assert len({escaping.escape(character) for character in escaped}) == len(escaped)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("\x7f\x00\x07\x08", "\\x7f\\x00\\x07\\x08"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\u200b\ufeff\u00ad\u061c", "\\u200b\\ufeff\\xad\\u061c"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\ud83d", "\\ud83d"),
        ("\U000e0041\U0010ffff", "\\U000e0041\\U0010ffff"),
        ("\ufdd0\ufffe", "\\ufdd0\\ufffe"),
        ("\ue000", "\\ue000"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        (
            "[bold]日本 é 👩\u200d👩\ufe0f \u00a0\u3000 \U0001fae9",
            "[bold]日本 é 👩\u200d👩\ufe0f \u00a0\u3000 \U0001fae9",
        ),
    ],
)
def test_a_text_is_shown_with_escapes(text: str, shown: str) -> None:
    assert escaping.escape(text) == shown


def test_line_ends_and_tabs_of_a_body_are_kept_on_request() -> None:
    assert escaping.escape("a\n\tb\r\x1b", keep="\n\t") == "a\n\tb\\x0d\\x1b"


def test_compact_is_one_line_with_familiar_escapes() -> None:
    assert escaping.compact("a\nb\tc\rd\x0be\u2028") == "a\\nb\\tc\\rd\\x0be\\u2028"


@given(ANY_TEXT)
def test_no_mixture_of_characters_acts_on_a_terminal(text: str) -> None:
    for shown in (escaping.escape(text), escaping.compact(text)):
        assert not any(map(may_act_on_a_terminal, shown))
        assert escaping.escape(shown) == shown
    assert {c for c in escaping.escape(text, keep="\n\t") if may_act_on_a_terminal(c)} <= {
        "\n",
        "\t",
    }


@given(ANY_TEXT)
def test_without_surrogates_every_text_can_be_encoded(text: str) -> None:
    clean = escaping.without_surrogates(text)
    clean.encode()
    assert len(clean) == len(text)
    assert all(b in (a, "\ufffd") for a, b in zip(text, clean, strict=True))
