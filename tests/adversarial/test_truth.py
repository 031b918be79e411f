"""HTTP 200 does not mean success: errors outside every format, truncated answers, silence."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from sse_cli.analysis.verdict import Verdict
from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Signal,
)
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from sse_cli.query.selection import Query
from sse_cli.render.markdown import MarkdownWriter
from sse_cli.render.stdout import Output
from sse_cli.render.table import EventTable
from tests.support.program import error_and_hint, sse
from tests.support.replies import whole
from tests.support.wire import Wire

CHAT = (
    'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
)
DONE = "data: [DONE]\n\n"


def written(folder: Path, text: str) -> str:
    """Write a stream to a file; return its path."""
    path = folder / "stream.sse"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('error: {"message":"stray"}\n\ndata: {"a":1}\n\n', "line 1 reports an error: stray"),
        ("data: one\n\nerror: overloaded\n\n", "line 3 reports an error: overloaded"),
        (': hello\n\n{"error":{"message":"bare"}}', "line 3 reports an error: bare"),
        ('data: one\n\n{"error":"bare"}\n\n', "line 3 reports an error: bare"),
        ('data: one\n\n[{"error":"in an array"}]\n\n', "line 3 reports an error: in an array"),
        ('data: one\n\ndata: [{"error":"in an array"}]\n\n', "event 2 reports an error: in an"),
    ],
)
@pytest.mark.parametrize("command", ["watch", "tail"])
def test_an_error_on_a_line_of_its_own_is_an_error(
    command: str, text: str, says: str, tmp_path: Path
) -> None:
    ran = sse(command, written(tmp_path, text))
    assert ran.code == 5
    assert says in ran.talk


# The first is Gemini's, word for word.
ARRAY = '[{\n  "error": {\n    "code": 400,\n    "message": "API key not valid."\n  }\n}\n]\n'
ARRAYS = [ARRAY, json.dumps(json.loads(ARRAY)), json.dumps(json.loads(ARRAY), indent=1)]
SAYS = "event 1 reports an error: 400 API key not valid."
ERROR = {"error": {"code": 429, "message": "quota: exceeded", "details": [{"a": {}}, []]}}
LAID_OUT = json.dumps(ERROR, indent=2)


@pytest.mark.parametrize("text", ARRAYS, ids=["as sent", "on one line", "laid out"])
@pytest.mark.parametrize("command", ["watch", "tail"])
def test_an_error_in_an_array_is_an_error_from_any_source(
    command: str, text: str, tmp_path: Path
) -> None:
    reply = whole(text.encode(), "Content-Type: application/x-ndjson")
    with Wire(reply) as wire:
        runs = [sse(command, wire.origin, "-m", "30"), sse(command, "-", stdin=text.encode())]
    runs.append(sse(command, written(tmp_path, text)))
    for ran in runs:
        assert ran.code == 5
        assert SAYS in ran.talk


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAID_OUT, "line 1 reports an error: 429 quota: exceeded"),
        (LAID_OUT + "\n", "line 1 reports an error: 429 quota: exceeded"),
        (LAID_OUT.replace("\n", "\r\n") + "\r\n", "line 1 reports an error: 429 quota: exceeded"),
        ("data: one\n\n" + LAID_OUT + "\n\ndata: two\n\n", "line 3 reports an error: 429 quota: "),
        (
            ": hi\n" + LAID_OUT.replace('{\n  "', '{"', 1) + "\n",
            "line 2 reports an error: 429 quota: ",
        ),
        (textwrap.indent(LAID_OUT, "  ") + "\n", "line 1 reports an error: 429 quota: exceeded"),
        (ARRAY, "line 1 reports an error: 400 API key not valid."),
        (ARRAY.strip(), "line 1 reports an error: 400 API key not valid."),
        (ARRAYS[2], "line 1 reports an error: 400 API key not valid."),
        (ARRAY.replace("}\n]", "}]"), "line 1 reports an error: 400 API key not valid."),
        (ARRAY.replace("}\n]", "}]").strip(), "line 1 reports an error: 400 API key not valid."),
        ('{"a":1}\n' + LAID_OUT + "\n", "line 2 reports an error: 429 quota: exceeded"),
        (": hi\n" + LAID_OUT, "line 2 reports an error: 429 quota: exceeded"),
        ("event: error\n" + LAID_OUT, "line 2 reports an error: 429 quota: exceeded"),
        (textwrap.indent(LAID_OUT, "  ") + " ", "line 1 reports an error: 429 quota: exceeded"),
    ],
)
def test_an_error_over_several_lines_of_an_event_stream_is_an_error(text: str, says: str) -> None:
    with Wire(whole(text.encode())) as wire:
        runs = [sse(command, wire.origin, "-m", "30") for command in ("watch", "tail")]
    for ran in runs:
        assert ran.code == 5
        assert says in ran.talk
        assert error_and_hint(ran)[1].startswith("sse watch -o raw shows the bytes")


@pytest.mark.parametrize(
    "text",
    [
        LAID_OUT.replace("error", "data"),
        LAID_OUT.replace(":", "=", 1),  # not JSON
        LAID_OUT.replace("\n", "\ndata: x\n"),  # other lines in between
        LAID_OUT.replace("\n", "\n\n"),
        LAID_OUT[:-2] + "\n",  # never closed
        json.dumps([ERROR, {}], indent=1),
        "[\n" + "}\n" * 3000 + "]\n",
    ],
)
def test_other_ignored_lines_are_not_errors(text: str) -> None:
    with Wire(whole(text.encode() + b"\n\ndata: end\n\n")) as wire:
        ran = sse("watch", wire.origin, "-m", "30", "-o", "jsonl")
    assert ran.code == 0, ran.talk


def test_an_error_over_several_lines_is_found_wherever_it_is_split() -> None:
    text = LAID_OUT.replace("\n", "\r\n").encode()
    for cut in range(len(text) + 1):
        for pieces in ([text[:cut], text[cut:]], [text[i : i + 1] for i in range(cut, len(text))]):
            given = pieces if b"".join(pieces) == text else [text[:cut], *pieces]
            assert judged(given).ending is Ending.ERROR_EVENT, cut


def test_a_split_that_resembles_a_bracket_is_not_an_error() -> None:
    assert judged([b'{\n "error": "x"\nz']).ending is Ending.TRUNCATED


def test_lines_of_two_connections_are_not_joined_into_a_value() -> None:
    later = [b'data: x\n"error": "ghost"\n}\n\n']
    assert judged([b"{\n"], later).ending is Ending.EOF


def judged(*connections: Sequence[bytes]) -> Closed:
    """Return the ending of a stream whose connections gave these reads."""
    session, verdict = Session(), Verdict()
    signals: list[Signal] = []
    for attempt, reads in enumerate(connections, 1):
        if attempt > 1:
            signals.append(Reconnecting(0.0, attempt, 1.0, Ending.EOF))
        signals.append(Opened(0.0, "http://h/", 200, attempt=attempt))
        signals += [Chunk(0.0, data) for data in reads]
    for event in (event for signal in signals for event in session.feed(signal)):
        if isinstance(event, Ignored):
            verdict.ignored(event)
        elif isinstance(event, Reconnecting):
            verdict.reconnecting()
    *rest, closed = session.feed(Closed(0.0, Ending.EOF))
    for event in rest:
        assert isinstance(event, Ignored)
        verdict.ignored(event)
    assert isinstance(closed, Closed)
    return verdict.finish(closed)


def test_the_evidence_for_such_an_error_is_all_its_lines() -> None:
    with Wire(whole(LAID_OUT.encode() + b"\n")) as wire:
        ran = sse("check", wire.origin)
    assert '"message": "quota: exceeded"' in ran.text


@pytest.mark.parametrize("text", ['[{"a":1}]', '[{"error":1,"id":2}]', '[{"error":1},{"a":2}]'])
def test_an_array_of_data_is_data(text: str) -> None:
    ran = sse("-", "-o", "jsonl", stdin=text.encode())
    assert ran.code == 0
    assert [line["data"] for line in ran.objects()] == [json.loads(text)]


@pytest.mark.parametrize("text", ["error:\n\ndata: x\n\n", '{"ok":1}\n\ndata: x\n\n'])
def test_a_line_that_a_browser_drops_is_not_an_error_by_itself(text: str, tmp_path: Path) -> None:
    ran = sse("watch", written(tmp_path, ":\n" + text))
    assert ran.code == 0


def test_an_error_without_a_known_format_is_part_of_the_answer(tmp_path: Path) -> None:
    path = written(tmp_path, 'data: {"error":{"message":"no model","code":404}}\n\n')
    one, lines = sse("tail", path, "-o", "json"), sse("tail", path, "-o", "jsonl")
    assert (one.code, lines.code) == (5, 5)
    assert json.loads(one.text)["error"] == {"message": "no model", "code": 404}
    (line,) = lines.objects()
    assert (line["kind"], line["n"], line["error"]["code"]) == ("error", 1, 404)


def test_another_format_s_sentinel_does_not_end_a_format_with_its_own(tmp_path: Path) -> None:
    ran = sse("tail", written(tmp_path, CHAT + DONE), "--format", "anthropic")
    assert ran.code == 5
    assert "the end that anthropic requires is missing" in ran.talk


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-q", "nope"], "--query found no text, reasoning or tool call in any event"),
        (["--choice", "5"], "choice 5 never came, only 0"),
    ],
)
def test_an_answer_without_text_explains_why(words: list[str], says: str, tmp_path: Path) -> None:
    ran = sse("tail", written(tmp_path, CHAT + DONE), *words)
    assert (ran.code, ran.text) == (0, "")
    assert f"warning: {says}" in ran.talk


def test_tail_takes_one_query(tmp_path: Path) -> None:
    ran = sse("tail", written(tmp_path, CHAT), "-q", "a", "-q", "b")
    assert ran.code == 2
    assert "tail takes one --query" in ran.talk


@pytest.mark.parametrize(
    "text",
    ["Use List<String> here.\n", "<think>\nplan\n</think>\n", "<details>\nmore\n</details>\n"],
)
def test_html_in_an_answer_is_shown_as_written(text: str) -> None:
    console = Console(width=60, force_terminal=True)
    lines = MarkdownWriter(console, Output(), None)._rendered(text)
    shown = " ".join(line.plain.strip() for line in lines)
    assert shown == " ".join(text.split())


def test_columns_that_do_not_fit_are_reported() -> None:
    queries = [Query(f"q{n}=a") for n in range(8)]
    row = Row(Message("message", "{}", "", None, 0.0, 0, 4, n=1))
    row.values = [None] * 8
    narrow = [line.plain for line in EventTable(lambda: 60, queries).feed(row)]
    assert "not shown" in narrow[0]
    assert all(len(line) <= 60 for line in narrow[1:])
    wide = [line.plain for line in EventTable(lambda: 200, queries).feed(row)]
    assert all(f"q{n}" in wide[0] for n in range(8))
