"""The targets of the command line, and the signals of files and standard input."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sse_cli.cli.target_settings import kind_of
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Signal
from sse_cli.request.model import Request
from sse_cli.sources import files, network
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.clock import RunClock
from tests.support.listener import PATIENCE
from tests.support.permissions import closed_folder
from tests.support.replies import STREAM, head, whole
from tests.support.signals import body, chunks, closed, opened, without_phases
from tests.support.wire import Wire

EVENT = b"data: one\n\n"
LINE = b'{"a":1}\n'
COMMANDS = ("watch", "demo", "serve")


# Targets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("watch", "example.com", "localhost", "log.sse", "a:b"):
        (tmp_path / name).write_bytes(EVENT)
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("-", "stdin"),
        ("https://example.com", "url"),
        ("ftp://example.com", "url"),
        ("://", "url"),
        # A path that exists, whatever it resembles
        ("watch", "file"),
        ("example.com", "file"),
        ("localhost", "file"),
        ("log.sse", "file"),
        ("a:b", "file"),
        ("./sub", "file"),
        (".", "file"),
        # Words that look like a host
        ("LOCALHOST", "url"),
        ("127.0.0.1", "url"),
        ("::1", "url"),
        ("[::1]:8080/x", "url"),
        ("example.org", "url"),
        ("localhost:8000", "url"),
        ("host/path", "url"),
        ("api.example.org/stream.json", "url"),
        ("docs.md", "url"),
        ("example.org/" + "x" * 5000, "url"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_target_is_read_in_the_documented_order(target: str, kind: str) -> None:
    assert kind_of(target, COMMANDS) == kind


@pytest.mark.parametrize(
    "target",
    [
        "./gone",
        "../gone.example.com",
        "/gone/x",
        "~/gone",
        "x.sse",
        "x.ndjson",
        "x.jsonl",
        "x.toml",
        "answer.json",
        "failed.HAR",
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_missing_path_is_reported_as_no_such_file(target: str) -> None:
    with pytest.raises(UsageError, match="no such file: ") as caught:
        kind_of(target, COMMANDS)
    assert target in caught.value.message


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("wacth", "did you mean 'watch'?"),
        ("dmeo", "did you mean 'demo'?"),
        ("qqqq", "sse --help lists the commands"),
        ("", "sse --help lists the commands"),
        ("x" * 5000, "sse --help lists the commands"),
        ("\0", "sse --help lists the commands"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_any_other_word_is_refused_and_may_suggest_a_command(target: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is not a command, file or URL") as caught:
        kind_of(target, COMMANDS)
    assert caught.value.hint == hint


# Files


def read(path: Path, reading: Reading | None = None) -> list[Signal]:
    return list(files.from_file(str(path), reading or Reading()))


def test_a_file_is_one_clean_stream_without_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "log.sse"
    path.write_bytes(EVENT * 20_000)
    signals = read(path)
    assert opened(signals) == Opened(0.0, str(path))
    assert body(signals) == EVENT * 20_000
    assert max(map(len, chunks(signals))) <= files.READ_SIZE
    assert {signal.at for signal in signals} == {0.0}
    assert closed(signals).ending is Ending.EOF


@pytest.mark.parametrize(
    ("start", "reading", "media"),
    [
        (EVENT, Reading(), "event-stream"),
        (LINE, Reading(), "ndjson"),
        (b"", Reading(), "event-stream"),
        (EVENT, Reading(ndjson=True), "ndjson"),
    ],
)
def test_the_content_of_a_file_decides_how_it_is_read(
    start: bytes, reading: Reading, media: str, tmp_path: Path
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(start)
    assert opened(read(path, reading)).media == media


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "is a directory"), ("gone", "no such file or directory"), ("x" * 300, "too long")],
)
def test_an_unreadable_file_is_named(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        files.from_file(str(tmp_path / name), Reading())
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "closed" / "log.sse"
    path.parent.mkdir()
    with closed_folder(path.parent):
        assert kind_of(str(path)) == "file"
        with pytest.raises(UsageError) as caught:
            files.from_file(str(path), Reading())
    assert caught.value.message == f"can't read {path}: permission denied"


def test_a_failed_read_ends_as_truncated_and_says_why() -> None:
    path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("this system has no file that fails to be read")
    end = closed(read(path))
    assert end.ending is Ending.TRUNCATED
    assert end.detail == f"reading {path} failed: {os.strerror(errno.EIO).lower()}"


def test_a_named_pipe_is_read_as_it_arrives(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    gate = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(EVENT)
            assert gate.wait(PATIENCE)
            pipe.write(b"data: two\n\n")

    thread = threading.Thread(target=write)
    thread.start()
    signals = files.from_file(str(path), Reading())
    assert isinstance(next(signals), Opened)
    first = next(signals)
    gate.set()
    second, end = signals
    thread.join()
    assert isinstance(first, Chunk)
    assert first.data == EVENT
    assert isinstance(second, Chunk)
    assert isinstance(end, Closed)
    assert 0 < first.at < second.at < end.at


def test_every_file_is_closed_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log.sse"
    path.write_bytes(EVENT)
    before = os.open(path, os.O_RDONLY)
    os.close(before)
    read(path)
    signals = files.from_file(str(path), Reading())
    next(signals)
    signals.close()  # type: ignore[attr-defined]  # a generator's
    after = os.open(path, os.O_RDONLY)  # the lowest free number
    os.close(after)
    assert after == before


# Standard input


def test_standard_input_is_read_as_it_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        signals = files.from_stdin(Reading(), RunClock())
        os.write(writer, EVENT)
        first = [next(signals), next(signals)]
        os.write(writer, b"data: two\n\n")
        second = next(signals)
        os.close(writer)
        end = next(signals)
    assert opened(first).url == "standard input"
    assert chunks([*first, second]) == [EVENT, b"data: two\n\n"]
    assert isinstance(end, Closed)
    assert end.ending is Ending.EOF
    assert 0 < first[1].at < second.at < end.at


def test_an_event_on_standard_input_is_printed_before_the_input_ends() -> None:
    command = [sys.executable, "-m", "sse_cli", "watch", "-", "-o", "text"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(EVENT)
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        process.stdin.write(b"data: two\n\n")
        process.stdin.close()
        assert process.stdout.read() == b"two\n"
    assert process.returncode == 0


def test_json_lines_on_standard_input_are_recognised_by_content(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.write(writer, LINE)
    os.close(writer)
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        signals = list(files.from_stdin(Reading(), RunClock()))
    assert opened(signals).media == "ndjson"


def test_closed_standard_input_is_reported() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m sse_cli watch - <&-', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "error: standard input is closed" in done.stderr
    assert "hint: " in done.stderr


def test_missing_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        files.from_stdin(Reading(), RunClock())


# URLs


@pytest.mark.parametrize(
    ("reading", "kind", "media"),
    [
        (Reading(), STREAM, "event-stream"),
        (Reading(any_type=True), "Content-Type: text/html", "any"),
        (Reading(), "Content-Type: application/x-ndjson", "ndjson"),
        (Reading(ndjson=True), "Content-Type: text/plain", "ndjson"),
        (Reading(), "Content-Type: text/html", "other"),
    ],
)
def test_a_url_is_read_by_its_content_type_or_as_requested(
    reading: Reading, kind: str, media: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with Wire(whole(EVENT, kind)) as server:
        source = network.from_url(Request(server.origin), reading, RunClock())
        signals = list(without_phases(source))
    assert opened(signals).media == media
    assert body(signals) == EVENT


def test_a_reply_without_a_content_type_is_refused_but_read_on_request() -> None:
    with Wire(head("Content-Length: 11") + EVENT) as server:
        for reading, ending in ((Reading(), Ending.REFUSED), (Reading(any_type=True), Ending.EOF)):
            request = Request(server.origin, proxy="")
            signals = list(network.from_url(request, reading, RunClock()))
            assert closed(signals).ending is ending
