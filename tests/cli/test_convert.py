"""`sse convert`: the same events in each form."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path

import pytest

from sse_cli.convert.har import archive
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.events import Chunk, Closed, Ending, Message, Opened, Reconnecting, Signal
from sse_cli.parser.session import Session
from sse_cli.recording import reader
from sse_cli.recording.format import Header
from tests.support.broken_server import broken
from tests.support.fault_matrix import RECONNECT
from tests.support.program import Ran, error_and_hint, sse
from tests.support.recordings import written

STREAM = (
    b'\xef\xbb\xbf: hi\nid: 1\ndata: {"a": "\xc3\xa9\xff"}\n\nevent: x\r\ndata: 2\r\n\r\ndata: cut'
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A recording of `STREAM`, cut within a character."""
    file = tmp_path / "it.rec"
    steps = [(0.001, STREAM[:25]), (0.001, STREAM[25:])]
    with running(Server({"it": Scenario.of("it", steps)})) as url:
        assert sse(f"{url}/it?key=hidden", "--record", file, "-H", "X-Key: hidden").code == 5
    return file


def converted(file: Path, form: str) -> Ran:
    ran = sse("convert", file, "--to", form)
    assert (ran.code, ran.err) == (0, b"")
    return ran


def test_sse_is_the_body_byte_for_byte(kept: Path) -> None:
    assert converted(kept, "sse").out == STREAM


def test_jsonl_is_the_output_of_watch(kept: Path) -> None:
    assert converted(kept, "jsonl").out == sse(kept, "-o", "jsonl", "--all").out


def test_a_cassette_of_a_recording_is_the_recording(kept: Path) -> None:
    assert converted(kept, "cassette").out == kept.read_bytes()


@pytest.mark.parametrize("name", ["it.sse", "-"])
def test_a_raw_stream_becomes_a_cassette(name: str, tmp_path: Path) -> None:
    (tmp_path / "it.sse").write_bytes(STREAM)
    target = name if name == "-" else tmp_path / name
    ran = sse("convert", target, "--to", "cassette", stdin=STREAM)
    found = reader.read([ran.out], "it")
    assert b"".join(one.data for one in found.signals if isinstance(one, Chunk)) == STREAM


def test_a_har_has_request_reply_and_events_but_no_secrets(kept: Path) -> None:
    text = converted(kept, "har").text
    assert "hidden" not in text
    log = json.loads(text)["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "sse-cli")
    (entry,) = log["entries"]
    assert entry["request"]["url"].endswith("/it?key=***")
    assert entry["request"]["queryString"] == [{"name": "key", "value": "***"}]
    assert {"name": "X-Key", "value": "***"} in entry["request"]["headers"]
    reply = entry["response"]
    assert (reply["status"], reply["statusText"], reply["httpVersion"]) == (200, "OK", "HTTP/1.1")
    assert reply["content"] == {
        "size": len(STREAM),
        "mimeType": "text/event-stream; charset=utf-8",
        "text": b64encode(STREAM).decode(),
        "encoding": "base64",
    }
    assert entry["comment"].startswith("truncated: ")
    assert [
        (event["eventName"], event["eventId"], event["data"])
        for event in entry["_eventSourceMessages"]
    ] == [("message", "1", '{"a": "é\ufffd"}'), ("x", "1", "2")]
    begun = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
    for event in entry["_eventSourceMessages"]:
        assert begun - 0.001 <= event["time"] <= begun + entry["time"] / 1000 + 0.001
    # HAR 1.2: `time` is the sum of the timings, all in milliseconds.
    assert sum(entry["timings"].values()) == pytest.approx(entry["time"], abs=0.01)


def test_a_har_has_one_entry_per_connection(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    with broken("cut-in-chunk", 1) as server:
        sse(server.url, *RECONNECT, "--record", file)
    entries = json.loads(converted(file, "har").text)["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [200, 200, 204]
    ids = [event["eventId"] for entry in entries for event in entry["_eventSourceMessages"]]
    assert ids == ["1", "2", "3", "4", "5", "6"]
    starts = [entry["startedDateTime"] for entry in entries]
    assert starts == sorted(starts)
    assert [entry["comment"].split(":")[0] for entry in entries] == ["truncated", "eof", "done"]


def test_a_har_of_a_failed_connection_has_status_0() -> None:
    signals: list[Signal] = [Closed(0.1, Ending.UNREACHABLE, "nothing listens")]
    header = Header(started="2026-01-01T00:00:00Z")
    (entry,) = archive(header, signals, Session())["log"]["entries"]
    assert entry["response"]["status"] == 0
    assert entry["comment"] == "unreachable: nothing listens"
    assert entry["startedDateTime"] == "2026-01-01T00:00:00.000Z"


def events(signals: list[Signal]) -> list[tuple[str, str, str]]:
    session = Session()
    found = [event for signal in signals for event in session.feed(signal)]
    return [
        (event.type, event.last_event_id, event.data)
        for event in found
        if isinstance(event, Message)
    ]


BODIES = {
    "a cut inside an event": (b"id: 1\ndata: a\n\ndata: ha", b"data: b\n\n"),
    "a cut after a comment": (b"data: a\n\n: hi\n", b"data: b\n\n"),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", b"\xef\xbb\xbfdata: b\n\n"),
    "no event at all": (b": hi\n\ndata: ha", b"data: b\n\n"),
    "CRLF": (b"data: a\r\n\r\n", b"data: b\r\n\r\n"),
}


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_several_connections_become_one_stream_with_the_same_events(
    name: str, size: int, tmp_path: Path
) -> None:
    first, second = BODIES[name]
    signals: list[Signal] = [
        Opened(0.0, "http://h/", 200),
        *(Chunk(0.1, first[at : at + size]) for at in range(0, len(first), size)),
        Reconnecting(0.2, 2, 0.1, Ending.TRUNCATED),
        Opened(0.3, "http://h/", 200, attempt=2),
        *(Chunk(0.4, second[at : at + size]) for at in range(0, len(second), size)),
        Closed(0.5, Ending.EOF),
    ]
    file = tmp_path / "it.rec"
    file.write_bytes(written(signals))
    body = converted(file, "sse").out
    one: list[Signal] = [Opened(0.0, "x"), Chunk(0.0, body), Closed(0.0, Ending.EOF)]
    assert events(one) == events(signals) != []


def test_a_refused_reply_is_left_out_of_the_stream(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    with broken("status-503") as server:
        sse(server.url, "--record", file)
    assert converted(file, "sse").out == b""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["http://h/", "--to", "har"], "convert reads a file"),
        (["no.rec", "--to", "har"], "can't read no.rec"),
        (["it.rec", "--to", "pdf"], "pdf"),
        (["it.rec"], "missing option"),
    ],
)
def test_a_failed_conversion_is_reported(words: list[str], message: str) -> None:
    ran = sse("convert", *words)
    assert ran.code == 2
    assert message in error_and_hint(ran)[0].lower()
