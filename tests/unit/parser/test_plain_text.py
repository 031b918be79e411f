"""Text without framing: what each read adds is a message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.events import Message
from sse_cli.parser.plain_text import PlainTextParser


def parse(pieces: list[bytes]) -> list[Message]:
    parser = PlainTextParser()
    events = [event for piece in pieces for event in parser.feed(piece, 0.5)] + parser.finish(0.9)
    return [event for event in events if isinstance(event, Message)]


def test_each_read_is_a_message() -> None:
    assert parse([b"Hello,", b" \n", b"world"]) == [
        Message("message", "Hello,", "", None, 0.5, 0, 6, 1, 1, 1),
        Message("message", " \n", "", None, 0.5, 6, 2, 2, 1, 2),
        Message("message", "world", "", None, 0.5, 8, 5, 3, 1, 3),
    ]


@given(st.text(), st.integers(1, 9))
def test_the_text_is_exact_however_it_is_cut(text: str, size: int) -> None:
    body = text.encode()
    found = parse([body[start : start + size] for start in range(0, len(body), size)])
    assert "".join(message.data for message in found) == text
    assert [message.offset for message in found] == [
        sum(message.size for message in found[:number]) for number in range(len(found))
    ]
    assert sum(message.size for message in found) == len(body)


@given(st.lists(st.binary(max_size=9)))
def test_bytes_that_are_not_utf_8_become_what_one_decoder_makes_of_them(
    pieces: list[bytes],
) -> None:
    found = parse(pieces)
    expected = b"".join(pieces).decode("utf-8", "replace")
    assert "".join(message.data for message in found) == expected


def test_a_character_cut_off_by_the_end_is_shown() -> None:
    assert [message.data for message in parse([b"a\xf0\x9f"])] == ["a", "\ufffd"]
