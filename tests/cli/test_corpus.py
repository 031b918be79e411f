"""The corpus, end to end: each stream from a file, in small reads, over HTTP, and replayed.

`tail -o json` must give the expected answer each time, and the commands must agree on the error,
the ending and the exit code.
"""

from __future__ import annotations

import binascii
import json
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.model.events import Ending
from sse_cli.model.exit_codes import EXIT_CODES
from tests.support.corpus import FOLDERS, Stream, differences, is_same_error, streams
from tests.support.program import Ran, sse
from tests.support.replies import whole
from tests.support.wire import Wire

STREAMS: Final = streams()
# Ends that are not failures. `watch` reads on to the end of the body, and `tail` to the answer's.
GOOD: Final = {ending for ending in Ending if EXIT_CODES[ending] == 0}

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def tail(target: str | Path, stream: Stream, *options: str) -> tuple[dict[str, Any], Ran]:
    """Return the answer of `tail -o json`, and the run."""
    ran = sse("tail", target, "-o", "json", *stream.options, *options)
    assert b"Traceback" not in ran.err, ran.talk
    assert ran.out, ran.talk
    found: dict[str, Any] = json.loads(ran.out)
    assert ran.code == EXIT_CODES[Ending(found["ending"])], (ran.code, found["ending"])
    return found, ran


def assert_expected(found: dict[str, Any], ran: Ran, stream: Stream) -> None:
    """Assert the whole expectation at once, so that a failure shows all of the difference."""
    assert (differences(found, stream.expected), ran.code) == ({}, stream.exit_code), ran.talk


def in_reads_of(size: int, live: Path, path: Path) -> Path:
    """Write the recording `live` again, as if its body had been read `size` bytes at a time."""
    lines = [json.loads(line) for line in live.read_bytes().splitlines()]
    body = b"".join(line[2].encode() for line in lines[1:] if line[1] == "chunk")
    reads = [body[at : at + size] for at in range(0, len(body), size)]
    texts = [["chunk64", _base64(read)] for read in reads]
    chunks = [[1.0, *text] for text in texts]
    others = [line for line in lines if isinstance(line, dict) or not line[1].startswith("chunk")]
    again = [*others[:2], *chunks, *others[2:]]
    path.write_text("".join(json.dumps(line) + "\n" for line in again))
    return path


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def error_in(detail: str) -> str:
    """Return the words of an error in the detail of an ending."""
    return detail.partition(" reports an error: ")[2]


def without_times(found: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the figures that depend on the clock."""
    return {key: value for key, value in found.items() if key != "timing"}


def test_the_corpus_is_complete() -> None:
    assert [len(streams(folder)) for folder in FOLDERS] == [40, 29, 43, 27]


@every_stream
def test_a_file_gives_the_expected_answer(stream: Stream) -> None:
    assert_expected(*tail(stream.path, stream), stream)


@every_stream
def test_live_replayed_and_in_reads_of_any_size_an_answer_is_the_same(
    stream: Stream, tmp_path: Path
) -> None:
    with Wire(whole(stream.path.read_bytes(), *stream.headers)) as wire:
        record = tmp_path / "live"
        live, ran = tail(wire.origin, stream, "-m", "30", "--record", str(record))
        posted, ran_posted = tail(wire.origin, stream, "-m", "30", "--json", "{}")
        assert [request.method for request in wire.requests] == ["GET", "POST"]
    assert_expected(live, ran, stream)
    assert_expected(posted, ran_posted, stream)
    replayed, ran_again = tail(record, stream)
    assert without_times(replayed) == without_times(live) == without_times(posted)
    assert ran_again.code == ran.code
    for size in (1, 7):
        again, ran_again = tail(in_reads_of(size, record, tmp_path / str(size)), stream)
        assert without_times(again) == without_times(live)
        assert ran_again.code == ran.code


@every_stream
def test_the_commands_agree_on_the_error_the_ending_and_the_exit_code(stream: Stream) -> None:
    found, _ = tail(stream.path, stream)
    ending = Ending(found["ending"])
    watched = sse("watch", stream.path, "-o", "jsonl", "--all", *stream.options)
    closed = watched.objects()[-1]
    seen = Ending(closed["ending"])
    checked = sse("check", stream.path, "-o", "json", *stream.options)
    [attempt] = json.loads(checked.out)["streams"][0]["attempts"]
    judged = Ending(attempt["ending"])
    failed = {one["name"] for one in attempt["expectations"] if one["verdict"] == "failed"}

    assert judged is ending
    assert is_same_error(attempt["answer"]["error"], found["error"])
    assert (seen is Ending.ERROR_EVENT) == (ending is Ending.ERROR_EVENT), closed["detail"]
    if ending is Ending.ERROR_EVENT:
        assert attempt["detail"] == found["detail"]
        # A format may know an error in an event before the one that every reader knows.
        assert error_in(closed["detail"]) == error_in(found["detail"])
    # An empty stream is the one ending that a person who watches may find harmless.
    assert (seen in GOOD) == (ending in GOOD) or ending == "empty"
    assert watched.code == (EXIT_CODES[seen] if seen != "empty" else 0)
    # A failure of the stream was judged by `check`, so it is a failed expectation.
    assert ("ending" in failed) == (ending not in GOOD)
    assert checked.code == (1 if failed else 0)
