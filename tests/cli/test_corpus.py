"""The corpus: each stream in small reads, from a file, over HTTP, and replayed.

`tail -o json` must give the expected answer each time, and the commands must agree on the error,
the ending and the exit code.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import EXIT_CODES
from tests.support import long_runs
from tests.support.corpus import FOLDERS, Stream, differences, streams
from tests.support.in_process import MEDIA, read, read_target
from tests.support.program import Ran, sse
from tests.support.replies import whole
from tests.support.wire import Wire

STREAMS: Final = streams()
# Ends that are not failures. `watch` reads on to the end of the body, and `tail` to the answer's.
GOOD: Final = {ending for ending in Ending if EXIT_CODES[ending] == 0}

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def tail(target: str | Path, *options: str) -> tuple[dict[str, Any], Ran]:
    """Return the answer of `tail -o json`, and the run."""
    ran = sse("tail", target, "-o", "json", *options)
    assert b"Traceback" not in ran.err, ran.talk
    assert ran.out, ran.talk
    found: dict[str, Any] = json.loads(ran.out)
    assert ran.code == EXIT_CODES[Ending(found["ending"])], (ran.code, found["ending"])
    return found, ran


def assert_expected(found: dict[str, Any], ran: Ran, stream: Stream) -> None:
    """Assert the whole expectation at once, so that a failure shows all of the difference."""
    result = (stream.name, differences(found, stream.expected), ran.code)
    assert result == (stream.name, {}, stream.exit_code), ran.talk


def error_in(detail: str) -> str:
    """Return the words of an error in the detail of an ending."""
    return detail.partition(" reports an error: ")[2]


def without_times(found: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the figures that depend on the clock."""
    return {key: value for key, value in found.items() if key != "timing"}


def test_the_corpus_is_complete() -> None:
    found = {folder: len(streams(folder)) for folder in FOLDERS}
    assert found["formats"] >= 40
    assert (found["reports"], found["real"], found["judged"]) == (29, 43, 27)


@every_stream
def test_reads_of_any_size_give_the_expected_answer(stream: Stream) -> None:
    body, expected = stream.path.read_bytes(), stream.expected
    for size in (0, 1, 7):  # bytes of a read; 0 for the whole stream
        found = read(body, MEDIA[stream.path.suffix], size=size).answer
        assert (size, differences(found, expected)) == (size, {})


@every_stream
def test_a_live_answer_is_the_expected_one_and_that_of_its_recording(
    stream: Stream, tmp_path: Path
) -> None:
    with Wire(whole(stream.path.read_bytes(), *stream.headers)) as wire:
        record = tmp_path / "live"
        live, ran = tail(wire.origin, *stream.options, "-m", "30", "--record", str(record))
        assert [request.method for request in wire.requests] == ["GET"]
    assert_expected(live, ran, stream)
    again = read_target(str(record)).answer
    assert without_times(again) == without_times(live)
    assert list(again) == list(live)  # in the same order


@long_runs.count("number", 16, len(STREAMS))
def test_a_reply_to_a_post_a_file_and_a_replay_give_the_expected_answer(
    seed: int, number: int, tmp_path: Path
) -> None:
    for stream in random.Random(seed).sample(STREAMS, number):
        record = tmp_path / stream.name.replace("/", "-")
        with Wire(whole(stream.path.read_bytes(), *stream.headers)) as wire:
            options = (*stream.options, "-m", "30", "--json", "{}", "--record", str(record))
            posted, ran = tail(wire.origin, *options)
            assert [request.method for request in wire.requests] == ["POST"]
        assert_expected(posted, ran, stream)
        assert_expected(*tail(stream.path, *stream.options), stream)
        replayed, ran_again = tail(record)
        assert without_times(replayed) == without_times(posted), stream.name
        assert ran_again.code == ran.code, stream.name


@every_stream
def test_watch_and_tail_agree_on_the_error_the_ending_and_the_exit_code(stream: Stream) -> None:
    found = read(stream.path.read_bytes(), MEDIA[stream.path.suffix]).answer
    ending = Ending(found["ending"])
    assert (differences(found, stream.expected), EXIT_CODES[ending]) == ({}, stream.exit_code)
    watched = sse("watch", stream.path, "-o", "jsonl", "--all", *stream.options)
    closed = watched.objects()[-1]
    seen = Ending(closed["ending"])
    assert (seen is Ending.ERROR_EVENT) == (ending is Ending.ERROR_EVENT), closed["detail"]
    if ending is Ending.ERROR_EVENT:  # a format may know it from an event before
        assert error_in(closed["detail"]) == error_in(found["detail"])
    # An empty stream is the one ending that a person who watches may find harmless.
    assert (seen in GOOD) == (ending in GOOD) or ending == "empty"
    assert watched.code == (EXIT_CODES[seen] if seen != "empty" else 0)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            b'data: {"throttlingException":{"message":"Too many"}}\n\n',
            "event 1 reports an error: Too many",
        ),
        (
            b'data: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"died"}}\n\n',
            "event 1 reports an error: died",
        ),
        (b"data: {}\n\nevent: error\n\n", "line 3 reports an error: no details"),
        (
            b'event: generating\ndata: ["a"]\n\nevent: error\ndata: null\n\n',
            "event 2 reports an error: no details",
        ),
    ],
)
def test_watch_and_tail_agree_on_errors_that_only_a_format_knows(body: bytes, detail: str) -> None:
    for command in ("watch", "tail"):
        ran = sse(command, "-", stdin=body)
        assert ran.code == EXIT_CODES[Ending.ERROR_EVENT], command
        assert f"error: {detail}\n" in ran.talk, command


@pytest.mark.parametrize("options", sorted({stream.options for stream in STREAMS}))
def test_check_agrees_with_tail_on_the_error_and_the_ending(options: tuple[str, ...]) -> None:
    checked = [stream for stream in STREAMS if stream.options == options]
    ran = sse("check", *(stream.path for stream in checked), "-o", "json", *options)
    report = json.loads(ran.out)["streams"]
    for stream, judged in zip(checked, report, strict=True):
        found = read(stream.path.read_bytes(), MEDIA[stream.path.suffix]).answer
        [attempt] = judged["attempts"]
        failed = {one["name"] for one in attempt["expectations"] if one["verdict"] == "failed"}
        assert attempt["answer"]["error"] == found["error"], stream.name
        assert (attempt["ending"], attempt["detail"]) == (found["ending"], found["detail"])
        # A failure of the stream was judged by `check`, so it is a failed expectation.
        assert ("ending" in failed) == (found["ending"] not in GOOD), stream.name
        assert judged["exit_code"] == (1 if failed else 0), stream.name
    assert ran.code == max(one["exit_code"] for one in report)
