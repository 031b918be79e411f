"""`-o jsonl` and `-o raw`: exact lines and bytes. The keys are a contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.events import Closed, Comment, Ending, Ignored, Message, Opened, Retry
from sse_cli.model.row import Item, Row
from sse_cli.query.selection import Query
from sse_cli.render.json_lines_renderer import JSONLinesRenderer

OPENED = Opened(
    0.25,
    "https://u:pw@h/p?key=secret",
    200,
    "OK",
    "HTTP/2",
    (("content-type", "text/event-stream"), ("set-cookie", "sid=secret")),
)


def message(data: str, **fields: Any) -> Row:
    return Row(Message(**{"type": "message", "data": data, "last_event_id": "", "id": None,
                          "at": 0.0, "offset": 0, "size": 0, "n": 1} | fields))  # fmt: skip


def line(item: Item, *queries: str, everything: bool = False) -> str:
    compiled = [Query(text) for text in queries]
    renderer = JSONLinesRenderer(compiled, everything=everything)
    if not isinstance(item, Row):
        return renderer.note(item)
    item.values = [query.search(item.payload) for query in compiled]
    return renderer.rows([item])


def test_a_message_is_one_object_with_its_keys_in_order() -> None:
    made = message('{"a": [1, "é"]}', type="tick", id="7", last_event_id="7", at=0.41234567, n=3)
    assert line(made) == (
        '{"kind":"message","n":3,"t":0.412346,"event":"tick","id":"7","last_event_id":"7",'
        '"data":{"a": [1, "\\u00e9"]}}\n'
    )


def test_queries_are_added_by_name() -> None:
    assert line(message('{"a":1}'), "a", "x=b").endswith(
        '"data":{"a":1},"query":{"a":1,"x":null}}\n'
    )


@pytest.mark.parametrize(
    ("data", "dumped"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("[DONE]", '"[DONE]"'),
        ("NaN", '"NaN"'),
        ("null", "null"),
        ('"null"', '"null"'),
        ("\x1b\u202e\u2028é", '"\\u001b\\u202e\\u2028\\u00e9"'),
        ('"\\ud83d"', '"\\ud83d"'),
        ("[" * 9000, '"' + "[" * 9000 + '"'),
        ("1e999", '"1e999"'),
        ("1.10", "1.10"),
        ("0.1000000000000000055", "0.1000000000000000055"),
        ('{"a":1,"a":2}', '{"a":1,"a":2}'),
        ('"\\/\\u0041"', '"\\/\\u0041"'),
        ('"\x7f\U0001f600"', '"\\u007f\\ud83d\\ude00"'),
        ('{\n\t"é": [\r\n1\n]}', '{  "\\u00e9": [  1 ]}'),
        (" [1]\n", " [1] "),
    ],
)
def test_data_is_the_json_as_written_or_else_the_string(data: str, dumped: str) -> None:
    assert line(message(data)).endswith(f'"data":{dumped}}}\n')


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (Comment(" hi\x1b", 1.0, 5), '{"kind":"comment","t":1.0,"text":" hi\\u001b"}'),
        (Retry(1500, 1.0, 5), '{"kind":"retry","t":1.0,"reconnection_time":1500}'),
        (
            Ignored("no-data", 3, "event: end", 1.0, 5, 12, "end", "9"),
            '{"kind":"ignored","t":1.0,"reason":"no-data","line":3,"text":"event: end",'
            '"event":"end","id":"9","offset":5,"size":12}',
        ),
        (
            Ignored("too-large", 3, "data: x", 1.0, 5, 99, part="event", limit=64),
            '{"kind":"ignored","t":1.0,"reason":"too-large","line":3,"text":"data: x",'
            '"event":null,"id":null,"offset":5,"size":99,"part":"event","limit":64}',
        ),
        (
            OPENED,
            '{"kind":"opened","t":0.25,"url":"https://u:***@h/p?key=***","status":200,'
            '"reason":"OK","http_version":"HTTP/2","headers":[["content-type",'
            '"text/event-stream"],["set-cookie","***"]],"attempt":1}',
        ),
        (
            Opened(0.0, "a?b.sse"),
            '{"kind":"opened","t":0.0,"url":"a?b.sse","status":null,"reason":"",'
            '"http_version":"","headers":[],"attempt":1}',
        ),
        (
            Closed(2.0, Ending.EOF_UNVERIFIED, "why"),
            '{"kind":"closed","t":2.0,"ending":"eof-unverified","detail":"why"}',
        ),
    ],
    ids=["comment", "retry", "ignored", "too large", "opened", "a file opened", "closed"],
)
def test_all_adds_lines_for_the_other_events(item: Item, text: str) -> None:
    assert line(item, everything=True) == text + "\n"
    assert line(item) == ""


@given(st.text(st.characters(codec=None)), st.text(), st.floats(0, 1e6))
def test_every_message_comes_back_from_its_line(data: str, kind: str, at: float) -> None:
    made = line(message(data, type=kind, at=at), "@")
    assert made.isascii()
    assert made.count("\n") == 1
    read = json.loads(made)
    assert (read["event"], read["t"]) == (kind, round(at, 6))
    assert read["data"] == read["query"]["@"] == message(data).payload
