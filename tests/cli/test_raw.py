"""`-o raw`: the bytes of a stream and nothing else."""

from __future__ import annotations

import pytest

from sse_cli.model.events import Chunk, Comment, Message, Opened
from sse_cli.model.row import Row
from sse_cli.render.stdout_views import RawView

MESSAGE = Message("message", "a", "", None, 0.0, 0, 9)


def test_raw_is_the_bytes_of_a_stream(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    raw = RawView()
    raw.signal(Opened(0.0, "http://h/", 200))
    raw.signal(Chunk(0.0, b"a\xff"))
    raw.rows([Row(MESSAGE)])
    raw.note(Comment("c", 0.0, 0))
    raw.signal(Chunk(0.0, b"\x00\r\n"))
    raw.flush()
    assert capsysbinary.readouterr().out == b"a\xff\x00\r\n"


def test_raw_prints_nothing_of_a_reply_that_is_not_a_stream(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    raw = RawView()
    raw.signal(Opened(0.0, "http://h/", 401, media="other"))
    raw.signal(Chunk(0.0, b"no"))
    raw.flush()
    assert capsysbinary.readouterr().out == b""
