"""Text appended part by part, however an API splits its characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sse_cli.llm.text_buffer import TextBuffer
from sse_cli.text.utf16 import join_surrogates

CHARACTERS = st.sampled_from(["a", "é", "日", "🚀", "\ud83d", "\ude80"])
FRAGMENTS = st.lists(st.text(CHARACTERS, max_size=4), max_size=8)


@given(FRAGMENTS)
def test_the_printed_text_is_the_whole_text_with_surrogate_pairs_joined(
    fragments: list[str],
) -> None:
    text = TextBuffer()
    printed = [text.append(None, fragment) for fragment in fragments]
    whole = join_surrogates("".join(fragments))
    assert str(text) == whole
    assert "".join(printed) + text.finish() == whole
    assert str(text) == whole


@given(st.lists(st.tuples(st.integers(0, 2), st.text(CHARACTERS, max_size=4)), max_size=12))
def test_each_part_holds_back_its_own_surrogate(fragments: list[tuple[int, str]]) -> None:
    text = TextBuffer()
    alone = {part: TextBuffer() for part, _ in fragments}
    for part, fragment in fragments:
        assert text.append(part, fragment) == alone[part].append(part, fragment)
    assert str(text) == "".join(map(str, alone.values()))


def test_a_full_text_that_extends_the_earlier_one_only_appends() -> None:
    text = TextBuffer()
    assert text.replace("a", "one") == ("one", False)
    assert text.append("b", ".") == "."
    assert text.replace("a", "one two\ud83d") == (" two", False)
    assert text.replace("a", "one two🚀") == ("🚀", False)
    assert text.replace("a", "three") == ("three", True)
    assert str(text) == "three."
