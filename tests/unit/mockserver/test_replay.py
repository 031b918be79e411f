"""Recordings and raw streams as scenarios, and `sse serve` with them: a client gets the same stream
as the first one."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from sse_cli.mockserver import scenario_library
from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.mockserver.replay import from_signals
from sse_cli.mockserver.request_log import Exchange
from sse_cli.mockserver.scenario_library import RAW_GAP
from sse_cli.mockserver.scenarios.scenario import (
    EVENT_STREAM,
    NDJSON,
    NOTHING_LEFT,
    ReplyEnd,
    Scenario,
)
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Reconnecting, Signal
from sse_cli.recording import writer
from sse_cli.recording.format import Header
from tests.support.broken_server import NUMBERED, broken
from tests.support.permissions import closed_folder
from tests.support.program import Ran, error_and_hint, finish, sse, start

FIRST = b"id: 1\ndata: one\n\n"
SECOND = b"id: 2\ndata: two\n\n"
OPENED = Opened(0.25, "http://h/", 200, headers=(("Content-Type", "text/event-stream"),))


def recorded(*signals: Signal) -> Scenario:
    return from_signals("x", signals)


def closed(ending: Ending, at: float = 1.0) -> Closed:
    return Closed(at, ending)


@contextmanager
def serving(*words: str | Path, note: str = "") -> Iterator[dict[str, str]]:
    """Run `sse serve WORDS` on a free port, and return the URLs by their names."""
    with start("serve", *words, "--port", "0") as run:
        try:
            assert run.stderr
            assert run.stdout
            told: list[bytes] = []
            while not told or b"Ctrl-C stops the server" not in told[-1]:
                told.append(run.stderr.readline())
                assert told[-1], told
            assert b"".join(told[:-1]).decode() == note
            os.set_blocking(run.stdout.fileno(), False)
            lines = run.stdout.read().decode().splitlines()
            yield {urlsplit(line.split()[0]).path[1:]: line.split()[0] for line in lines}
        finally:
            run.terminate()
            finish(run)


# Recordings


def test_the_writes_of_a_recording_wait_as_long_as_they_did() -> None:
    made = recorded(OPENED, Chunk(0.5, FIRST), Chunk(0.75, SECOND), closed(Ending.EOF))
    assert made.wait == 0.25
    assert [(step.delay, step.data) for step in made.steps] == [
        (0.25, FIRST),
        (0.25, SECOND),
        (0.25, b""),
    ]


def test_the_actions_of_the_recorded_client_are_not_replayed() -> None:
    for ending in (Ending.LIMIT, Ending.INTERRUPTED, Ending.DONE):
        made = recorded(OPENED, Chunk(0.5, FIRST), closed(ending))
        assert (made.framing, made.end, len(made.steps)) == ("http", ReplyEnd.COMPLETE, 1)


@pytest.mark.parametrize(
    ("ending", "framing", "then"),
    [
        (Ending.EOF, "http", ReplyEnd.COMPLETE),
        (Ending.EOF_UNVERIFIED, "close", ReplyEnd.CLOSE),
        (Ending.TRUNCATED, "http", ReplyEnd.CLOSE),
        (Ending.MALFORMED, "http", ReplyEnd.GARBLE),
        (Ending.STALLED, "http", ReplyEnd.HOLD),
        (Ending.DEADLINE, "http", ReplyEnd.HOLD),
    ],
)
def test_a_recording_is_served_with_its_ending(
    ending: Ending, framing: str, then: ReplyEnd
) -> None:
    made = recorded(OPENED, Chunk(0.5, FIRST), closed(ending))
    assert (made.framing, made.end) == (framing, then)


@pytest.mark.parametrize(
    ("ending", "then"), [(Ending.UNREACHABLE, ReplyEnd.CLOSE), (Ending.DEADLINE, ReplyEnd.HOLD)]
)
def test_a_server_that_never_replied_does_not_reply(ending: Ending, then: ReplyEnd) -> None:
    made = recorded(closed(ending))
    assert (made.framing, made.end, made.steps) == ("none", then, ())


def test_a_connection_that_was_reset_is_reset_again() -> None:
    made = recorded(OPENED, Chunk(0.5, FIRST), Closed(1.0, Ending.TRUNCATED, "connection reset"))
    assert (made.framing, made.end) == ("http", ReplyEnd.RESET)
    assert recorded(Closed(1.0, Ending.UNREACHABLE, "it was reset")).end is ReplyEnd.RESET


def test_the_head_is_the_streams_own_without_secrets_and_framing() -> None:
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "7"),
        ("Date", "yesterday"),
        ("Retry-After", "2"),
        ("X-Key", "***"),
        ("Access-Control-Allow-Origin", "https://elsewhere.example"),
        ("X-Odd", "a\r\nb: c"),
    )
    opened = Opened(0.0, "http://h/", 429, headers=headers, media="other")
    made = recorded(opened, Closed(0.1, Ending.REFUSED, body=b"{}"))
    assert (made.status, made.content_type, made.body) == (429, "application/json", b"{}")
    assert made.headers == (("Retry-After", "2"),)


def test_a_recorded_file_is_served_by_its_content() -> None:
    for media, kind in (("event-stream", EVENT_STREAM), ("ndjson", NDJSON)):
        made = recorded(Opened(0.0, "f", media=media), closed(Ending.EOF))  # type: ignore[arg-type]
        assert (made.status, made.content_type) == (200, kind)


def test_an_impossible_status_is_an_error() -> None:
    with pytest.raises(UsageError, match="101 is not the status"):
        recorded(Opened(0.0, "h", 101), closed(Ending.REFUSED))


TWO = (
    OPENED,
    Chunk(0.5, FIRST),
    Reconnecting(0.6, 2, 1.0, Ending.TRUNCATED),
    Opened(1.7, "http://h/", 200, attempt=2),
    Chunk(1.8, SECOND),
    closed(Ending.EOF, 1.9),
)


def test_each_connection_resumes_after_the_last_id_of_the_previous_one() -> None:
    made = recorded(*TWO)
    assert (made.body, made.end) == (FIRST, ReplyEnd.CLOSE)
    assert made.resume_after("1").body == SECOND
    assert made.resume_after("1").wait == pytest.approx(0.1)
    assert made.resume_after("2") is NOTHING_LEFT
    assert made.resume_after("other") is made
    assert made.for_connection(1) is made  # a client without an id starts anew


def test_connections_without_ids_take_turns() -> None:
    first, second = b"data: 1\n\n", b"data: 2\n\n"
    opened, _, cut, reopened, _, end = TWO
    made = recorded(opened, Chunk(0.5, first), cut, reopened, Chunk(1.8, second), end)
    bodies = [made.for_connection(number).body for number in range(4)]
    assert bodies == [first, second] * 2


def test_an_incomplete_event_before_a_cut_does_not_keep_the_client_on_that_connection() -> None:
    half = Chunk(0.5, FIRST + b"id: 2\nda")
    assert recorded(TWO[0], half, *TWO[2:]).resume_after("1").body == SECOND


REPLAYED = [
    "cut-before-headers",
    "cut-in-chunk",
    "cut-in-event",
    "reset",
    "reset-before-headers",
    "cut-between-events",
    "cut-without-framing",
    "silence",
    "no-reply",
    "bad-chunk-size",
    "status-429",
    "wrong-content-type",
    "no-content-type",
    "gzip",
    "bom",
    "duplicate-events",
    "length-too-long",
]


def shown(ran: Ran) -> list[dict[str, Any]]:
    return ran.objects("t", "url", "headers", "delay", "detail", "attempt")


@pytest.mark.parametrize("fault", REPLAYED)
def test_a_client_of_a_served_recording_sees_the_recorded_stream(
    fault: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "one.rec")
    words = ("-o", "jsonl", "--all", "--idle-timeout", "300ms")
    with broken(fault) as server:
        first = sse(server.url, *words, "--record", file)
    scenario = scenario_library.from_file(file)
    with running(Server({"one": scenario}, speed=0)) as base:
        again = sse(f"{base}/one", *words)
    assert shown(again) == shown(first)
    assert again.code == first.code
    assert FAULTS[fault].expected.value == shown(again)[-1]["ending"]


def test_a_recording_with_reconnects_is_served_to_a_client_that_reconnects(tmp_path: Path) -> None:
    file = str(tmp_path / "one.rec")
    words = ("-o", "jsonl", "--all", "--reconnect", "--retry-delay", "100ms", "-m", "20")
    with broken("cut-in-chunk", times=1) as server:
        first = sse(server.url, *words, "--record", file)
    with running(Server({"one": scenario_library.from_file(file)}, speed=0)) as base:
        again = sse(f"{base}/one", *words)
    assert shown(again) == shown(first)
    assert [line["kind"] for line in shown(first)].count("reconnecting") == 2


def test_an_incomplete_recording_is_served_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "killed.rec"
    with broken(None) as server:
        sse(server.url, "--record", str(file), "-o", "jsonl")
    file.write_bytes(file.read_bytes()[:-40])
    note = f"note: {file} breaks off: it is served up to there\n"
    with serving(file, "--speed", "0", note=note) as urls:
        ran = sse(urls["killed"], "-o", "jsonl")
    assert (ran.code, len(ran.objects())) == (5, len(NUMBERED.steps))


# Raw streams


def test_a_raw_stream_is_served_one_event_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "my stream.sse"
    file.write_bytes(b"data: 1\r\n\r\n: ping\r\r" + FIRST + b"data: half")
    made = scenario_library.from_file(str(file))
    assert [step.data for step in made.steps] == [
        b"data: 1\r\n\r\n",
        b": ping\r\r",
        FIRST,
        b"data: half",
    ]
    assert [step.delay for step in made.steps] == [0.0, *[RAW_GAP] * 3]
    assert (made.name, made.content_type) == ("my-stream", EVENT_STREAM)


@pytest.mark.parametrize("name", ["lines.ndjson", "lines.jsonl", "lines.NDJSON", "lines.txt"])
def test_json_lines_are_served_as_such(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b'{"a":1}\n{"b":2}')
    made = scenario_library.from_file(str(tmp_path / name))
    assert [step.data for step in made.steps] == [b'{"a":1}\n', b'{"b":2}']
    assert made.content_type == NDJSON


def test_serve_gives_each_scenario_file_and_folder_a_route(tmp_path: Path) -> None:
    folder = tmp_path / "streams"
    folder.mkdir()
    (folder / "one.sse").write_bytes(FIRST)
    (folder / "lines.ndjson").write_bytes(b'{"a":1}\n')
    (folder / "notes.txt").write_bytes(b"no stream")
    (folder / ".hidden.sse").write_bytes(FIRST)
    (folder / "sub.sse").mkdir()
    opened, ended = writer.line_of(OPENED), writer.line_of(closed(Ending.EOF))
    chunk = writer.line_of(Chunk(0.5, SECOND))
    lines = [writer.first_line(Header()), opened, chunk, ended]
    (folder / "kept").write_bytes(b"".join(lines))
    other = tmp_path / "one.sse"
    other.write_bytes(SECOND)
    note = f"note: /one-2 is {other}: /one was taken\n"
    with serving("clock", folder, other, "--speed", "0", note=note) as urls:
        assert list(urls) == ["clock", "kept", "lines", "one", "one-2"]
        assert sse(urls["one"], "-o", "raw").out == FIRST
        assert sse(urls["one-2"], "-o", "raw").out == SECOND
        assert sse(urls["kept"], "-o", "raw").out == SECOND
        assert sse(urls["lines"], "-o", "jsonl").objects("t")[0]["data"] == {"a": 1}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a b.sse", "a-b"),
        ("日本.sse", "stream"),
        ("..sse", "sse"),
        ("....sse", "sse"),
        ("-.sse", "stream"),
        ("x%2f.sse", "x-2f"),
        ("<b>&.sse", "b"),
        ("v1.2_x~.sse", "v1.2_x~"),
    ],
)
def test_the_name_of_a_route_is_one_segment_of_a_path(file: str, name: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(FIRST)
    assert scenario_library.from_file(str(tmp_path / file)).name == name


def test_a_file_name_with_control_characters_is_printed_escaped(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\u202e.sse"
    file.write_bytes(FIRST)
    made = scenario_library.from_file(str(file))
    assert "\\x1b" in made.description
    assert made.description.isprintable()


# How it plays


def test_a_loop_repeats_for_ever_with_the_same_ids(tmp_path: Path) -> None:
    file = tmp_path / "one.sse"
    file.write_bytes(FIRST + SECOND)
    with serving(file, "--loop", "--speed", "0") as urls:
        lines = sse(urls["one"], "-n", "7", "-o", "jsonl").objects()
        resumed = sse(urls["one"], "-n", "3", "-o", "jsonl", "--last-event-id", "1").objects()
        end = sse(urls["one"], "-n", "1", "-o", "jsonl", "--last-event-id", "2").objects()
    assert [line["id"] for line in lines] == [*"1212121"]
    assert [line["id"] for line in resumed] == [*"212"]
    assert [line["id"] for line in end] == ["1"]


def test_a_refused_reply_and_an_empty_stream_are_not_repeated() -> None:
    refused = recorded(Opened(0.0, "h", 503, media="other"), Closed(0.1, Ending.REFUSED, body=b"x"))
    empty = Scenario.of("empty", [(0.0, b"")])
    for scenario in (refused, empty):
        assert scenario.looped() is scenario


def test_a_loop_plays_all_connections_of_a_recording_as_one() -> None:
    made = recorded(*TWO).looped()
    assert made.body == FIRST + SECOND
    assert made.repeated == made.steps
    assert made.resume_after("1").body == SECOND
    assert made.resume_after("2").repeated == made.steps


@pytest.mark.parametrize(
    ("cut", "writes"),
    [
        ("7", [b"id: 1\nd", b"ata: on", b"e\n\nid: ", b"2\ndata:", b" two\n\n"]),
        ("1000", [FIRST + SECOND]),
        ("event", [FIRST, SECOND]),
        ("whole", [FIRST + SECOND]),
    ],
)
def test_chunk_sets_the_size_of_writes(cut: str, writes: list[bytes], tmp_path: Path) -> None:
    file = tmp_path / "one.sse"
    file.write_bytes(FIRST + SECOND)
    with serving(file, "--chunk", cut, "--speed", "0") as urls:
        address = urlsplit(urls["one"])
        with socket.create_connection((address.hostname, address.port), timeout=20) as peer:
            peer.sendall(b"GET /one HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            reply = b"".join(iter(lambda: peer.recv(65536), b""))
        resumed = sse(urls["one"], "-o", "raw", "--last-event-id", "1").out
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in [*writes, b""])
    assert reply.partition(b"\r\n\r\n")[2] == chunks
    assert resumed == SECOND


# The request log


def test_the_request_log_gets_an_object_for_each_request_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    for _ in range(2):  # the second run appends
        with serving("clock", "--journal", file, "--speed", "0", "--fault", "reset") as urls:
            words = ("--bearer", "sk-secret", "--json", '{"key":"sk-secret"}')
            sse(f"{urls['clock']}/v1?key=sk-secret", *words, "--last-event-id", "3")
            sse(urls["clock"].replace("clock", "nothing"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text("ascii")
    assert "sk-secret" not in text
    first, second, *again = map(json.loads, text.splitlines())
    assert len(again) == 2
    assert (first["method"], first["target"]) == ("POST", "/clock/v1?key=***")
    assert ["authorization", "***"] in [[name.lower(), value] for name, value in first["headers"]]
    assert (first["last_event_id"], first["body_bytes"]) == ("3", 19)
    assert (first["route"], first["fault"], first["complete"]) == ("clock", "reset", True)
    assert (second["route"], second["fault"], second["status"]) == (None, None, 404)
    assert second["sent_bytes"] > 0
    assert first["seconds"] >= 0
    assert first["started"].endswith("Z")


NO_HTTP: Final[list[Any]] = [None, None, []]
# Bytes to send; the status of the answer; method, target and headers in the request log.
UNREAD: Final[list[tuple[bytes, int, list[Any]]]] = [
    (b"hello sk-secret\r\n\r\n", 400, NO_HTTP),
    (b"\x16\x03\x01\x02\x00\x01\x00sk-secret\r\n\r\n", 400, NO_HTTP),
    (
        b"GET /clock?key=sk-secret HTTP/1.1\r\nX-Key: sk-secret\r\nTE: x\r\n\r\nA: b",  # no Host
        400, ["GET", "/clock?key=***", [["X-Key", "***"], ["TE", "x"]]],
    ),
    (
        b"GET /clock HTTP/1.1\r\nHost: localhost\r\nX-Key: sk-secret" + b"x" * 70_000 + b"\r\n\r\n",
        431, ["GET", "/clock", [["Host", "localhost"]]],
    ),
    (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        413, ["POST", "/", [["Host", "localhost"], ["Content-Length", "99999999"]]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "status", "known"), UNREAD)
def test_the_request_log_has_the_known_parts_of_an_invalid_request(
    sent: bytes, status: int, known: list[Any], tmp_path: Path
) -> None:
    file = tmp_path / "journal.jsonl"
    with serving("clock", "--journal", file) as urls:
        place = urlsplit(urls["clock"])
        with socket.create_connection((place.hostname, place.port), 30) as peer:
            peer.sendall(sent)
            reply = b"".join(iter(lambda: peer.recv(65536), b""))
    text = file.read_text("ascii")
    assert "sk-secret" not in text
    (line,) = map(json.loads, text.splitlines())
    assert [line["method"], line["target"], line["headers"]] == known
    assert (line["status"], line["route"], line["complete"]) == (status, None, True)
    assert reply.startswith(b"HTTP/1.1 %d " % status)
    assert line["sent_bytes"] == len(reply.partition(b"\r\n\r\n")[2])


def test_an_invalid_request_after_a_valid_one_is_logged_separately() -> None:
    journal: list[Exchange] = []
    server = Server({"numbered": NUMBERED}, exchanges=journal)
    first = b"POST /numbered HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"
    with running(server) as base:
        place = urlsplit(base)
        with socket.create_connection((place.hostname, place.port), 30) as peer:
            peer.sendall(first + b"GET /next HTTP/1.1\r\nLast-Event-ID: 3\r\n\r\n")  # no Host
            assert b"".join(iter(lambda: peer.recv(65536), b"")).count(b"HTTP/1.1 ") == 2
    assert [(one.method, one.target, one.body, one.status) for one in journal] == [
        ("POST", "/numbered", b"hi", 200),
        ("GET", "/next", b"", 400),
    ]
    assert journal[1].last_event_id == b"3"


def test_a_reply_abandoned_by_the_client_is_not_complete(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with serving("clock", "--journal", file, "--loop") as urls:
        sse(urls["clock"], "-n", "2", "-o", "jsonl")
    (line,) = map(json.loads, file.read_text().splitlines())
    assert (line["status"], line["complete"]) == (200, False)


def test_an_unwritable_request_log_ends_the_server() -> None:
    with start("serve", "clock", "--port", "0", "--speed", "0", "--journal", "/dev/full") as run:
        assert run.stdout
        url = run.stdout.readline().decode().split()[0]
        sse(url, "-o", "jsonl")
        ran = finish(run)
    assert ran.code == 7
    assert "can't write the journal /dev/full" in ran.talk


# Bad input


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["empty"], "empty holds no streams", ".sse, .ndjson, .jsonl and recordings"),
        (["no.sse"], "no such file: no.sse", "sse serve"),
        (["./clock"], "no such file: ./clock", "sse serve"),
        (["colck"], "no scenario is called 'colck', and no file or folder", "clock"),
        (["newer.rec"], "made by a newer sse: version 3", "upgrade"),
        (["bad.rec"], "bad.rec: line 2, column", ""),
        (["pipe"], "pipe is not a regular file", "folder"),
        (
            ["clock", "--chunk", "many"],
            "invalid chunk size 'many'",
            "a number of bytes, event or whole",
        ),
        (["clock", "--chunk", "0"], "invalid chunk size '0'", "event or whole"),
        (["clock", "--chunk", "-3"], "invalid chunk size '-3'", "event or whole"),
        (["clock", "--cors", "example.com"], "invalid CORS origin 'example.com'", "scheme://"),
        (
            ["clock", "--cors", "https://e.com/"],
            "invalid CORS origin 'https://e.com/'",
            "without a path",
        ),
        (["clock", "--cors", ""], "invalid CORS origin ''", "* for all"),
        (["clock", "--host", "0.0.0.0"], "loopback only, not on 0.0.0.0", "--allow-remote"),
        (
            ["clock", "--host", "192.0.2.1", "--allow-remote"],
            "192.0.2.1 is not an address",
            "ip address",
        ),
        (["clock", "--journal", "empty"], "can't write the journal empty", "another file"),
        (["clock", "--journal", "no/j"], "can't write the journal no/j", "another file"),
        (["clock", "--fault", "rest"], "no fault is called 'rest'", "reset"),
        (["clock", "--times", "2"], "--times limits --fault", "--list-faults"),
    ],
)
def test_invalid_arguments_of_serve_are_errors_with_hints(
    words: list[str], message: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "newer.rec").write_text('{"sse-recording":3}\n')
    (tmp_path / "bad.rec").write_text('{"sse-recording":1}\n[0,"opne",{}]\n')
    os.mkfifo(tmp_path / "pipe")
    ran = sse("serve", *words, "--port", "0", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, b"")
    error, advice = error_and_hint(ran)
    assert message in error
    assert hint in advice


def test_a_folder_that_can_only_be_listed_has_no_streams() -> None:
    with tempfile.TemporaryDirectory() as name:  # the user nobody can't reach `tmp_path`
        folder = Path(name)
        (folder / "one.sse").write_bytes(FIRST)
        with closed_folder(folder, 0o444), pytest.raises(UsageError) as caught:
            list(scenario_library._files(name))  # nobody may not reach the package either
    assert caught.value.message == f"{name} holds no streams"


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.sse"  # a link to itself: even root can't read it
    loop.symlink_to(loop)
    ran = sse("serve", loop, "--port", "0")
    assert ran.code == 2
    assert error_and_hint(ran)[0].startswith(f"can't read {loop}: ")


def test_a_file_too_large_to_be_served_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "large.sse"
    file.touch()
    os.truncate(file, scenario_library.LARGEST + 1)
    with pytest.raises(UsageError, match="too large"):
        scenario_library.from_file(str(file))
