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


# The whole text, repeated at the end


def test_a_closing_text_adds_only_what_is_missing() -> None:
    text = TextBuffer()
    assert text.close(1, "Four.") == ("Four.", False)
    assert text.close(1, "Four.") == ("", False)
    assert text.close(1, "Four. Five.") == (" Five.", False)
    assert text.close(None, "Four. Five. Six.") == (" Six.", False)
    assert str(text) == "Four. Five. Six."
    assert not text.differing


def test_a_closing_text_of_a_part_with_another_name_is_not_added_again() -> None:
    text = TextBuffer()
    text.append("delta", "Four.")
    assert text.close("item", "Four.") == ("", False)
    assert text.close("other", "Five.") == ("Five.", False)
    assert str(text) == "Four.Five."


def test_a_closing_text_that_differs_is_counted_and_adds_nothing() -> None:
    text = TextBuffer()
    text.append(1, "Hello wrld")
    assert text.close(1, "Hello world") == ("", False)
    assert text.close(None, "Hello world") == ("", False)
    assert str(text) == "Hello wrld"
    assert text.differing == {1, None}


def test_a_closing_text_joins_a_surrogate_pair() -> None:
    text = TextBuffer()
    assert text.append(1, "a\ud83d") == "a"
    assert text.close(1, "a🚀b") == ("🚀b", False)
    assert str(text) == "a🚀b"


def test_each_segment_is_completed_on_its_own() -> None:
    text = TextBuffer()
    text.append(None, "It ")
    assert text.end_segment(None, "It is") == ("is", False)
    assert text.end_segment(None, "It is") == ("It is", False)
    text.append(None, "21")
    assert text.end_segment(None, "21") == ("", False)
    text.append(None, "x")
    assert text.end_segment(None, "y") == ("", False)
    assert str(text) == "It isIt is21x"
    assert text.differing == {None}


# Whole texts or fragments


@given(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=30))
def test_whole_texts_are_read_as_such_and_nothing_is_repeated(fragments: list[str]) -> None:
    text, whole, printed = TextBuffer(), "", ""
    for fragment in fragments:
        whole += fragment
        added, is_void = text.add_either(None, whole)
        printed = added if is_void else printed + added
    assert str(text) == printed == whole


@given(st.lists(st.text("abc🚀", min_size=1, max_size=3), min_size=2, max_size=30))
def test_fragments_are_joined_once_one_does_not_begin_with_the_one_before(
    fragments: list[str],
) -> None:
    fragments = ["x", "y", *fragments]
    text, printed = TextBuffer(), ""
    for fragment in fragments:
        added, is_void = text.add_either(None, fragment)
        printed = added if is_void else printed + added
    assert str(text) == printed == "".join(fragments)


def test_fragments_that_begin_with_the_one_before_are_joined_later() -> None:
    text = TextBuffer()
    assert text.add_either(None, "a") == ("a", False)
    assert text.add_either(None, "ab") == ("b", False)
    assert text.add_either(None, "c") == ("aabc", True)
    assert text.add_either(None, "cd") == ("cd", False)
    assert str(text) == "aabccd"


def test_a_text_that_was_often_whole_stays_so() -> None:
    text = TextBuffer()
    for length in range(1, 12):
        text.add_either(None, "x" * length)
    assert text.add_either(None, "corrected") == ("corrected", True)
    assert str(text) == "corrected"


# Lines


def test_progress_texts_are_lines_and_a_cumulative_one_is_not_repeated() -> None:
    text = TextBuffer()
    lines = ["step 1", "step 10", "Hello", "Hello ", "Hello wor", "Hello world", "Hello world"]
    printed = "".join(text.add_line(None, line)[0] for line in lines)
    assert str(text) == printed == "step 1\nstep 10\nHello world"


def test_a_line_begins_after_other_text() -> None:
    text = TextBuffer()
    text.append(None, "Thinking")
    text.add_line(None, "one\n")
    text.append(None, "more")
    text.add_line(None, "one")
    assert str(text) == "Thinking\none\nmore\none"


def test_closing_texts_alone_are_pieces_unless_they_repeat_the_text_before() -> None:
    text = TextBuffer()
    assert text.close(1, "Hel") == ("Hel", False)
    assert text.close(1, "lo") == ("lo", False)
    assert text.close(1, "Hello") == ("", False)
    assert text.close(None, "Hello!") == ("!", False)
    text.append(1, "x")
    assert text.close(1, "y") == ("", False)
    assert text.differing == {1}


# Events out of order, and losses


def test_fragments_after_their_closing_text_are_not_added_again() -> None:
    text = TextBuffer()
    text.append(1, "A")
    assert text.close(1, "ABC") == ("BC", False)
    assert [text.append(1, "B"), text.append(1, "C")] == ["", ""]
    assert text.append(1, "D") == "D"
    assert str(text) + text.finish() == "ABCD"
    whole = TextBuffer()
    whole.close(None, "AB")
    assert [whole.append(7, "A"), whole.append(7, "B"), whole.close(7, "AB")[0]] == ["", "", ""]
    assert str(whole) + whole.finish() == "AB"


def test_new_text_that_begins_as_the_one_before_is_held_back_only_until_it_differs() -> None:
    text = TextBuffer()
    assert text.end_segment(None, "The sum") == ("The sum", False)
    assert [text.append(None, "The "), text.append(None, "end")] == ["", "The end"]
    assert text.end_segment(None, "The end") == ("", False)
    assert text.append(None, "The") == "The"
    text.end_segment(None, "The")
    text.end_segment(None, "The")
    assert text.append(None, "T") == ""
    assert text.finish() == "T"
    assert str(text) == "The sumThe endTheTheT"


def test_a_closing_text_with_other_white_space_is_the_same_text() -> None:
    text = TextBuffer()
    text.append(0, "Look.")
    text.append(0, "Then.")
    assert text.close(0, "Look.\n\nThen.") == ("", False)
    assert text.close("other", "Look.\n\nThen.") == ("", False)
    assert not text.differing


def test_a_closing_text_of_another_part_that_lost_a_fragment_is_not_added() -> None:
    text = TextBuffer()
    text.append("run", "Hello wrld and more")
    assert text.close("message", "Hello world and more") == ("", False)
    assert text.differing == {"run"}
    assert text.close("second", "Hello") == ("Hello", False)


def test_a_closing_text_of_another_name_completes_the_part_that_begins_it() -> None:
    text = TextBuffer()
    text.append("run", "It is ")
    assert text.close("message", "It is a letter.") == ("a letter.", False)
    assert text.close("second", "It is") == ("It is", False)
    assert str(text) == "It is a letter.It is"
