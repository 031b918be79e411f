"""Recordings: a replay shows the same as the live run, whatever happened to the stream or the
writer."""

from __future__ import annotations

import json
import random
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.cli.hints import hint_of
from sse_cli.llm import wire_format
from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import EVENT_STREAM, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.causes import Cause
from sse_cli.model.errors import OutputError, UsageError
from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Message,
    Opened,
    Phase,
    PhaseName,
    Reconnecting,
    Signal,
)
from sse_cli.parser.session import Session
from sse_cli.recording import reader, writer
from sse_cli.recording.writer import Recorder, header_of
from sse_cli.request.model import Request
from tests.support import long_runs
from tests.support.broken_server import NUMBERED, broken
from tests.support.fault_matrix import LARGE, MATRIX, RECONNECT
from tests.support.paths import FORMATS as CORPUS
from tests.support.paths import ROOT
from tests.support.process import PIPE
from tests.support.program import Ran, error_and_hint, finish, sse, start
from tests.support.recordings import written

STREAMS = sorted(path for path in CORPUS.iterdir() if path.suffix in (".sse", ".ndjson"))


# The file

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.floats(0, 1e6, allow_nan=False).map(lambda seconds: round(seconds, 6))
HEADERS = st.lists(st.tuples(st.sampled_from(["Content-Type", "Age", "Via"]), TEXTS)).map(tuple)
ENDINGS = st.sampled_from(Ending)
MEDIA = st.sampled_from(["event-stream", "ndjson", "other"])
OPENED = st.builds(
    Opened,
    TIMES,
    st.just("http://h/"),
    st.integers(100, 999),
    TEXTS,
    TEXTS,
    HEADERS,
    MEDIA,
    attempt=st.integers(1, 99),
)
COUNTS = st.integers(0, 2**53 - 1)
BYTES = st.binary(max_size=200) | TEXTS.map(str.encode)
CHUNKS = st.builds(Chunk, TIMES, BYTES, COUNTS, COUNTS)
PHASES = st.builds(Phase, TIMES, st.sampled_from(get_args(PhaseName)), TEXTS)
RECONNECTS = st.builds(Reconnecting, TIMES, st.integers(2, 99), TIMES, ENDINGS, TEXTS)
CLOSED = st.builds(
    Closed,
    TIMES,
    ENDINGS,
    TEXTS,
    TEXTS,
    st.just(b""),
    fatal=st.booleans(),
    trailers=HEADERS,
    head=st.lists(TEXTS).map(tuple),
)


@st.composite
def runs(draw: st.DrawFn) -> list[Signal]:
    """Draw any signals in order of time, the first an `Opened`, the last a `Closed`."""
    middle = draw(st.lists(CHUNKS | RECONNECTS | OPENED | PHASES, max_size=8))
    signals: list[Signal] = [draw(OPENED), *middle, draw(CLOSED)]
    times = sorted(signal.at for signal in signals)
    return [restamped(signal, at) for signal, at in zip(signals, times, strict=True)]


def restamped(signal: Signal, at: float) -> Signal:
    return signal._replace(at=at)


def read(*pieces: bytes) -> list[Signal]:
    return [*reader.read(pieces, "it.rec").signals]


@given(runs(), st.integers(1, 40))
def test_signals_come_back_as_they_were_however_the_file_is_cut(
    signals: list[Signal], size: int
) -> None:
    file = written(signals)
    assert file.isascii()
    pieces = [file[at : at + size] for at in range(0, len(file), size)]
    assert read(*pieces) == signals


@given(runs(), st.data())
def test_a_file_cut_at_any_byte_keeps_every_whole_line(
    signals: list[Signal], data: st.DataObject
) -> None:
    file = written(signals)
    first = len(writer.first_line(header_of()))
    size = data.draw(st.integers(first, len(file) - 1))
    whole = file[:size].count(b"\n") - 1
    *kept, end = read(file[:size])
    # A line that lacks only its line feed is whole, too.
    assert kept[:whole] == signals[:whole]
    assert len(kept) - whole in (0, 1)
    if signals[: len(kept) + 1] != [*kept, end]:
        assert isinstance(end, Closed)
        assert end.ending is Ending.TRUNCATED
        assert end.detail.startswith(reader.BREAKS_OFF)


def test_a_cause_is_stored_by_name_under_the_key_of_the_first_version() -> None:
    closed = Closed(0.5, Ending.STALLED, "no byte came for 2 s", Cause.IDLE_TIMEOUT)
    line = writer.line_of(closed)
    assert json.loads(line)[2]["hint"] == "idle-timeout"
    assert read(writer.first_line(header_of()), line) == [closed]


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ({"hint": "idle-timeout"}, hint_of(Cause.IDLE_TIMEOUT)),
        ({"hint": "the server hangs; raise the limit"}, "the server hangs; raise the limit"),
        ({"hint": "a cause of tomorrow"}, "a cause of tomorrow"),
        ({"hint": ""}, hint_of(Cause.MALFORMED)),
        ({}, hint_of(Cause.MALFORMED)),
    ],
)
def test_a_recording_shows_the_hint_of_its_cause_and_an_older_one_its_stored_hint(
    tmp_path: Path, kept: dict[str, str], shown: str
) -> None:
    file = tmp_path / "it.rec"
    close = json.dumps([0.5, "close", {"ending": "malformed", "detail": "it broke", **kept}])
    opened = writer.line_of(Opened(0.0, "http://h/", 200))
    file.write_bytes(writer.first_line(header_of()) + opened + close.encode() + b"\n")
    ran = sse(file)
    assert (ran.code, *error_and_hint(ran)) == (5, "it broke", shown)


def test_bytes_that_are_not_utf_8_are_stored_in_base64() -> None:
    chunk = Chunk(0.5, b"data: \xff\xf0\x9f")
    assert writer.line_of(chunk) == b'[0.5,"chunk64","ZGF0YTog//Cf"]\n'
    assert writer.line_of(Chunk(0.5, "é".encode())) == b'[0.5,"chunk","\\u00e9"]\n'


def test_a_request_is_stored_without_its_secrets(tmp_path: Path) -> None:
    headers = (("Authorization", "Bearer hidden"), ("Accept", "text/event-stream"))
    request = Request("http://h/?key=hidden", "POST", headers, b"hidden")
    file = tmp_path / "it.rec"
    with Recorder(str(file), header_of(request, "7")) as recorder:
        recorder.signal(Closed(0.0, Ending.EOF))
    assert "hidden" not in file.read_text()
    found = reader.open_file(str(file))
    assert found.header.last_event_id == "7"
    assert found.header.request == {
        "method": "POST",
        "url": "http://h/?key=***",
        "headers": [["Authorization", "***"], ["Accept", "text/event-stream"]],
        "body_bytes": 6,
    }
    assert [*found.signals] == [Closed(0.0, Ending.EOF)]


def test_only_the_owner_can_read_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    file.touch(mode=0o666)
    for force in (True, False):
        with Recorder(str(file), header_of(), force=force) as recorder:
            recorder.signal(Closed(0.0, Ending.EOF))
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.unlink()


def test_a_file_is_overwritten_only_with_force(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    file.write_text("dear to somebody, and longer than the first line of any recording" * 9)
    before = file.read_text()
    with pytest.raises(UsageError, match="already exists") as raised:
        Recorder(str(file), header_of()).start()
    assert raised.value.hint == Cause.FILE_EXISTS
    assert file.read_text() == before
    with Recorder(str(file), header_of(), force=True) as recorder:
        recorder.signal(Closed(0.0, Ending.EOF))
    assert reader.is_recording(file.read_bytes())
    assert "dear" not in file.read_text()


def test_a_run_that_never_began_leaves_no_file(tmp_path: Path) -> None:
    file, bad = tmp_path / "it.rec", tmp_path / "bad.pem"
    bad.write_text("no certificate")
    ran = sse("https://127.0.0.1:1/", "--cacert", bad, "--record", file)
    assert ran.code == 2
    assert not file.exists()


def test_a_full_disk_is_reported() -> None:
    with pytest.raises(OutputError, match="no space left"):
        Recorder("/dev/full", header_of(), force=True).start()
    with running(Server({"clock": bundled.load("clock")}, speed=0)) as url:
        ran = sse(f"{url}/clock", "--record", "/dev/full", "--force")
    assert ran.code == 7
    assert "can't write the recording /dev/full" in error_and_hint(ran)[0]


# Files that are not recordings

CLOSE = b'[1,"close",{"ending":"eof"}]\n'
BAD = {
    b'{"sse-recording":3}\n': "was made by a newer sse: version 3",
    b'{"sse-recording":0}\n': "line 1, column 2: sse-recording has an invalid value",
    b'{"sse-recording":2}\n[0,"open",{},1]\n': "more than a chunk's read",
    b'{"sse-recording":2}\n[0,"chunk","x",1,2,3]\n': "more than a chunk's read",
    b'{"sse-recording":2}\n[0,"chunk","x","1"]\n': "more than a chunk's read",
    b'{"sse-recording":2}\n[0,"phase",{"name":"nap"}]\n': "name has an invalid value",
    b'{"sse-recording":"1"}\n': "line 1, column 2: sse-recording has an invalid value",
    b'{"sse-recording":1,"startde":""}\n': (
        "line 1, column 20: unknown key in the header: 'startde'",
        "did you mean 'started'?",
    ),
    b'{"sse-recording":1,"request":{"urll":""}}\n': (
        "line 1, column 31: unknown key in request: 'urll'",
        "did you mean 'url'?",
    ),
    b'{"sse-recording":1\n' + CLOSE: "line 1, column 19: not a recording",
    b'{"sse-recording":1}\n[0,"opne",{}]\n': (
        "line 2, column 4: unknown kind of signal: 'opne'",
        "did you mean 'open'?",
    ),
    b'{"sse-recording":1}\n[0,"open",{"statsu":200}]\n': (
        "line 2, column 12: unknown key in open: 'statsu'",
        "did you mean 'status'?",
    ),
    b'{"sse-recording":1}\n[0,"open",{"status":"200"}]\n': "line 2, column 12: status has an",
    b'{"sse-recording":1}\n[0,"open",{"headers":{"a":"b"}}]\n': "headers has an invalid value",
    b'{"sse-recording":1}\n[0,"open",{"media":"video"}]\n': "media has an invalid value",
    b'{"sse-recording":1}\n[0,"chunk","x"]\n': "line 2, column 1: a chunk before the first open",
    b'{"sse-recording":1}\n[0,"chunk",{}]\n': "line 2, column 4: a chunk must be a string",
    b'{"sse-recording":1}\n[0,"chunk64","*"]\n': "line 2, column 4: a chunk64 must be base64",
    b'{"sse-recording":1}\n[NaN,"chunk","x"]\n': "its time is not a number of seconds",
    b'{"sse-recording":1}\n[-1,"chunk","x"]\n': "its time is not a number of seconds",
    b'{"sse-recording":1}\n[true,"chunk","x"]\n': "its time is not a number of seconds",
    b'{"sse-recording":1}\n{"a":1}\n': 'not [seconds, "kind", value]',
    b'{"sse-recording":1}\n[0,["chunk"],"x"]\n': "unknown kind of signal",
    b'{"sse-recording":1}\noops\n' + CLOSE: "line 2, column 1: not valid JSON",
    b'{"sse-recording":1}\n[0,"close",{"ending":"eoff"}]\n': (
        "line 2, column 22: unknown ending: 'eoff'",
        "did you mean 'eof'?",
    ),
    b'{"sse-recording":1}\n' + b"[" * 100_000 + b"\n" + CLOSE: "line 2, column 1: not valid JSON",
}


@pytest.mark.parametrize("file", BAD, ids=range(len(BAD)))
def test_an_invalid_line_is_reported_with_its_column(file: bytes) -> None:
    expected = BAD[file]
    message, hint = expected if isinstance(expected, tuple) else (expected, "")
    with pytest.raises(UsageError) as raised:
        read(file)
    assert message in raised.value.message
    assert hint in raised.value.hint


@given(st.binary(max_size=100))
def test_no_file_crashes_the_reader(rest: bytes) -> None:
    try:
        signals = read(b'{"sse-recording":1}\n[0,"open",{}]\n' + rest)
    except UsageError:
        return
    assert isinstance(signals[-1], Closed)


def test_an_invalid_recording_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    file.write_bytes(b'{"sse-recording":1}\n[0,"opne",{}]\n')
    for words in ([file], ["tail", file], ["convert", file, "--to", "jsonl"]):
        ran = sse(*words)
        assert ran.code == 2
        message, hint = error_and_hint(ran)
        assert message == f"{file}: line 2, column 4: unknown kind of signal: 'opne'"
        assert hint == "did you mean 'open'?"


# Live and replayed output are the same

LOOKS = {
    "watch": ("watch", "-o", "jsonl", "--all", "--summary"),
    "tail": ("tail", "-o", "json", "--summary"),
}


def live_and_again(look: str, url: str, file: Path, *words: str) -> tuple[Ran, Ran]:
    live = sse(*LOOKS[look], url, "--record", file, *words)
    return live, sse(*LOOKS[look], file)


@pytest.mark.parametrize(
    ("name", "look"),
    [
        *((name, "tail") for name in sorted(MATRIX)),
        ("awkward-ids", "watch"),
        ("awkward-ids", "tail"),
    ],
)
def test_a_fault_looks_the_same_from_its_recording(name: str, look: str, tmp_path: Path) -> None:
    limits = MATRIX[name].limits if name in MATRIX else ()
    with broken(name) as server:
        live, again = live_and_again(look, server.url, tmp_path / "it.rec", *limits)
    assert live.code != 70
    assert again == live


@pytest.mark.parametrize("name", ["cut-in-event", "reset", "duplicate-events", "status-503"])
def test_reconnects_look_the_same_from_a_recording(name: str, tmp_path: Path) -> None:
    with broken(name, 1) as server:
        words = (*RECONNECT, "--retry-on", "5xx", "--max-reconnects", "3")
        live, again = live_and_again("watch", server.url, tmp_path / "it.rec", *words)
    assert "reconnected" in live.talk
    assert again == live


@pytest.fixture(scope="module")
def formats_url() -> Iterator[str]:
    """A server with every recorded stream of the formats, a millisecond between its parts."""
    served = {}
    for path in STREAMS:
        blocks = path.read_bytes().split(b"\n")
        kind = "application/x-ndjson" if path.suffix == ".ndjson" else EVENT_STREAM
        steps = [(0.0005, block + b"\n") for block in blocks[:-1]]
        served[path.stem] = Scenario.of(path.stem, [*steps, (0.0, blocks[-1])], content_type=kind)
    with running(Server(served)) as url:
        yield url


@pytest.mark.parametrize("name", [path.stem for path in STREAMS])
def test_a_format_looks_the_same_from_its_recording(
    name: str, formats_url: str, tmp_path: Path
) -> None:
    live, again = live_and_again("tail", f"{formats_url}/{name}", tmp_path / "it.rec")
    assert json.loads(live.text)["format"] in {wire.name for wire in wire_format.known()}
    assert again == live


@pytest.mark.parametrize("name", bundled.names())
@pytest.mark.parametrize("look", LOOKS)
def test_a_scenario_looks_the_same_from_its_recording(name: str, look: str, tmp_path: Path) -> None:
    with running(Server({name: bundled.load(name)}, speed=50)) as url:
        live, again = live_and_again(look, f"{url}/{name}", tmp_path / "it.rec")
    assert again == live


@pytest.mark.parametrize("words", [("-n", "3"), ("--until", "text=='<3>'")], ids=["n", "until"])
def test_a_replayed_limit_has_the_same_ending(words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    with running(Server({"numbered": NUMBERED})) as url:
        live = sse(f"{url}/numbered", "-o", "jsonl", "--all", "--record", file, *words)
    assert live.objects()[-1]["ending"] == "limit"
    assert sse(file, "-o", "jsonl", "--all", *words) == live
    assert sse(file, "-o", "jsonl", "--all").objects()[-1] == live.objects()[-1]


def test_the_initial_last_event_id_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    anonymous = Scenario.of("it", [(0, b"data: x\n\n")])
    with running(Server({"it": anonymous})) as url:
        live = sse(f"{url}/it", "--last-event-id", "seven", "--record", file)
    assert live.objects()[0]["last_event_id"] == "seven"
    assert sse(file) == live


def test_a_replay_ends_by_ctrl_c_as_the_run_did(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    words = ("-o", "jsonl", "--all", "-m30", "--record", file)
    with broken("silence") as server, start(server.url, *words) as live:
        assert live.stdout
        lines = [live.stdout.readline() for _ in range(4)]
        live.send_signal(signal.SIGINT)
        ended = finish(live)
    out = b"".join(lines) + ended.out
    again = sse(file, "-o", "jsonl", "--all")
    assert (again.code, again.out) == (ended.code, out) == (-signal.SIGINT, out)


def test_a_recording_is_read_from_standard_input_and_from_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    with running(Server({"numbered": NUMBERED})) as url:
        live = sse(f"{url}/numbered", "--record", file)
    assert sse("-", stdin=file.read_bytes()) == live
    # A single byte first: the content must be detected all the same.
    with start("-", stdin=PIPE) as process:
        assert process.stdin
        process.stdin.write(file.read_bytes()[:1])
        process.stdin.flush()
        out, _ = process.communicate(file.read_bytes()[1:])
    assert out == live.out


def test_a_recording_of_a_recording_is_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "1.rec", tmp_path / "2.rec"
    with broken("cut-in-event") as server:
        sse(server.url, "--record", first)
    sse(first, "--record", second)
    assert first.read_text().splitlines()[1:] == second.read_text().splitlines()[1:]


def test_speed_plays_a_recording_at_its_pace(tmp_path: Path) -> None:
    file = tmp_path / "it.rec"
    signals: list[Signal] = [Opened(0.0, "x"), Chunk(0.6, b"data: 1\n\n"), Closed(0.6, Ending.EOF)]
    file.write_bytes(written(signals))
    started = monotonic()
    at_once = sse(file)
    quick = monotonic() - started
    started = monotonic()
    assert sse(file, "--speed", "0.2") == at_once
    assert monotonic() - started >= 3.0 - 0.01
    assert quick < 3.0
    assert at_once.objects()[0]["t"] == 0.6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["http://127.0.0.1:1/", "--speed", "1"], "--speed is for recordings, and this is a URL"),
        (["it.sse", "--speed", "1"], "it.sse is not a recording, so it has no speed"),
        (["it.rec", "--speed", "nan"], "nan is not a valid speed"),
        (["it.rec", "--speed", "1e-300"], "1e-300 is not a valid speed"),
        (["it.rec", "--ndjson"], "it.rec is a recording, which knows how its body is read"),
        (["it.rec", "--record", "it.rec", "--force"], "--record it.rec is not a file to record to"),
        (["it.rec", "--record", "-"], "--record - is not a file to record to"),
        (["it.rec", "--record", "no/such/folder"], "can't record to no/such/folder"),
        (["it.rec", "--record", "."], "already exists"),
        (["it.rec", "--record", ".", "--force"], "can't record to .: is a directory"),
        (["it.rec", "--reconnect"], "it.rec is not a URL"),
    ],
)
def test_invalid_combinations_of_options_are_refused(
    words: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "it.sse").write_bytes(b"data: 1\n\n")
    before = written([Opened(0.0, "x"), Closed(0.6, Ending.EOF)])
    (tmp_path / "it.rec").write_bytes(before)
    env = {"PYTHONPATH": str(ROOT)}
    ran = sse(*words, cwd=tmp_path, env=env)
    assert ran.code == 2
    assert message in error_and_hint(ran)[0]
    assert (tmp_path / "it.rec").read_bytes() == before


# Killed


@long_runs.count("kills", 8, 200)
def test_a_recording_is_readable_whenever_its_writer_is_killed(
    seed: int, kills: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    text = "data: é" + "x" * 2000
    steps = [(0.0002, f"id: {n}\n{text}\n\n".encode()) for n in range(1, 20_000)]
    with running(Server({"it": Scenario.of("it", steps)})) as url:
        for number in range(kills):
            file = tmp_path / f"{number}.rec"
            printed = killed_at(url, file, dice.randrange(1, 300_000))
            session = Session()
            found = reader.open_file(str(file)).signals
            events = [event for signal in found for event in session.feed(signal)]
            messages = [event for event in events if isinstance(event, Message)]
            assert [message.id for message in messages] == [*map(str, range(1, len(messages) + 1))]
            assert {message.data for message in messages} <= {text.removeprefix("data: ")}
            assert len(messages) >= printed
            file.unlink()


def killed_at(url: str, file: Path, size: int) -> int:
    """Kill a run once its recording has `size` bytes; return how many whole lines it had
    printed."""
    with start(f"{url}/it", "-o", "jsonl", "--record", file, "-m", "30") as process:
        assert process.stdout
        lines = 0
        while not file.exists() or file.stat().st_size < size:
            lines += len(process.stdout.readline()) > 0
            assert process.poll() is None
        process.kill()
        return lines + finish(process).out.count(b"\n")


def test_the_large_faults_can_be_recorded_in_bounded_memory(tmp_path: Path) -> None:
    assert {"comments"} < LARGE <= FAULTS.keys()
    with broken("comments") as server:
        live, again = live_and_again("tail", server.url, tmp_path / "it.rec")
    assert again == live
