"""`sse watch` as a person sees it: the table, its footer and its summary, read from a pty."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from wcwidth import wcswidth  # the width of a text as pyte measures it

from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support import other_programs
from tests.support.terminal import SSE, Steps, Terminal, watching
from tests.support.tmux import Tmux

SIZES = pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
FOOTER = re.compile(r"\d+\.\ds  [\d,]+ events?  [\d.]+ (B|KiB|MiB)  \d+/s  \S.*")
ROW = re.compile(r" *(\d+) +\d+\.\d{3}(?: +\d+(?:\.\d+)?(?:µs|us|ms|s))?(?: |$)")
CODES = re.compile(rb"\x1b\[[0-9;]*[a-zA-Z]|\r")
COLOR = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
STRANGE = [
    "plain",
    "中文字符的列宽是两格" * 30,
    "日本語テキスト",
    "한국어 텍스트",
    "😀🎉🚀" * 40,
    "e\u0301a\u0308n\u0303" * 2,  # short: pyte wraps a mark that belongs to the last column
    "Z\u0351\u036b\u0343algo\u0300",
    "a\tb\t\tc",
    "עברית العربية",
    "ไทย",
    "x" * 5000,
    "",
    " leading and trailing ",
]


def block(data: object = "x", *, event: str = "", id: str = "") -> bytes:  # noqa: A002 (the field's name)
    """Return one event; `data` that is not a string is written as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    fields = [("event", event), ("id", id), *(("data", line) for line in text.split("\n"))]
    return "".join(f"{k}: {v}\n" for k, v in fields if v or k == "data").encode() + b"\n"


def at_once(blocks: Iterable[bytes]) -> list[tuple[float, bytes]]:
    return [(0.0, data) for data in blocks]


def numbers(lines: Iterable[str]) -> list[int]:
    """Return the numbers of the rows among `lines`, in order."""
    return [int(found[1]) for line in lines if (found := ROW.match(line))]


def gaps_between_columns(terminal: Terminal) -> tuple[int, list[int]]:
    """Return the line of the rule below the heads, and the columns of cells between its dashes."""
    cells = terminal.cells
    rule = next(n for n, line in enumerate(cells) if line[0] == "─")
    width = max(n for n, cell in enumerate(cells[rule]) if cell == "─")
    return rule, [n for n in range(width) if cells[rule][n] == " "]


def assert_lined_up(terminal: Terminal) -> None:
    """Check that every line from the heads to the summary is blank between the dashes of the
    rule."""
    rule, between = gaps_between_columns(terminal)
    table = terminal.scrolled.index("", rule)
    assert table > rule + 1
    for line in terminal.cells[rule - 1 : table]:
        assert {line[column] for column in between} == {" "}, "".join(line)


def widest(terminal: Terminal) -> int:
    """Return the width in cells of the widest line ever written, without colours and cursor
    moves."""
    lines = re.split(rb"[\r\n]+", terminal.raw)
    return max(wcswidth(CODES.sub(b"", line).decode()) for line in lines)


@SIZES
def test_header_heads_rows_and_footer_are_in_this_order_while_the_stream_is_open(
    columns: int, rows: int
) -> None:
    gate = threading.Event()
    steps: Steps = [(0.0, block({"a": 1}, event="greeting", id="7")), (gate, block("second"))]
    with watching(steps, columns=columns, rows=rows) as terminal:
        terminal.wait_for("1 event ")
        header, heads, rule, row, footer = terminal.lines
        assert re.match(r"200 OK  text/event-stream; charset=utf-8  HTTP/1\.1  headers in ", header)
        assert heads.split() == ["#", "time", "gap", "event", "id", "data"]
        assert set(rule) == {"─", " "} and len(rule) == columns
        assert ROW.match(row) and row.split()[3:] == ["greeting", "7", '{"a":', "1}"]
        assert FOOTER.fullmatch(footer) and "1 event " in footer
        # At the footer's start, where it stays however narrow the window becomes.
        cursor = terminal.screen.cursor
        assert (cursor.x, cursor.y) == (0, len(terminal.lines) - 1)
        gate.set()
        assert terminal.finish() == 0


@SIZES
def test_a_summary_of_ending_counts_firsts_and_gaps_replaces_the_footer(
    columns: int, rows: int
) -> None:
    gate = threading.Event()
    steps: Steps = [(0.0, block("1")), (0.0, block("2")), (gate, block("3"))]
    with watching(steps, columns=columns, rows=rows) as terminal:
        terminal.wait_for("2 events")
        gate.set()
        terminal.finish()
        assert not any(map(FOOTER.fullmatch, terminal.scrolled))
        assert numbers(terminal.lines) == [1, 2, 3]
        blank, ending, amounts, phases, firsts, gaps = terminal.lines[-6:]
        assert (blank, ending) == ("", "eof  the body ended as HTTP says it should")
        assert re.fullmatch(r"3 events  27 B  in \d+(\.\d+)?m?s", amounts)
        assert re.fullmatch(r"headers(,| \S+s ) first byte(,| \S+s  first) event \S+s", firsts)
        assert re.fullmatch(r"(setup \S+s  )?dns \S+s  connect \S+s  .*wait \S+s.*", phases)
        assert re.fullmatch(r"gaps p50 \S+s  p95 \S+s  max \S+s  [▁-█]{2}", gaps)


@pytest.mark.parametrize(
    ("body", "row"),
    [
        (b"data: %s\n\n" % (b"x" * 60), "too-large, line 1, 67 bytes: data: xxx"),
        (b"data: %s\n" % (b"x" * 20) * 3, "too-large, event at line 3, 81 bytes: "),
    ],
)
def test_a_row_says_whether_a_line_or_an_event_was_too_large(body: bytes, row: str) -> None:
    with watching([(0.0, body)], "--max-size", "50") as terminal:
        terminal.finish()
        assert row in terminal.text


def test_the_summary_has_the_time_of_the_first_value_of_a_query() -> None:
    blocks = [block({"a": None}), block({"a": "hi"})]
    with watching(at_once(blocks), "-q", "a") as terminal:
        terminal.finish()
        assert re.search(r"event(,| \S+s  first) value \S+s", terminal.text)


@pytest.mark.parametrize("columns", [30, 40, 50, 60])
def test_a_narrow_terminal_keeps_figures_and_labels_on_one_line(columns: int) -> None:
    blocks = [block({"a": 1}), block({"a": 2}), b"event: end\n\n"]
    with watching(at_once(blocks), "-q", "a", columns=columns) as terminal:
        terminal.finish()
        summary = terminal.lines[terminal.lines.index("") :]
        assert not [line for line in summary if re.search(r"(headers|value|event|byte)$", line)]
        words = " ".join(line.strip() for line in summary)
        assert "1 ignored line: a browser drops such lines in silence" in words


@SIZES
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--full",),
        ("--all",),
        ("-q", "v"),
        ("-q", "v", "-q", "again=v", "-q", "nothing.there"),
        ("-q", "v", "-q", "again=v", "--full"),
    ],
    ids=" ".join,
)
def test_columns_line_up_whatever_their_text(
    columns: int, rows: int, options: tuple[str, ...]
) -> None:
    blocks = [block({"v": text}, event=text.strip(), id=text.strip()) for text in STRANGE]
    blocks += [block(text, id="plain") for text in STRANGE]
    blocks += [f": {text}\nfield {text}\n\n".encode() for text in STRANGE]
    with watching(at_once(blocks), *options, columns=columns, rows=rows) as terminal:
        assert terminal.finish() == 0
        assert_lined_up(terminal)
        assert widest(terminal) == columns
        assert numbers(terminal.scrolled) == list(range(1, 2 * len(STRANGE) + 1))


@pytest.mark.parametrize("columns", [20, 40, 41, 79, 100, 119, 120, 160, 400])
def test_no_line_of_the_table_is_wider_than_the_terminal(columns: int) -> None:
    gate = threading.Event()
    blocks = [block(text * 20, event=text, id=text) for text in STRANGE if "\t" not in text]
    steps: Steps = [*at_once(blocks), (gate, block("last"))]
    with watching(steps, "--no-summary", columns=columns, rows=50) as terminal:
        terminal.wait_for(lambda: len(blocks) in numbers(terminal.lines))
        terminal.wait_for(f"{len(blocks)} events"[: columns - 10])
        gate.set()
        terminal.finish()
        assert widest(terminal) <= columns
        assert numbers(terminal.lines) == list(range(1, len(blocks) + 2))


@SIZES
def test_rows_scroll_up_and_each_event_is_printed_once(columns: int, rows: int) -> None:
    blocks = [block(f"<{n}>") for n in range(1, 301)]
    with watching(at_once(blocks), columns=columns, rows=rows) as terminal:
        assert terminal.finish() == 0
        assert numbers(terminal.scrolled) == list(range(1, 301))
        assert terminal.scrolled[0].startswith("200 OK")
        assert "<1>" not in terminal.text and "<300>" in terminal.text
        assert [terminal.raw.count(b"<%d>" % n) for n in range(1, 301)] == [1] * 300


def test_the_column_of_a_query_shows_its_value_or_a_dot() -> None:
    blocks = [block({"choices": [{"delta": {"content": "Hi"}}]}), block("[DONE]")]
    with watching(at_once(blocks), "-q", "choices[0].delta.content") as terminal:
        terminal.finish()
        heads, _, first, last = terminal.lines[1:5]
        assert heads.endswith(" choices[0].delta.content")
        assert (first.split()[-1], last.split()[-1]) == ("Hi", "·")


def test_three_queries_are_three_columns_under_their_names() -> None:
    values = {"s": "text", "o": {"k": [1, 2]}, "n": None, "b": True}
    queries = ("-q", "first=s", "-q", "o", "-q", "last=b")
    with watching([(0.0, block(values))], *queries, columns=200, rows=50) as terminal:
        terminal.finish()
        heads, _, row = terminal.lines[1:4]
        assert heads.split()[5:] == ["first", "o", "last"]
        assert row.split()[4:] == ["text", '{"k":[1,2]}', "true"]
        assert [heads.index(name) for name in ("first", " o ", "last")] == [
            row.index(value) for value in ("text", ' {"k"', "true")
        ]


def test_full_wraps_all_data_inside_its_column() -> None:
    data = json.dumps({"text": "".join(f"<{n}>" for n in range(200))})
    with watching([(0.0, block(data)), (0.0, block("one\ntwo"))], "--full") as terminal:
        terminal.finish()
        rule, between = gaps_between_columns(terminal)
        start = between[-1] + 1
        lines = terminal.scrolled[rule + 1 : terminal.scrolled.index("", rule)]
        assert all(not line[:start].strip() for line in lines if not ROW.match(line))
        assert "".join(line[start:] for line in lines) == data + "onetwo"
        assert [line[start:] for line in lines[-2:]] == ["one", "two"]


def test_a_cut_line_ends_in_an_ellipsis_and_an_event_type_is_cut_in_the_middle() -> None:
    blocks = [block("x" * 500, event="response.output_text.delta")]
    with watching(at_once(blocks)) as terminal:
        terminal.finish()
        row = terminal.lines[3]
        assert row.endswith("xx…") and len(row) == 80
        assert re.search(r" \S*…\S*\.?delta ", row)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(40, "ock_delta"), (50, "block_delta"), (60, "block_delta")],
)
def test_a_narrow_terminal_omits_the_gap_and_shows_the_end_of_a_type(
    columns: int, shown: str
) -> None:
    blocks = [block("x" * 500, event="content_block_delta"), block("y", event="ping")]
    with watching(at_once(blocks), columns=columns) as terminal:
        terminal.finish()
        heads, _, row, ping = terminal.lines[1:5]
        assert heads.split() == ["#", "time", "event", "id", "data"]
        assert row.split()[2] == f"…{shown}" and len(row) == columns
        assert ping.split()[2:] == ["ping", "y"]
        assert_lined_up(terminal)


def test_all_adds_rows_for_comments_and_retries_instead_of_a_count() -> None:
    steps = [(0.0, b": keep-alive\nretry: 2500\n\ndata: x\n\n")]
    with watching(steps, "--all") as terminal:
        terminal.finish()
        assert re.search(r"^ +\d+\.\d+ +comment +keep-alive$", terminal.text, re.MULTILINE)
        assert re.search(r"^ +\d+\.\d+ +retry +reconnection time 2500 ms$", terminal.text, re.M)
    with watching(steps) as terminal:
        terminal.finish()
        assert "keep-alive" not in terminal.text and "2500" not in terminal.text
        assert "not shown: 1 comment, 1 retry line (--all shows them)" in terminal.text


def test_lines_that_a_browser_drops_are_shown_by_default() -> None:
    body = b"foo: bar\nretry: soon\nid: a\0b\n\nevent: end\n\ndata: x\n\ndata: cut"
    with watching([(0.0, body)], columns=100) as terminal:
        assert terminal.finish() == 5
        for words in (
            "unknown-field, line 1: foo: bar",
            "bad-retry, line 2: retry: soon",
            r"null-in-id, line 3: id: a\x00b",
            "no-data, line 5: event: end",
            "incomplete, line 9: data: cut",
        ):
            assert words in terminal.text
        assert "5 ignored lines: a browser drops such lines in silence" in terminal.text
        assert_lined_up(terminal)


def test_empty_data_is_marked() -> None:
    with watching([(0.0, b"data\n\n")]) as terminal:
        terminal.finish()
        assert terminal.lines[3].split()[-2:] == ["message", "(empty)"]


@pytest.mark.parametrize("to", [50, 120])
def test_a_resized_window_gets_new_heads_and_rows_of_the_new_width(to: int) -> None:
    gate = threading.Event()
    steps: Steps = [(0.0, block("x" * 500)), (gate, block("y" * 500))]
    with watching(steps) as terminal:
        terminal.wait_for("1 event ")
        terminal.resize(to, 24)
        gate.set()
        terminal.finish()
        before, after = (line for line in terminal.lines if ROW.match(line))
        assert (len(before), len(after)) == (min(80, to), to)
        rules = [line for line in terminal.lines if line.startswith("───── ")]
        assert [len(rule) for rule in rules] == [min(80, to), to]
        assert not any(map(FOOTER.fullmatch, terminal.lines))


def test_a_window_made_narrower_than_the_footer_loses_no_row() -> None:
    gate, last = threading.Event(), threading.Event()
    steps: Steps = [(0.0, b"".join(block("x") for _ in range(5))), (gate, block("y")), (last, b"")]
    with watching(steps) as terminal:
        terminal.wait_for("5 events")
        terminal.resize(30, 24)
        gate.set()
        terminal.wait_for(lambda: 6 in numbers(terminal.lines))
        last.set()
        terminal.finish()
        assert numbers(terminal.lines) == [1, 2, 3, 4, 5, 6]


def test_a_terminal_that_rewraps_its_lines_keeps_one_footer_and_every_row() -> None:
    other_programs.program("tmux")
    gate, last = threading.Event(), threading.Event()
    steps: Steps = [(0.0, b"".join(block("x") for _ in range(5))), (gate, block("y")), (last, b"")]
    with (
        running(Server({"s": Scenario.of("s", steps)})) as url,
        Tmux([*SSE, f"{url}/s"], columns=80) as window,
    ):
        window.wait_for(lambda: "5 events" in window.lines[-1])
        window.resize(30, 24)
        gate.set()
        window.wait_for(lambda: 6 in numbers(window.lines) and "6 ev" in window.lines[-1])
        shown = window.lines
        window.resize(80, 24)
        window.wait_for(lambda: FOOTER.fullmatch(window.lines[-1]) is not None)
        again = window.lines
        last.set()
    for lines in (shown, again):
        assert numbers(lines) == [1, 2, 3, 4, 5, 6]
        assert len([line for line in lines if re.match(r"\d+\.\ds  ", line)]) == 1, lines


MIXED = [
    block({"v": "naïve → 中文 😀"}, event="日本", id="é"),
    b"foo: \xff\n\n",
    block("plain"),
]


@pytest.mark.parametrize(
    ("options", "env"),
    [((), {"NO_COLOR": "1"}), (("--color", "never"), {})],
    ids=["NO_COLOR", "--color never"],
)
def test_no_color_means_no_colour(options: tuple[str, ...], env: dict[str, str]) -> None:
    with watching(at_once(MIXED), *options, env=env) as terminal:
        assert terminal.finish() == 0
        assert not COLOR.search(terminal.raw)
        assert numbers(terminal.lines) == [1, 2]


def test_a_terminal_gets_colours_unless_disabled() -> None:
    for options, env in [((), {}), (("--color", "always"), {"NO_COLOR": "1"})]:
        with watching(at_once(MIXED), *options, env=env) as terminal:
            terminal.finish()
            assert COLOR.search(terminal.raw)


def test_a_dumb_terminal_gets_no_control_sequence_and_no_footer() -> None:
    gate = threading.Event()
    steps: Steps = [*at_once(MIXED), (gate, block("last"))]
    with watching(steps, "--all", env={"TERM": "dumb"}) as terminal:
        terminal.wait_for("plain")
        gate.set()
        assert terminal.finish() == 0
        assert b"\x1b" not in terminal.raw
        assert terminal.raw.count(b"\r") == terminal.raw.count(b"\r\n")
        assert not any(map(FOOTER.fullmatch, terminal.scrolled))


@SIZES
def test_the_width_of_a_dumb_terminal_is_respected(columns: int, rows: int) -> None:
    env = {"TERM": "dumb"}
    with watching([(0.0, block("x" * 500))], columns=columns, rows=rows, env=env) as terminal:
        terminal.finish()
        assert widest(terminal) == columns
        assert_lined_up(terminal)


@pytest.mark.parametrize(
    ("options", "colored"), [("-o table", False), ("-o table --color always", True)]
)
def test_a_table_in_a_pipe_has_no_footer_and_colours_only_on_request(
    options: str, colored: bool
) -> None:
    gate = threading.Event()
    steps: Steps = [(0.0, block("first")), (gate, block("second"))]
    with watching(steps, shell=f"$SSE {options} | cat") as terminal:
        terminal.wait_for("first")
        gate.set()
        assert terminal.finish() == 0
        assert bool(COLOR.search(terminal.raw)) is colored
        assert not re.search(rb"\x1b\[[0-9;]*[^0-9;m]|\r(?!\n)", terminal.raw)
        assert numbers(terminal.lines) == [1, 2]
        assert_lined_up(terminal)


def test_the_c_locale_gets_utf_8_as_python_does() -> None:
    with watching(at_once(MIXED), env={"LC_ALL": "C", "LANG": "C"}) as terminal:
        assert terminal.finish() == 0
        assert "中文 😀" in terminal.text
        assert_lined_up(terminal)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
@pytest.mark.parametrize("options", [(), ("--full",), ("-q", "v"), ("-o", "text"), ("-o", "csv")])
def test_another_encoding_gets_escapes_for_characters_it_lacks(
    encoding: str, options: tuple[str, ...]
) -> None:
    env = {"PYTHONIOENCODING": encoding}
    with watching(at_once(MIXED), *options, env=env, columns=150) as terminal:
        assert terminal.finish() == 0
        text = terminal.raw.decode(encoding)
        assert r"\u4e2d\u6587 \U0001f600" in text
        assert ("na\\xefve" if encoding == "ascii" else "naïve") in text


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize("options", [(), ("--full",), ("-q", "v", "-q", "missing")])
def test_escapes_for_another_encoding_keep_the_columns_and_the_width(
    encoding: str, options: tuple[str, ...]
) -> None:
    blocks = [*MIXED, block({"v": "中" * 200}, event="中" * 9, id="中" * 9), block("x" * 200)]
    env = {"PYTHONIOENCODING": encoding}
    with watching(at_once(blocks), *options, env=env) as terminal:
        terminal.finish()
        # Only the text after the last erasure of a line stays on it.
        written = [line.rsplit(b"\x1b[K", 1)[-1] for line in terminal.raw.split(b"\r\n")]
        lines = [CODES.sub(b"", line).decode(encoding) for line in written]
        assert max(map(len, lines)) <= 80
        rule = next(line for line in lines if line.startswith("-----"))
        between = [n for n, character in enumerate(rule) if character == " "]
        rows = [line.ljust(80) for line in lines if ROW.match(line)]
        assert len(rows) == 4
        assert {row[n] for row in rows for n in between} == {" "}


def test_an_error_event_has_a_row_an_ending_and_exit_code_5() -> None:
    blocks = [block("x"), block({"error": {"message": "overloaded"}}, event="error")]
    with watching(at_once(blocks)) as terminal:
        assert terminal.finish() == 5
        assert numbers(terminal.lines) == [1, 2]
        assert '{"error": {"message": "overloaded"}}' in terminal.lines[4]
        assert "error-event" in terminal.lines  # the cause is printed once, below
        assert "error: event 2 reports an error: overloaded" in terminal.lines


@pytest.mark.parametrize("options", [(), ("-o", "table"), ("-o", "text"), ("-o", "jsonl")])
def test_a_refused_reply_is_shown_with_status_headers_body_error_and_hint(
    options: tuple[str, ...],
) -> None:
    body = b'{"error":{"message":"Incorrect API key","type":"auth"}}'
    headers = [("X-Request-Id", "req_1"), ("Set-Cookie", "session=secret")]
    reply: Any = {"status": 401, "content_type": "application/json", "headers": headers}
    with watching([(0.0, body)], *options, rows=40, **reply) as terminal:
        assert terminal.finish() == 4
        shown = terminal.lines
        assert len([line for line in shown if "401 Unauthorized" in line]) == 2
        assert "< X-Request-Id: req_1" in shown and "< Set-Cookie: ***" in shown
        assert '    "message": "Incorrect API key",' in shown
        assert shown[-2] == "error: 401 Unauthorized"
        assert shown[-1].startswith("hint: send credentials")
        assert b"secret" not in terminal.raw


def test_an_empty_stream_gets_a_warning() -> None:
    with watching([]) as terminal:
        assert terminal.finish() == 0
        assert "empty" in terminal.lines
        warning = "warning: no event came: the body ended as HTTP says it should"
        assert warning in terminal.lines
        assert "0 events  0 B" in terminal.text
