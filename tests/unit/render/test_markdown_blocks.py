"""Markdown split into blocks while it is written: where they end, and that no text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sse_cli.render.markdown_blocks import MarkdownBlock, MarkdownBlocks
from tests.benchmarks.markdown_growth import answer

parse = MarkdownIt("commonmark").enable("table").parse


def blocks_of(text: str, size: int = 0) -> list[MarkdownBlock]:
    """Return the blocks of a text that arrives `size` characters at a time."""
    blocks = MarkdownBlocks()
    found: list[MarkdownBlock] = []
    for at in range(0, len(text), size or max(1, len(text))):
        found += blocks.feed(text[at : at + size] if size else text)
    return [*found, *blocks.finish()]


def texts_of(text: str) -> list[str]:
    return [block.text for block in blocks_of(text)]


CUT = [
    ("One.\n\nTwo.\n", ["One.\n", "Two.\n"]),
    ("One,\nstill one.\n\n\n\nTwo", ["One,\nstill one.\n", "Two\n"]),
    ("# Title\nText\n## Next\n", ["# Title\n", "Text\n", "## Next\n"]),
    ("Text\n# Title\nText", ["Text\n", "# Title\n", "Text\n"]),
    ("#no title\n#!/bin/sh", ["#no title\n#!/bin/sh\n"]),
    ("Title\n===\n\nText", ["Title\n===\n", "Text\n"]),
    ("a\n\n---\n\nb", ["a\n", "---\n", "b\n"]),
    ("Text\n```py\na\n\nb\n```\nafter", ["Text\n", "```py\na\n\nb\n```\n", "after\n"]),
    ("```\n~~~\n```\nx", ["```\n~~~\n```\n", "x\n"]),
    ("````\n```\n````\nx", ["````\n```\n````\n", "x\n"]),
    ("```\n# no title\n- no item\n\n```\n", ["```\n# no title\n- no item\n\n```\n"]),
    ("```\n``` not the end\n```\n", ["```\n``` not the end\n```\n"]),
    ("~~~ a`b\nx\n~~~\ny", ["~~~ a`b\nx\n~~~\n", "y\n"]),
    ("```\nnever closed\n\nat all", ["```\nnever closed\n\nat all\n"]),
    ("`code` and ```code``` in a line\n\nx", ["`code` and ```code``` in a line\n", "x\n"]),
    ("- a\n- b\n- c", ["- a\n", "- b\n", "- c\n"]),
    ("1. a\n2. b\n10) c", ["1. a\n", "2. b\n", "10) c\n"]),
    ("- a\n  - b\n  - c\n- d", ["- a\n  - b\n  - c\n", "- d\n"]),
    ("- a\n\n  more of a\n\n- b\n\nafter", ["- a\n\n  more of a\n", "- b\n", "after\n"]),
    ("- a\nlazily more\n\nafter", ["- a\nlazily more\n", "after\n"]),
    ("Text:\n- a\n", ["Text:\n", "- a\n"]),
    ("- a\n\n  ```\n  x\n\n  y\n  ```\n- b", ["- a\n\n  ```\n  x\n\n  y\n  ```\n", "- b\n"]),
    ("1. a\n   ```\n   - x\n   ```\n2. b", ["1. a\n   ```\n   - x\n   ```\n", "2. b\n"]),
    ("- ```sh\n  x\n\n  y\n  ```\n- b\n\nafter",
     ["- ```sh\n  x\n\n  y\n  ```\n", "- b\n", "after\n"]),
    ("1. - ```\n     x\n     ```\n2. b", ["1. - ```\n     x\n     ```\n", "2. b\n"]),
    (
        "- a\n  - b\n    ```\n    - x\n\n    y\n    ```\n- c",
        ["- a\n  - b\n    ```\n    - x\n\n    y\n    ```\n", "- c\n"],
    ),
    ("10. ```\n    x\n    ```\n11. b", ["10. ```\n    x\n    ```\n", "11. b\n"]),
    ("- ```\n  never closed\n\nafter\n\nx", ["- ```\n  never closed\n", "after\n", "x\n"]),
    ("- a\n  ```\n  x\n- b\n- c", ["- a\n  ```\n  x\n", "- b\n", "- c\n"]),
    ("1. a\n```sh\n- x\n\ny\n```\n2. b", ["1. a\n```sh\n- x\n\ny\n```\n", "2. b\n"]),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n\nx", ["| a | b |\n|---|---|\n| 1 | 2 |\n", "x\n"]),
    ("> a\n> b\n\nx", ["> a\n> b\n", "x\n"]),
    ("**bold**\n*it*\n", ["**bold**\n*it*\n"]),
    ("", []),
    ("\n\n \n", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CUT, ids=lambda x: repr(x)[:40])
def test_a_text_is_cut_into_its_blocks(text: str, expected: list[str]) -> None:
    assert texts_of(text) == expected


# In CommonMark a fence that is not indented ends a list. Here it stays in the block of the item
# above it, because models write the code of a step that way.
KEPT_TOGETHER = "1. a\n```sh\n- x\n\ny\n```\n2. b"
WHOLE = [text for text, _ in CUT if text != KEPT_TOGETHER] + [answer(20_000, n) for n in range(3)]


@pytest.mark.parametrize("text", WHOLE, ids=lambda x: repr(x)[:40])
def test_the_blocks_agree_with_markdown_it(text: str) -> None:
    lines = text.split("\n")
    spans = [token.map for token in parse(text) if is_block(token) and token.map]
    expected = ["\n".join(lines[start:end]).rstrip("\n") + "\n" for start, end in spans]
    assert texts_of(text) == expected


def is_block(token: Token) -> bool:
    """Return whether a token opens a block as we split them: a list is split into its items."""
    if token.type == "list_item_open":
        return token.level == 1
    return token.level == 0 and token.type not in ("bullet_list_open", "ordered_list_open")


@pytest.mark.parametrize("text", [text for text, _ in CUT], ids=lambda x: repr(x)[:40])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_blocks_are_the_same_however_the_text_arrives(text: str, size: int) -> None:
    assert blocks_of(text, size) == blocks_of(text)


def test_items_of_a_list_are_tight_unless_a_blank_line_separates_them() -> None:
    found = blocks_of("Text:\n- a\n- b\n\n- c\n\nafter\n")
    assert [(block.text, block.tight) for block in found] == [
        ("Text:\n", False), ("- a\n", False), ("- b\n", True), ("- c\n", False), ("after\n", False),
    ]  # fmt: skip


def test_the_open_block_is_the_unfinished_text() -> None:
    blocks = MarkdownBlocks()
    assert [block.text for block in blocks.feed("One.\n\nTw")] == ["One.\n"]
    assert blocks.open_text == "Tw"
    assert list(blocks.feed("o\nand")) == []
    assert blocks.open_text == "Two\nand"
    assert [block.text for block in blocks.finish()] == ["Two\nand\n"]
    assert blocks.open_text == ""
    assert list(blocks.finish()) == []


def test_a_block_is_returned_as_soon_as_it_is_finished() -> None:
    blocks = MarkdownBlocks()
    assert list(blocks.feed("# Title")) == []
    assert [block.text for block in blocks.feed("\n")] == ["# Title\n"]
    assert list(blocks.feed("```\na\n```")) == []
    assert [block.text for block in blocks.feed("\n")] == ["```\na\n```\n"]
    assert list(blocks.feed("Text\n")) == []
    assert [block.text for block in blocks.feed("\n")] == ["Text\n"]


LINES = st.sampled_from(
    ["", " ", "text", "  indented", "    more", "\ttab", "# head", "- item", "  - inner", "1. one",
     "```", "```py", "~~~", "````", "  ```", "    ```", "- ```", "| a |", "> quote", "---", "``"]
)  # fmt: skip


@given(st.lists(LINES, max_size=30), st.integers(1, 9))
def test_only_blank_lines_are_lost(lines: list[str], size: int) -> None:
    text = "\n".join(lines)
    found = blocks_of(text, size)
    assert found == blocks_of(text)
    kept = [line for block in found for line in block.text.split("\n") if line.strip()]
    assert kept == [line for line in lines if line.strip()]


def test_the_cost_of_a_text_is_linear() -> None:
    # Each part is read once; otherwise a block of 300,000 parts would take minutes.
    blocks = MarkdownBlocks()
    for _ in range(100_000):
        assert list(blocks.feed("ab ")) == []
        assert list(blocks.feed("c\n")) == []
    for _ in range(100_000):
        list(blocks.feed("d"))
    [block] = blocks.finish()
    assert len(block.text) == 100_000 * 6 + 1
