"""`sse check` as a process, against real servers: exit codes, reports, recordings, Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from sse_cli.check.outcome import exit_code
from sse_cli.check.stream_check import MAX_TIME
from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.broken_server import SMALLER, broken
from tests.support.paths import ROOT
from tests.support.process import PROGRAM, Process
from tests.support.program import Ran, error_and_hint, finish, sse, start
from tests.support.terminal import SSE, Terminal

AMPLE = ("--idle-timeout", "20", "-m", "30")
IDLE = ("--idle-timeout", "0.4", "-m", "30")
SHORT = ("--idle-timeout", "20", "-m", "1")
# The exit code, the expected ending (None for an ending without fault), the limits.
FAULTS_OF_CHECK: dict[str, tuple[int, str | None, tuple[str, ...]]] = {
    "cut-before-headers": (3, "unreachable", AMPLE),
    "cut-in-headers": (3, "unreachable", AMPLE),
    "cut-in-chunk": (1, "truncated", AMPLE),
    "cut-in-event": (1, "truncated", AMPLE),
    "cut-after-cr": (1, "truncated", AMPLE),
    "cut-between-events": (1, "truncated", AMPLE),
    "cut-without-framing": (0, None, AMPLE),
    "reset": (1, "truncated", AMPLE),
    "reset-before-headers": (3, "unreachable", AMPLE),
    "no-reply": (6, "deadline", IDLE),
    "silence": (1, "stalled", IDLE),
    "half-open": (1, "stalled", IDLE),
    "trickle": (1, "deadline", SHORT),
    "endless-1xx": (6, "deadline", IDLE),
    "bad-chunk-size": (1, "malformed", AMPLE),
    "length-too-long": (1, "truncated", AMPLE),
    "length-too-short": (1, "truncated", AMPLE),
    "no-head": (5, "malformed", AMPLE),
    "duplicate-events": (0, None, AMPLE),
    "no-final-blank-line": (1, "truncated", AMPLE),
    "bom": (0, None, AMPLE),
    "retry-zero": (0, None, AMPLE),
    "retry-huge": (0, None, AMPLE),
    "awkward-ids": (0, None, AMPLE),
    "comments": (0, None, AMPLE),
    "long-line": (1, "too-large", AMPLE),
    "wrong-content-type": (4, "refused", AMPLE),
    "no-content-type": (4, "refused", AMPLE),
    "status-401": (4, "refused", AMPLE),
    "status-429": (4, "refused", AMPLE),
    "status-500": (4, "refused", AMPLE),
    "status-503": (4, "refused", AMPLE),
    "redirect-loop": (4, "refused", AMPLE),
    "empty-location": (4, "refused", AMPLE),
    "cross-origin": (4, "refused", AMPLE),
    "gzip": (0, None, AMPLE),
    "deflate": (0, None, AMPLE),
    "br": (4, "refused", AMPLE),
    "zstd": (4, "refused", AMPLE),
    "gzip-bomb": (1, "too-large", AMPLE),
    "deflate-bomb": (1, "too-large", AMPLE),
}


def test_every_fault_has_an_exit_code() -> None:
    assert FAULTS_OF_CHECK.keys() == FAULTS.keys()


def attempts(ran: Ran) -> Any:
    """Return the attempts of the only stream in a JSON report."""
    return json.loads(ran.out)["streams"][0]["attempts"]


@pytest.mark.parametrize("name", FAULTS_OF_CHECK)
def test_a_fault_and_its_recording_have_the_same_exit_code_and_pass_if_their_ending_is_expected(
    name: str, tmp_path: Path
) -> None:
    code, ending, limits = FAULTS_OF_CHECK[name]
    kept = tmp_path / "kept.rec"
    with broken(name) as server:
        live = sse("check", server.url, *limits, "-o", "json", "--record", kept)
    again = sse("check", kept, "-o", "json")
    assert live.code == again.code == code, (live, again)
    assert attempts(live) == attempts(again)
    assert live.err == again.err
    if ending is None:
        assert live.err == b""
        return
    error_and_hint(live)
    assert f"{ending}: " in sse("check", kept).text
    asked = sse("check", kept, "--ending", ending)
    assert (asked.code, asked.err) == (0, b""), asked


@pytest.fixture
def unreachable() -> Iterator[str]:
    """An origin where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound but not listening: connections stay refused.
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


JUDGED = [
    (("--status", "404"), "/nope", 0),
    (("--ending", "refused"), "/nope", 0),
    (("--status", "200"), "/nope", 1),
    (("--status", "404", "--min-events", "1"), "/nope", 1),
    (("--status", "404", "--expect", "status == `404`"), "/nope", 0),
    (("--min-events", "1"), "/nope", 4),
    (("--ending", "done"), "/nope", 4),
    (("--status", "201"), "/clock", 1),
    (("--ending", "done"), "/clock", 1),
    (("--ending", "eof,done"), "/clock", 0),
    (("--ending", "limit", "-n", "2"), "/clock", 0),
    (("--until", "time"), "/clock", 0),
    (("--min-events", "5", "--valid-json", "--text", "(?i)event stream"), "/openai-chat", 0),
    (("--format", "openai-chat", "--text", "x" * 30), "/openai-chat", 1),
]


@pytest.mark.parametrize(("words", "path", "code"), JUDGED)
def test_the_exit_code_reflects_the_verdict(
    words: tuple[str, ...], path: str, code: int, origin: str
) -> None:
    ran = sse("check", f"{origin}{path}", *words)
    assert ran.code == code, ran
    assert (ran.err == b"") == (code == 0)


def test_an_unreachable_server_is_3_whatever_is_expected(unreachable: str) -> None:
    for words in ((), ("--min-events", "1"), ("--status", "200"), ("--ending", "done")):
        ran = sse("check", unreachable, *words)
        assert ran.code == 3, ran
        assert "connection refused" in error_and_hint(ran)[0]


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 3], 3),
        ([6, 4, 0], 4),
        ([3, 1, 6], 1),
        ([0, 130], 130),
        ([1, 143], 143),
    ],
)
def test_with_several_streams_1_comes_first_then_the_lowest_code(
    codes: list[int], code: int
) -> None:
    assert exit_code(codes) == code


def test_several_targets_are_reported_in_order(origin: str, unreachable: str) -> None:
    ran = sse("check", f"{origin}/clock", unreachable, f"{origin}/gemini")
    assert ran.code == 3
    headings = [line[0] for line in ran.text.splitlines() if line[0] in "✓✗?"]
    assert headings == ["✓", "?", "✓"]
    assert ran.text.splitlines()[-1] == "3 streams: 2 passed, 1 not judged"
    assert error_and_hint(ran)[0].startswith("1 of 3 streams could not be judged: ")


def test_a_pasted_curl_command_a_file_and_standard_input_are_targets(
    origin: str, tmp_path: Path
) -> None:
    (tmp_path / "a.sse").write_bytes(b"data: 1\n\ndata: 2\n\n")
    assert sse("check", "--min-events", "3", "curl", "-sN", f"{origin}/clock").code == 0
    assert sse("check", tmp_path / "a.sse", "--min-events", "2").code == 0
    assert sse("check", "-", "--min-events", "3", stdin=b"data: 1\n\n").code == 1
    assert sse("check", "curl", f"{origin}/nope", "--status", "404").code == 0


@pytest.mark.parametrize(
    "option", ["first-event-within", "first-content-within", "max-gap", "total-within"]
)
def test_a_target_without_times_is_not_judged_by_time(option: str, tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(b"data: 1\n\ndata: 2\n\n")
    ran = sse("check", tmp_path / "a.sse", f"--{option}", "1h")
    assert (ran.code, "a raw stream in a file has no times" in ran.text) == (1, True), ran


def test_a_web_page_in_a_file_is_refused_and_judged_when_that_is_expected(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.html").write_bytes(b"<!doctype html><p>Hello")
    ran = sse("check", tmp_path / "a.html")
    assert (ran.code, "not an event stream" in ran.text) == (4, True), ran
    asked = sse("check", tmp_path / "a.html", "--ending", "refused")
    assert asked.code == 0, asked


def test_reading_stops_at_the_end_of_the_format() -> None:
    end = b'data: {"object":"chat.completion.chunk","choices":[]}\n\ndata: [DONE]\n\n'
    held = Scenario.of("held", [(0, end), (3600, b"data: never\n\n")])
    with running(Server({"held": held})) as url:
        ran = sse("check", f"{url}/held", "--ending", "done", "--total-within", "20s")
    assert ran.code == 0, ran


def test_an_answer_without_the_end_its_format_requires_is_truncated() -> None:
    start = b'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":"a"}}]}\n\n'
    with running(Server({"cut": Scenario.of("cut", [(0, start)])})) as url:
        ran = sse("check", f"{url}/cut")
        assert ran.code == 1
        assert "truncated: the stream ended before the answer did" in ran.text
        assert sse("check", f"{url}/cut", "--ending", "truncated").code == 0


def test_an_error_event_fails_and_is_shown() -> None:
    steps = [(0.0, b"data: 1\n\n"), (0.0, b'event: error\ndata: {"message":"overloaded"}\n\n')]
    with running(Server({"bad": Scenario.of("bad", steps)})) as url:
        ran = sse("check", f"{url}/bad")
    assert ran.code == 1
    assert "found error-event: event 2 reports an error: overloaded" in ran.text
    assert "event 2 error at 0." in ran.text
    assert '{"message":"overloaded"}' in ran.text


@pytest.mark.parametrize(
    ("fault", "words", "code"),
    [
        ("silence", ("--total-within", "500ms"), 1),
        ("no-reply", ("--total-within", "500ms"), 6),
        ("trickle", ("--total-within", "500ms", "--ending", "deadline"), 1),
    ],
)
def test_a_stalled_server_is_abandoned_soon_after_the_total_time(
    fault: str, words: tuple[str, ...], code: int
) -> None:
    with broken(fault) as server:
        ran = sse("check", server.url, *words, "-o", "json")
    assert ran.code == code, ran
    (attempt,) = json.loads(ran.out)["streams"][0]["attempts"]
    assert attempt["ending"] == "deadline"
    assert 0.5 < attempt["answer"]["timing"]["total"] < 5


def test_the_help_states_the_default_deadline() -> None:
    assert MAX_TIME == 120
    assert "2 minutes" in sse("check", "--help").text


def test_a_recording_gets_the_verdict_of_the_live_run(origin: str, tmp_path: Path) -> None:
    words = ("--max-gap", "0s", "--expect", "usage.total_tokens", "--text", "^Bon", "-o", "json")
    kept = tmp_path / "kept.rec"
    live = sse("check", f"{origin}/openai-chat", *words, "--record", kept)
    again = sse("check", kept, *words)
    assert live.code == again.code == 1
    assert attempts(live) == attempts(again)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_failed_streams_are_recorded_and_passed_ones_are_not(origin: str, tmp_path: Path) -> None:
    keep = tmp_path / "new" / "kept"
    assert sse("check", f"{origin}/clock", "--keep", keep).code == 0
    assert list(keep.iterdir()) == []
    url = f"{origin}/clock"
    ran = sse("check", url, url, "--keep", keep, "--min-events", "999", "-o", "json")
    assert ran.code == 1
    kept = sorted(keep.iterdir())
    told = [one["attempts"][0]["recording"] for one in json.loads(ran.out)["streams"]]
    assert sorted(told) == [str(path) for path in kept]
    assert len(kept) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert sse("check", kept[0], "--min-events", "25").code == 0
    before = kept[0].read_bytes()
    sse("check", url, url, "--keep", keep, "--min-events", "999")
    assert len(list(keep.iterdir())) == 4
    assert kept[0].read_bytes() == before


def test_each_attempt_is_reported_and_the_last_one_counts(tmp_path: Path) -> None:
    with broken("cut-in-chunk", times=1) as server:
        words = ("--attempts", "3", "--keep", tmp_path, "-o", "json")
        ran = sse("check", server.url, *words)
        assert len(server.exchanges) == 2
    assert (ran.code, ran.err) == (0, b""), ran
    attempts = json.loads(ran.out)["streams"][0]["attempts"]
    assert [one["ending"] for one in attempts] == ["truncated", "eof"]
    assert [one["ok"] for one in attempts] == [False, True]
    assert [path.name[-6:] for path in tmp_path.iterdir()] == ["-1.rec"]
    with broken("cut-in-chunk", times=1) as server:
        shown = sse("check", server.url, "--attempts", "2").text
    assert shown.index("attempt 1") < shown.index("truncated") < shown.index("attempt 2")


def test_the_readme_lists_the_keys_of_the_json_report(origin: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.split("## Check streams in CI")[1].split("\n## ")[0]
    ran = sse("check", f"{origin}/clock", "--max-gap", "0s", "-o", "json")
    found = json.loads(ran.out)
    (stream,) = found["streams"]
    (attempt,) = stream["attempts"]
    result = next(one for one in attempt["expectations"] if one["event"])
    for part in (found, stream, attempt, result, result["event"]):
        for key in part:
            assert f"`{key}`" in section, key
    assert attempt["answer"].keys() >= {"status", "headers", "text", "usage"}
    assert found["ok"] is False
    assert found["exit_code"] == ran.code == 1


WRONG = [
    (("--status", "abc"), "--status 'abc' is not a whole number"),
    (("--ending", "eoff"), "'eoff' is not a valid ending"),
    (("--text", "("), "is not a valid regular expression"),
    (("--expect", "a ="), "not a JMESPath expression"),
    (("--max-gap", "x"), "expected a duration"),
    (("--format", "opnai"), "no format 'opnai'"),
    (("--until", "a ="), "not a JMESPath expression"),
    (("--jobs", "0"), "0"),
    (("--attempts", "21"), "21"),
    (("--only", "x"), "--only names a stream of a .toml file"),
    (("--junit", "/"), "can't write the JUnit report to /: "),
    (("--keep", "/dev/null/x"), "can't keep recordings in /dev/null/x: "),
    (("--attempts", "2", "--record", "x"), "--record is for one run"),
    (("--keep", "x", "--record", "y"), "--record keeps every run, and --keep only failed ones"),
    (("--record", "/nowhere/x"), "can't record to /nowhere/x"),
    (("-q", "x"), "-q (--query) is not an option of sse check"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_invalid_options_are_2_and_send_no_request(words: tuple[str, ...], said: str) -> None:
    with broken(None) as server:
        ran = sse("check", server.url, *words)
        assert server.exchanges == []
    assert (ran.code, ran.out) == (2, b""), ran
    assert said in error_and_hint(ran)[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_data_received_before_a_signal_is_recorded_as_unfinished(
    number: signal.Signals, tmp_path: Path
) -> None:
    """End the quick stream only once the slow one's first event is in its recording."""

    def is_recorded() -> bool:
        return any(b"data: 1" in path.read_bytes() for path in tmp_path.glob("*slow*"))

    slow = Scenario.of("slow", [(0, b"data: 1\n\n"), (3600, b"data: 2\n\n")])
    quick = Scenario.of("quick", [(is_recorded, b"data: 1\n\n")])
    with running(Server({"slow": slow, "quick": quick})) as url:
        words = ("-m", "30", "--jobs", "2", "--keep", tmp_path)
        with start("check", f"{url}/quick", f"{url}/slow", *words) as process:
            assert process.stdout is not None
            while b"ending" not in process.stdout.readline():
                pass
            process.send_signal(number)
            ran = finish(process)
    assert ran.code == -number
    (kept,) = tmp_path.iterdir()
    assert kept.name.endswith(".unfinished.rec")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert b"data: 1" in sse("watch", kept, "-o", "raw").out


def test_a_stream_without_events_fails_unless_it_is_expected() -> None:
    with running(Server({"empty": Scenario.of("empty", [(0, b": hello\n\n")])})) as url:
        ran = sse("check", f"{url}/empty")
        assert ran.code == 1
        assert "found empty: no event came, only 1 comment" in ran.text
        for words in (["--ending", "empty"], ["--ending", "eof,empty", "--max-events", "1"]):
            assert sse("check", f"{url}/empty", *words).code == 0
        for words in (["--ending", "eof"], ["--min-events", "0"]):
            assert sse("check", f"{url}/empty", *words).code == 1


def test_standard_input_can_be_read_only_once(origin: str) -> None:
    assert sse("check", "-", "--attempts", "2").code == 2
    assert sse("check", "-", f"{origin}/clock").code == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_closed_or_full_output_is_7(form: str, origin: str) -> None:
    for output in (">&-", ">/dev/full"):
        words = ["bash", "-c", f'exec "$@" {output}', "bash", *PROGRAM]
        ran = sse("check", f"{origin}/clock", "-o", form, program=words)
        assert (ran.code, ran.out) == (7, b""), ran
        assert "standard output" in error_and_hint(ran)[0]


def test_a_full_disk_is_7(origin: str) -> None:
    ran = sse("check", f"{origin}/clock", "--junit", "/dev/full")
    assert (ran.code, error_and_hint(ran)[0]) == (
        7,
        "can't write the JUnit report to /dev/full: no space left on device",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_streams_and_the_report_names_the_unjudged_ones(
    number: signal.Signals,
) -> None:
    quick = Scenario.of("quick", [(0, b"data: 1\n\n")])
    slow = Scenario.of("slow", [(0, b"data: 1\n\n"), (3600, b"data: 2\n\n")])
    with running(Server({"quick": quick, "slow": slow})) as url:
        words = [f"{url}/quick", *[f"{url}/slow?{n}" for n in range(4)]]
        with start("check", *words, "--jobs", "3", "-m", "30") as process:
            assert process.stdout is not None
            shown = b""
            while b"ending" not in shown:
                shown += process.stdout.readline()
            process.send_signal(number)
            ran = finish(process)
    assert ran.code == -number, ran
    assert (shown + ran.out).decode().count("not judged: stopped before it finished") == 4
    assert error_and_hint(ran)[0].startswith("stopped before ")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_signal_during_a_later_attempt_keeps_the_results_of_earlier_ones(
    form: str, tmp_path: Path
) -> None:
    """End the quick stream only once the second attempt's first event is in its recording."""

    def is_second_recorded() -> bool:
        return any(b"data: 2" in path.read_bytes() for path in tmp_path.glob("*slow-2*"))

    second = Scenario.of("slow", [(0, b"data: 2\n\n"), (3600, b"data: 3\n\n")])
    slow = replace(Scenario.of("slow", [(0, b"data: 1\n\n")]), later_replies=(second,))
    quick = Scenario.of("quick", [(0, b"data: 1\n\n"), (is_second_recorded, b"data: 1\n\n")])
    report = tmp_path / "report.xml"
    with running(Server({"slow": slow, "quick": quick})) as url:
        words = ["--jobs", "2", "-m", "30", "--attempts", "3", "--min-events", "2"]
        words += ["--keep", str(tmp_path), "--junit", str(report), "-o", form]
        with start("check", f"{url}/quick", f"{url}/slow", *words) as process:
            assert process.stdout is not None
            shown = _until_second(process, is_second_recorded, form)
            process.send_signal(signal.SIGINT)
            ran = finish(process)
    out = shown + ran.out
    assert ran.code == -signal.SIGINT, ran
    assert f"{url}/slow (in attempt 2) could be judged" in ran.talk
    assert "attempt 1: eof: " in report.read_text()
    if form == "json":
        (attempt,) = json.loads(out)["streams"][1]["attempts"]
        assert attempt["exit_code"] == 1
        assert json.loads(out)["streams"][1]["exit_code"] == 130
        return
    text = out.decode()
    first = text.index(f"{url}/slow", text.index("/quick"))
    assert "attempt 1" in text[first:].splitlines()[0]
    assert "no min-events  expected 2 or more, found 1" in text[first:].replace("✗", "no")
    assert "not judged: attempt 2 was interrupted" in text[first:]


def _until_second(process: Process, is_recorded: Callable[[], bool], form: str) -> bytes:
    """Wait until the second attempt runs; return the report so far."""
    assert process.stdout is not None
    shown = b""
    while form == "text" and b"min-events" not in shown:
        shown += process.stdout.readline()
    while not is_recorded():  # JSON comes at the end, so only the recording shows it.
        assert process.poll() is None
    return shown


def test_as_many_streams_run_at_a_time_as_jobs_allows() -> None:
    """Hold each stream until eight are connected: with fewer at a time, none would ever end."""
    server: list[Server] = []
    gate = [False]

    def together() -> bool:
        gate[0] = gate[0] or server[0].connections >= 8
        return gate[0]

    waiting = Scenario.of("waiting", [(together, b"data: 1\n\n")])
    server.append(Server({"waiting": waiting}))
    with running(server[0]) as url:
        words = [f"{url}/waiting?{n}" for n in range(20)]
        ran = sse("check", *words, "--jobs", "8", "-m", "30", "--min-events", "1")
    assert ran.code == 0, ran
    assert ran.text.splitlines()[-1] == "20 streams: 20 passed"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_report_fits_the_terminal(columns: int, origin: str) -> None:
    words = ["check", f"{origin}/openai-chat", "--text", "^Bonjour", "--all-match", "missing"]
    with Terminal([*SSE, *words], columns=columns, rows=60, env={"CI": "1"}) as terminal:
        assert terminal.finish() == 1
        assert "✓ reply" in terminal.text
        assert "✗ text" in terminal.text
        written = re.sub(r"\x1b\[[0-9;]*m", "", terminal.raw.decode()).split("\r\n")
    # The heading, and the error at the end, are wrapped by the terminal itself.
    indented = [line for line in written if line.startswith("  ")]
    assert len(indented) > 5
    assert max(map(cell_len, indented)) <= columns


JUDGE = ("--min-events", "3", "--max-gap", "20s", "--no-ignored", "--expect", "status == `200`")
ONE_OF_A_KIND = {row[:2]: name for name, row in FAULTS_OF_CHECK.items() if name not in SMALLER}


@pytest.mark.parametrize("name", ONE_OF_A_KIND.values())
def test_a_recorded_fault_gets_the_same_verdict_again(name: str, tmp_path: Path) -> None:
    _, _, limits = FAULTS_OF_CHECK[name]
    kept = tmp_path / "kept.rec"
    with broken(name) as server:
        live = sse("check", server.url, *limits, *JUDGE, "-o", "json", "--record", kept)
    again = sse("check", kept, *JUDGE, "-o", "json")
    assert live.code == again.code, (live, again)
    assert attempts(live) == attempts(again)
    assert live.err == again.err
