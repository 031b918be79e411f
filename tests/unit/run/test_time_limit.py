"""`--for TIME`: watching that long is a success, whatever the stream does meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from sse_cli.model.events import Chunk, Closed, Ending, Opened
from tests.support.broken_server import broken
from tests.support.process import PIPE
from tests.support.program import error_and_hint, sse, start
from tests.support.recordings import written

ALL = ("-o", "jsonl", "--all")


def test_a_silent_stream_is_left_when_the_time_is_over(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    with broken("silence") as server:
        ran = sse(server.url, *ALL, "--for", "700ms", "--record", file)
    assert (ran.code, ran.err) == (0, b"")
    *_, closed = lines = ran.objects()
    assert [line["data"]["text"] for line in lines if line["kind"] == "message"] == [
        "<1>",
        "<2>",
        "<3>",
    ]
    assert closed["ending"] == "limit"
    assert closed["t"] == 0.7
    assert closed["detail"] == "watched for 0.7 s, as asked"
    assert sse(file, *ALL) == ran


def test_a_stream_that_never_stops_is_left_too() -> None:
    with broken("trickle") as server:
        ran = sse(server.url, *ALL, "--for", "700ms")
    assert (ran.code, ran.objects()[-1]["ending"]) == (0, "limit")


def test_a_stream_that_ends_earlier_keeps_its_ending() -> None:
    with broken(None) as server:
        ran = sse(server.url, *ALL, "--for", "1h")
    assert (ran.code, ran.objects()[-1]["ending"]) == (0, "eof")


@pytest.mark.parametrize("fault", ["no-reply", "endless-1xx"])
def test_a_reply_that_never_came_is_a_failure(fault: str) -> None:
    with broken(fault) as server:
        ran = sse(server.url, *ALL, "--for", "500ms")
    assert ran.code == 6
    assert error_and_hint(ran)[0] == "no reply had come after 0.5 s"


def test_a_wait_to_reconnect_is_cut_short() -> None:
    with broken(None) as server:
        ran = sse(server.url, *ALL, "--reconnect", "--retry-delay", "1h", "--for", "1")
    assert (ran.code, [line["kind"] for line in ran.objects()][-2:]) == (
        0,
        ["reconnecting", "closed"],
    )


def test_the_time_of_a_recording_is_that_of_its_stamps(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    chunks = [Chunk(float(n), b"data: %d\n\n" % n) for n in range(1, 100)]
    file.write_bytes(written([Opened(0.5, "x"), *chunks, Closed(100.0, Ending.EOF)]))
    ran = sse(file, "--for", "1m")
    assert ran.code == 0
    assert [line["data"] for line in ran.objects()] == [*range(1, 61)]


def test_silent_standard_input_is_left_when_the_time_is_over() -> None:
    with start("-", *ALL, "--for", "600ms", stdin=PIPE) as process:
        assert process.stdin
        process.stdin.write(b"data: 1\n\n")
        process.stdin.flush()
        assert process.stdout
        out = process.stdout.read()  # ends with the process, which ends by itself
        assert process.wait() == 0
    assert b'"data":1' in out
    assert b'"ending":"limit"' in out


@pytest.mark.parametrize("time", ["0", "-1", "soon", "nan"])
def test_an_invalid_time_is_refused(time: str) -> None:
    ran = sse("http://127.0.0.1:1/", f"--for={time}")
    assert ran.code == 2
    assert "--for" in error_and_hint(ran)[0]


def test_the_time_of_a_recording_is_that_of_its_stamps_at_any_speed(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    chunks = [Chunk(n / 100, b"data: %d\n\n" % n) for n in range(1, 100)]
    file.write_bytes(written([Opened(0.0, "x"), *chunks, Closed(1.0, Ending.EOF)]))
    ran = sse(file, "--for", "55ms", "--speed", "0.1")
    assert (ran.code, [line["data"] for line in ran.objects()]) == (0, [1, 2, 3, 4, 5])
