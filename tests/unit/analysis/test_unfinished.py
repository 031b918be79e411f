"""The event that the end of a body left unfinished: cut, or whole but for its line ends."""

from __future__ import annotations

import pytest

from sse_cli.analysis.unfinished import is_sentinel, missing_blank_line
from sse_cli.model.causes import Cause
from sse_cli.model.events import Ignored
from sse_cli.parser.event_stream import EventStreamParser


def left(body: bytes) -> Ignored:
    """Return the unfinished event of a body."""
    parser = EventStreamParser()
    parser.feed(body)
    [event] = parser.finish()
    assert isinstance(event, Ignored)
    return event


ONE = b'data: {"a":1}'
TWO = b'data: {"a":1}\ndata: {"a":2}\n'
BLANK = "the last event lacks its blank line: a browser drops it"
BOTH = "the last event lacks its line end and its blank line: a browser drops it"


@pytest.mark.parametrize(
    ("body", "messages", "words", "cause"),
    [
        (ONE + b"\n", 0, f"{BLANK} (14 bytes)", Cause.BLANK_LINE),
        (ONE + b"\r\n", 3, f"{BLANK} (15 bytes)", Cause.BLANK_LINE),
        (ONE, 0, f"{BOTH} (13 bytes)", Cause.BLANK_LINE),
        (b"data: words\n", 0, f"{BLANK} (12 bytes)", Cause.BLANK_LINE),
        (b"data: a\ndata: b\n", 0, f"{BLANK} (16 bytes)", Cause.BLANK_LINE),
        (b"event: x\nid: 1\ndata: words\n", 0, f"{BLANK} (27 bytes)", Cause.BLANK_LINE),
        (b'data: {\ndata: "a":1}\n', 0, f"{BLANK} (21 bytes)", Cause.BLANK_LINE),
        (TWO, 0, "not a single blank line: 2 events are separated by one newline",
         Cause.BLANK_LINES),
        (TWO + b"data: [DONE]", 0,
         "not a single blank line: 3 events are separated by one newline", Cause.BLANK_LINES),
        (TWO, 1, "the last 2 events lack their blank lines: a browser drops them (28 bytes)",
         Cause.BLANK_LINES),
    ],
)  # fmt: skip
def test_a_whole_event_lacks_only_its_line_ends(
    body: bytes, messages: int, words: str, cause: str
) -> None:
    assert missing_blank_line(left(body), messages) == (words, cause)


@pytest.mark.parametrize(
    "body",
    [
        b"data: tw",
        b'data: {"a":',
        b'data: {"a":\n',
        b'data: {"a":1}\ndata: {"a"\n',
        b"event: x\n",
        b"id: 1\nda",
        b"data: words\nid: 1",
        b"data: [1] is a footnote\n",
    ],
)
def test_a_cut_event_is_not_excused(body: bytes) -> None:
    assert missing_blank_line(left(body), 0) is None


@pytest.mark.parametrize("body", [b"data: [DONE]", b"data:[DONE]\n", b"event: x\ndata: [DONE]\r\n"])
def test_the_sentinel_is_known_without_its_line_ends(body: bytes) -> None:
    assert is_sentinel(left(body))


@pytest.mark.parametrize("body", [b"data: [DON", b"data: {}\ndata: [DONE]", b": [DONE]"])
def test_only_the_whole_sentinel_alone_is_the_sentinel(body: bytes) -> None:
    assert not is_sentinel(left(body))
