"""The command line in a pipe: its arguments, and every byte of its output."""

from __future__ import annotations

import csv
import http.client
import io
import json
import signal
import socket
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.main import get_command

import sse_cli
from sse_cli import EventStreamParser
from sse_cli.cli.commands import app
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import EVENT_STREAM, Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.events import Message
from sse_cli.render.http_messages import request_lines
from sse_cli.request.builder import build
from tests.support.process import PROGRAM
from tests.support.program import Ran, error_and_hint, finish, sse, start
from tests.support.replies import HELLO, whole
from tests.support.wire import Wire

MIX = (
    b": warming up\n\n"
    b"retry: 1500\n\n"
    b'event: start\nid: 7\ndata: {"n": 1, "tag": "a", "on": true}\n\n'
    b'data: {"n": 2, "tag": "b", "text": "h\xc3\xa9"}\n\n'
    b"data: two\ndata: lines\n\n"
    b"event: end\n\n"
    b'event: start\nid: 8\ndata: {"n": 3, "text": "\xe6\x97\xa5 \\"q\\""}\n\n'
)
JSON_LINES = b'{"n":1,"done":false}\r\n\n{"n":2,"done":true}\n'
MESSAGES: list[dict[str, Any]] = [
    {"event": "start", "id": "7", "data": {"n": 1, "tag": "a", "on": True}},
    {"event": "message", "id": None, "data": {"n": 2, "tag": "b", "text": "hé"}},
    {"event": "message", "id": None, "data": "two\nlines"},
    {"event": "start", "id": "8", "data": {"n": 3, "text": '日 "q"'}},
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    served = {
        "mix": Scenario.of("mix", [(0, MIX[:99]), (0, MIX[99:])]),
        "ndjson": Scenario.of("ndjson", [(0, JSON_LINES)], content_type="application/x-ndjson"),
        "plain": Scenario.of("plain", [(0, MIX)], content_type="text/plain"),
        "lines": Scenario.of("lines", [(0, b"[1]\n[2]\n")], content_type="text/plain"),
    }
    with running(Server(served)) as base:
        yield base


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    path = tmp_path / "mix.sse"
    path.write_bytes(MIX)
    return path


def quiet(ran: Ran) -> Ran:
    """Assert that a run succeeded without any message; return it."""
    assert (ran.code, ran.talk) == (0, "")
    return ran


def numbers(ran: Ran) -> list[int]:
    return [line["n"] for line in quiet(ran).objects()]


# Formats


def test_a_pipe_gets_a_json_line_for_each_message(url: str) -> None:
    lines = quiet(sse(f"{url}/mix")).objects()
    assert [{k: line[k] for k in ("event", "id", "data")} for line in lines] == MESSAGES
    assert [line["n"] for line in lines] == [1, 2, 3, 4]
    assert [line["last_event_id"] for line in lines] == ["7", "7", "7", "8"]
    assert {line["kind"] for line in lines} == {"message"}
    times = [line["t"] for line in lines]
    assert times == sorted(times)
    assert times[0] > 0


def test_json_lines_are_ascii_with_their_keys_in_order(url: str) -> None:
    out = quiet(sse(f"{url}/mix", "-o", "jsonl", "-q", "n")).out
    assert out.isascii()
    assert out.endswith(b"\n")
    keys = ["kind", "n", "t", "event", "id", "last_event_id", "data", "query"]
    assert all(list(json.loads(line)) == keys for line in out.splitlines())


def test_a_query_in_a_pipe_prints_only_its_values(url: str) -> None:
    assert quiet(sse(f"{url}/mix", "-q", "text")).text == 'hé\n日 "q"\n'


def test_queries_of_one_event_are_joined_by_tabs(url: str) -> None:
    ran = quiet(sse(f"{url}/mix", "-q", "n", "-q", "on", "-q", "[n, tag]", "-q", "text"))
    assert (
        ran.text
        == '1\ttrue\t[1,"a"]\t\n2\t\t[2,"b"]\thé\n\t\t[null,null]\t\n3\t\t[3,null]\t日 "q"\n'
    )


def test_join_omits_the_newlines(url: str) -> None:
    assert quiet(sse(f"{url}/mix", "-q", "text", "-j")).text == 'hé日 "q"'
    assert quiet(sse(f"{url}/mix", "--event", "message", "-j")).text.endswith("two\nlines")


def test_text_without_a_query_is_the_data(url: str) -> None:
    lines = quiet(sse(f"{url}/mix", "-o", "text")).text.splitlines()
    assert lines[1:4] == ['{"n": 2, "tag": "b", "text": "hé"}', "two", "lines"]


def test_csv_has_a_column_per_query(url: str) -> None:
    rows = list(
        csv.reader(
            io.StringIO(quiet(sse(f"{url}/mix", "-o", "csv", "-q", "n", "-q", "T=text")).text)
        )
    )
    assert rows[0] == ["n", "t", "event", "id", "n", "T"]
    assert [row[:1] + row[2:] for row in rows[1:]] == [
        ["1", "start", "7", "1", ""],
        ["2", "message", "", "2", "hé"],
        ["3", "message", "", "", ""],
        ["4", "start", "8", "3", '日 "q"'],
    ]


def test_csv_without_a_query_has_the_data_with_its_line_breaks(url: str) -> None:
    rows = list(csv.reader(io.StringIO(quiet(sse(f"{url}/mix", "-o", "csv")).text)))
    assert rows[0][4:] == ["data"]
    assert rows[3][4] == "two\nlines"


def test_raw_is_the_body_byte_for_byte(url: str) -> None:
    assert quiet(sse(f"{url}/mix", "-o", "raw")).out == MIX
    odd = b"\xff\x00\r\x1b[0m: \n\n\xef\xbb\xbf"
    assert sse("-", "-o", "raw", stdin=odd).out == odd


def test_a_table_in_a_pipe_has_no_escape_sequence(url: str) -> None:
    ran = quiet(sse(f"{url}/mix", "-o", "table"))
    assert b"\x1b" not in ran.out
    assert "two\\nlines" in ran.text
    assert "eof" in ran.text


def test_all_adds_the_lines_that_a_browser_ignores(url: str) -> None:
    lines = quiet(sse(f"{url}/mix", "--all")).objects("t")
    assert [line["kind"] for line in lines] == [
        "opened", "comment", "retry", "message", "message", "message", "ignored", "message",
        "closed",
    ]  # fmt: skip
    assert (lines[0]["status"], lines[0]["http_version"]) == (200, "HTTP/1.1")
    assert ["Content-Type", EVENT_STREAM] in lines[0]["headers"]
    assert lines[1] == {"kind": "comment", "text": " warming up"}
    assert lines[2] == {"kind": "retry", "reconnection_time": 1500}
    assert (lines[6]["reason"], lines[6]["event"], lines[6]["text"]) == (
        "no-data",
        "end",
        "event: end",
    )
    assert lines[8]["ending"] == "eof"


def test_the_first_piece_is_printed_before_the_last_is_sent() -> None:
    gate = threading.Event()
    pieces: list[tuple[Gate | float, bytes]] = [
        (0, b'data: {"t":"first"}\n\n'),
        (gate, b'data: {"t":"last"}\n\n'),
    ]
    with (
        running(Server({"s": Scenario.of("s", pieces)})) as base,
        start(f"{base}/s", "-q", "t", "-j", "-m", "30") as run,
    ):
        assert run.stdout
        assert run.stdout.read(5) == b"first"  # The server still waits for us.
        gate.set()
        assert quiet(finish(run)).out == b"last"


# Selection of messages


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--event", "start"], [1, 4]),
        (["--event", "start", "--event", "nothing"], [1, 4]),
        (["--exclude", "start"], [2, 3]),
        (["--exclude", "start", "--exclude", "message"], []),
        (["--where", "n >= `2`"], [2, 4]),
        (["--where", "text"], [2, 4]),
        (["--where", "@ == 'two\nlines'"], [3]),
        (
            ["--where", "starts_with(tag, 'a')"],
            [1],
        ),  # Fails on the other messages, which counts as no match.
        (["-n", "1"], [1]),
        (["-n", "2", "--event", "message"], [2, 3]),
        (["-n", "2", "--where", "text"], [2, 4]),
        (["--until", "n == `2`"], [1, 2]),
        (["--until", "n == `2`", "--exclude", "message"], [1]),
        (["--until", "n == `9`"], [1, 2, 3, 4]),
    ],
)
def test_filters_and_limits_choose_the_messages(
    url: str, words: list[str], shown: list[int]
) -> None:
    assert numbers(sse(f"{url}/mix", *words)) == shown


@pytest.mark.parametrize(
    ("query", "name", "first"),
    [
        ("größe=n", "größe", 1),
        ("n", "n", 1),
        ("n==`1`", "n==`1`", True),
        ("same=n==`1`", "same", True),
        ("_0=tag", "_0", "a"),
        ('"tag" || \'\u202e,"\'', '"tag" || \'\u202e,"\'', "a"),
        ("{x: n, y: tag}", "{x: n, y: tag}", {"x": 1, "y": "a"}),
    ],
)
def test_a_query_is_labelled_by_its_name_or_its_expression(
    mix: Path, query: str, name: str, first: Any
) -> None:
    lines = quiet(sse(mix, "-o", "jsonl", "-q", query)).objects()
    assert lines[0]["query"] == {name: first}
    heads = next(csv.reader(io.StringIO(quiet(sse(mix, "-o", "csv", "-q", query)).text)))
    assert heads[4:] == [name]


# Sources


def test_standard_input_a_file_and_a_url_give_the_same_output(url: str, mix: Path) -> None:
    served = quiet(sse(f"{url}/mix")).objects("t")
    assert quiet(sse("-", stdin=MIX)).objects("t") == served
    assert quiet(sse(mix)).objects("t") == served
    assert quiet(sse("mix.sse", cwd=mix.parent)).objects("t") == served


def test_watch_is_the_default_command(url: str) -> None:
    assert sse("watch", f"{url}/mix").objects("t") == sse(f"{url}/mix").objects("t")
    assert sse(url.removeprefix("http://") + "/mix").objects("t") == sse(f"{url}/mix").objects("t")


def test_options_may_stand_before_the_target(url: str) -> None:
    for words in (["-n", "1", "-q", "tag"], ["watch", "-n", "1", "-q", "tag"]):
        assert quiet(sse(*words, f"{url}/mix")).text == "a\n"


def test_after_two_dashes_a_word_is_a_target_whatever_it_looks_like(tmp_path: Path) -> None:
    (tmp_path / "-n.sse").write_bytes(b"data: dashed\n\n")
    for words in ([], ["watch"], ["-n", "1"], ["watch", "-n", "1"]):
        ran = quiet(sse(*words, "--", "-n.sse", cwd=tmp_path))
        assert [line["data"] for line in ran.objects()] == ["dashed"]


@pytest.mark.parametrize(
    ("words", "stdin", "data"),
    [
        (["{URL}/ndjson"], b"", [{"n": 1, "done": False}, {"n": 2, "done": True}]),
        (["-"], JSON_LINES, [{"n": 1, "done": False}, {"n": 2, "done": True}]),
        (["{URL}/lines", "--ndjson"], b"", [[1], [2]]),
        (["-", "--ndjson"], b"[1]\n[2]", [[1], [2]]),
        (["{URL}/plain", "--any-type", "-n", "1"], b"", [MESSAGES[0]["data"]]),
    ],
)
def test_a_body_is_read_by_its_type_or_the_given_one(
    url: str, words: list[str], stdin: bytes, data: list[Any]
) -> None:
    ran = quiet(sse(*(word.replace("{URL}", url) for word in words), stdin=stdin))
    assert [line["data"] for line in ran.objects()] == data


# Requests


def test_data_is_sent_in_the_order_it_was_typed(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"f=6\r\n")
    words = [
        "-d",
        "a=1",
        "--data-urlencode",
        "b=x y",
        "-d",
        "@body",
        "--data-raw",
        "@c",
        "-d",
        "@-",
    ]
    with Wire(HELLO) as server:
        quiet(sse(server.origin, *words, stdin=b"in=7", cwd=tmp_path))
        quiet(sse("-d", "z", server.origin, "-d", "y", cwd=tmp_path))
    assert [r.body for r in server.requests] == [b"a=1&b=x+y&f=6&@c&in=7", b"z&y"]
    assert {r.method for r in server.requests} == {"POST"}


def test_a_pasted_command_accepts_our_options_before_it_and_long_ones_in_it() -> None:
    with Wire(HELLO) as server:
        ran = sse(
            "-q", "@", "curl", "-sN", server.origin, "-H", "X-A: 1", "--max-events", "1", "-d", "b"
        )
        assert quiet(ran).text == "hello\n"
        whole = f"curl -d b -H 'X-A: 1' {server.origin}"
        assert quiet(sse("-o", "text", whole)).text == "hello\n"
        assert quiet(sse("watch", "-o", "text", "curl", server.origin)).text == "hello\n"
    first, second, third = server.requests
    assert first == second
    assert ("X-A", "1") in first.headers
    assert (first.method, first.body, third.method) == ("POST", b"b", "GET")


def test_verbose_shows_the_exchange_on_standard_error_without_its_secrets() -> None:
    with Wire(HELLO) as server:
        ran = sse(
            f"{server.origin}/v1?key=sk-query", "-v", "-o", "text", "--bearer", "sk-bearer",
            "-H", "X-API-Key: sk-header", "-b", "sid=sk-cookie", "-d", "sk-body",
        )  # fmt: skip
    assert (ran.code, ran.text) == (0, "hello\n")
    lines = ran.talk.splitlines()
    assert lines[0] == "> POST /v1?key=*** HTTP/1.1"
    assert "> X-API-Key: ***" in lines
    assert "< HTTP/1.1 200 OK" in lines
    assert "< Content-Type: text/event-stream" in lines
    assert "sk-" not in ran.talk


@pytest.mark.parametrize(
    ("url", "version", "line"),
    [
        ("http://h/s", "auto", "> GET /s HTTP/1.1"),
        ("http://h/s", "2", "> GET /s HTTP/1.1"),
        ("http://h", "auto", "> GET / HTTP/1.1"),
        ("http://h/s", "1.0", "> GET /s HTTP/1.1"),
        ("https://h/s", "1.1", "> GET /s HTTP/1.1"),
        ("https://h/s", "auto", "> GET /s"),
        ("https://h/s", "2", "> GET /s"),
        ("http://h/s", "2-prior-knowledge", "> GET /s HTTP/2"),
    ],
)
def test_the_request_line_names_the_version_unless_the_server_will_choose_it(
    url: str, version: Any, line: str
) -> None:
    asked = build([("url", url)])._replace(http_version=version)
    assert next(iter(request_lines(asked))).plain == line


@pytest.mark.parametrize("command", ["watch", "tail"])
def test_verbose_shows_the_head_of_a_refused_reply_once(command: str) -> None:
    reply = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
    with Wire(reply) as server:
        lines = sse(command, server.origin, "-v").talk.splitlines()
    assert lines.count("< HTTP/1.1 401 Unauthorized") == 1


@pytest.mark.parametrize(
    ("count", "more"), [(19, []), (20, ["… and 1 more"]), (60, ["… and 41 more"])]
)
@pytest.mark.parametrize("command", ["watch", "tail"])
def test_a_refused_reply_is_shown_with_at_most_twenty_headers(
    command: str, count: int, more: list[str]
) -> None:
    names = [f"X-{n}: {n}" for n in range(count)]
    with Wire(whole(b"no", *names, status="401 Unauthorized")) as server:
        talk = sse(command, server.origin).talk.splitlines()
        verbose = sse(command, server.origin, "-v").talk
    status, *shown = [line for line in talk if line.startswith("< ")]
    assert status == "< HTTP/1.1 401 Unauthorized"
    assert [line.split(": ")[0] for line in shown] == [
        f"< {name.split(': ')[0]}" for name in [*names, "Content-Length: 2"]
    ][:20]
    assert [line for line in talk if line.startswith("…")] == more
    assert verbose.count("< X-") == count


def test_the_summary_goes_to_standard_error_in_formats_for_programs(mix: Path) -> None:
    ran = sse(mix, "-o", "jsonl", "--summary", "--where", "text")
    assert numbers(Ran(ran.code, ran.out, b"")) == [2, 4]
    assert ran.talk.strip().startswith("eof")
    assert "4 events (2 shown)" in ran.talk


def test_a_query_that_fails_is_counted_in_the_summary_once(mix: Path) -> None:
    ran = sse(mix, "-o", "text", "--summary", "-q", "starts_with(text, 'h')")
    assert (ran.code, ran.text) == (0, "true\nfalse\n")
    assert ran.talk.count("starts_with(text, 'h') failed 2 times") == 1


# The command line program


def scripts() -> list[list[str]]:
    folder = Path(sysconfig.get_path("scripts"))
    return [[*PROGRAM], [str(folder / "sse")], [str(folder / "sse-cli")]]


def test_every_way_to_start_it_prints_the_same_version() -> None:
    named = {e.name: e.value for e in entry_points(group="console_scripts")}
    assert named["sse"] == named["sse-cli"] == "sse_cli.__main__:main"
    for program in scripts():
        ran = quiet(sse("--version", program=program))
        assert ran.text == f"sse-cli {sse_cli.__version__}\n"


COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help_that_fits_80_columns(command: str) -> None:
    found: Any = get_command(app)
    parameters = [p for p in found.commands[command].params if p.param_type_name == "option"]
    with_all = any("--help-all" in p.opts for p in parameters)
    ran = quiet(sse(command, "--help-all" if with_all else "--help", env={"COLUMNS": "80"}))
    assert max(map(len, ran.text.splitlines())) <= 80
    for parameter in parameters:
        assert parameter.help, parameter.opts
        for name in (*parameter.opts, *parameter.secondary_opts):
            assert f"{name} " in ran.text, name


@pytest.mark.parametrize(
    "words", [["--help"], ["-h"], ["watch", "--help"], ["watch", "-h"], ["demo", "-h"]]
)
def test_help_fits_80_columns_and_lists_the_common_options(words: list[str]) -> None:
    ran = quiet(sse(*words, env={"COLUMNS": "80"}))
    assert max(map(len, ran.text.splitlines())) <= 80
    wanted = COMMANDS if len(words) == 1 else ["--query", "--output", "--help-all"]
    assert all(word in ran.text for word in wanted)


@pytest.mark.parametrize("words", [["-0", "URL"], ["URL", "--http1.0"], ["curl", "-0", "URL"]])
def test_help_and_readme_describe_the_http_1_0_request(words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        with start(*[word.replace("URL", url) for word in words], "--max-time", "30") as process:
            peer, _ = listener.accept()
            with peer, peer.makefile("rb") as stream:
                sent = [*iter(stream.readline, b"\r\n")]
                peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + MIX)
            ran = finish(process)
    assert ran.code == 0
    assert sent[0] == b"GET /x HTTP/1.1\r\n"
    assert b"connection: close\r\n" in [line.lower() for line in sent]
    said = "HTTP/1.1 with Connection: close"
    told = sse("watch", "--help-all", env={"COLUMNS": "200"}).text
    assert said in next(line for line in told.splitlines() if "--http1.0" in line)


def test_help_works_after_a_url_too(url: str) -> None:
    assert quiet(sse(url, "--help")).out == quiet(sse("watch", "--help")).out


def test_without_arguments_it_shows_its_help_and_exits_with_2() -> None:
    ran = sse()
    assert ran.code == 2
    assert all(word in ran.text + ran.talk for word in ("sse URL", *COMMANDS))


@pytest.mark.parametrize("words", [[], ["--all"], ["-q", "n"], ["--where", "n == `2`"]])
def test_our_own_lines_as_a_target_are_shown_as_data_with_a_hint(
    words: list[str], url: str, tmp_path: Path
) -> None:
    wrote = quiet(sse(f"{url}/mix", "-o", "jsonl", *words))
    file = tmp_path / "kept.jsonl"
    file.write_bytes(wrote.out)
    for ran in (sse(file), sse("-", stdin=wrote.out)):
        assert ran.code == 0
        assert [line["data"] for line in ran.objects()] == wrote.objects()
        warning, hint = ran.talk.splitlines()
        assert warning.startswith("warning: these lines are output of sse itself")
        assert "--record FILE" in hint


def test_lines_that_only_resemble_ours_are_data() -> None:
    for line in ('{"kind":"message","text":"hi"}\n', '{"kind":"opened","by":"t"}\n'):
        quiet(sse("-", stdin=line.encode()))


# demo and serve


def messages_of(scenario: Scenario) -> list[Message]:
    parser = EventStreamParser()
    events = parser.feed(b"".join(step.data for step in scenario.steps))
    return [event for event in [*events, *parser.finish()] if isinstance(event, Message)]


@pytest.mark.parametrize("name", bundled.names())
def test_the_demo_shows_every_message_of_its_scenario(name: str) -> None:
    expected = [(m.type, m.id, m.data) for m in messages_of(bundled.load(name))]
    lines = quiet(sse("demo", name, "--speed", "0", "-o", "jsonl")).objects()
    shown = [(line["event"], line["id"]) for line in lines]
    assert shown == [(kind, id_) for kind, id_, _ in expected]
    text = quiet(sse("demo", name, "--speed", "0", "-o", "text")).text
    assert text == "".join(data + "\n" for *_, data in expected)


def test_the_demo_types_out_the_answer_by_itself_and_ignores_proxies() -> None:
    nowhere = {"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
    ran = quiet(sse("demo", "--speed", "0", "-j", env=nowhere))
    assert len(ran.text) > 100
    plain = quiet(sse("demo", "--speed", "0"))
    assert "openai" not in plain.text
    assert plain.out.count(b"\n") > 20


def test_serve_prints_its_urls_and_answers_until_ctrl_c() -> None:
    with start("serve", "clock", "gemini", "--port", "0", "--speed", "0") as run:
        assert run.stdout
        urls = [run.stdout.readline().decode().split()[0] for _ in range(2)]
        assert [urlsplit(url).path for url in urls] == ["/clock", "/gemini"]
        netloc = urlsplit(urls[0]).netloc
        client = http.client.HTTPConnection(netloc, timeout=20)
        client.request("GET", "/clock")
        assert client.getresponse().read() == b"".join(s.data for s in bundled.load("clock").steps)
        client.close()
        assert run.stderr
        told = f"open http://{netloc}/ in a browser to play them; Ctrl-C stops the server\n"
        assert run.stderr.readline() == told.encode()
        run.send_signal(signal.SIGINT)
        ran = finish(run)
    assert (ran.code, ran.talk) == (-signal.SIGINT, "")  # A shell reports 130.


def test_serve_reports_that_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = sse("serve", "--port", str(port))
    assert (ran.code, ran.out) == (2, b"")
    assert error_and_hint(ran) == (f"port {port} is in use", "--port 0 picks a free port")


def test_a_shell_pipeline_works_as_in_the_readme(mix: Path) -> None:
    line = 'cat "$1" | "$2" -m sse_cli - -q tag | tr a-z A-Z'
    done = subprocess.run(
        ["sh", "-c", line, "sh", mix, PROGRAM[0]], capture_output=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"A\nB\n", b"")


@pytest.mark.parametrize("words", [["help"], ["help", "tail"], ["-V", "help"]])
def test_help_is_a_command_too(words: list[str]) -> None:
    others = [word for word in words if word != "help"]
    assert sse(*words) == sse(*others, "--help")


@pytest.mark.parametrize("command", ["watch", "tail"])
def test_a_file_without_times_gets_no_timing_figures(command: str, tmp_path: Path) -> None:
    file = tmp_path / "it.sse"
    file.write_bytes(b'data: {"text":"x"}\n\n' * 3)
    ran = sse(command, file, "-q", "text", "-o", "text", "--summary")
    assert "3 events" in ran.talk
    assert not {"0ms", "first", "gaps", "in"} & set(ran.talk.split())


@pytest.mark.parametrize(("ends", "queries"), [(True, []), (False, []), (False, ["-q", "id"])])
def test_the_table_warns_of_an_answer_without_its_end(
    ends: bool, queries: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "it.sse"
    wire = b"".join(step.data for step in bundled.load("openai-chat").steps)
    cut = b"\n\n".join(block for block in wire.split(b"\n\n")[:9]) + b"\n\n"
    file.write_bytes(wire if ends else cut)
    ran = sse(file, "-o", "table", *queries)
    assert ran.code == 0
    assert ("the terminator of openai-chat is missing" in ran.text) == (not ends)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("demo cl", ["clock"]),
        ("serve gem", ["gemini"]),
        ("serve --fault cut-af", ["cut-after-cr"]),
        ("formats anthr", ["anthropic"]),
        ("tail --format cohere-v1", ["cohere-v1"]),
        ("check --format dify", ["dify"]),
        ("check --ending done,trunc", ["done,truncated"]),
        ("watch -o js", ["jsonl"]),
        ("watch no-such-file", []),
    ],
)
def test_the_shell_completes_our_names(line: str, offered: list[str]) -> None:
    words = f"sse {line}"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    ran = sse(env={**asked, "_SSE_COMPLETE": "complete_bash"})
    assert (ran.code, ran.text.split(), ran.err) == (0, offered, b"")
