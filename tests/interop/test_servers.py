"""The same events from every server that nobody here wrote, by GET and by POST."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop import expected
from tests.interop.command import events, lines, reading
from tests.interop.real_servers import Town
from tests.interop.routes import NAMES, Lane
from tests.support.program import sse

pytestmark = pytest.mark.interop

BODY = '{"say": "grüße 👋"}'
WHOLE = [*expected.before("GET", ""), *expected.AFTER, expected.closed("eof")]
HTTP1 = ["node", "nginx-node", "uvicorn", "nginx-uvicorn"]
HTTP2 = ["node-h2c", "nginx-h2-node"]

every_lane = pytest.mark.parametrize("lane", NAMES, indirect=True)


def opened(lane: Lane, *arguments: str) -> dict[str, Any]:
    """The first line, with all that varies."""
    done = sse("watch", lane.stream, *lane.options, "-o", "jsonl", "--all", *arguments)
    return done.objects()[0]


@every_lane
def test_get_gives_the_same_events_from_each_server(lane: Lane) -> None:
    assert events(lane.stream, *lane.options) == WHOLE


@every_lane
def test_post_gives_the_same_events_and_the_body_arrives_whole(lane: Lane) -> None:
    told = events(lane.stream, *lane.options, "--json", BODY)
    assert told == [*expected.before("POST", BODY), *expected.AFTER, expected.closed("eof")]


@pytest.mark.parametrize(
    "lane", ["uvicorn", "node-h2c", "nginx-node", "nginx-h2-node"], indirect=True
)
def test_a_body_larger_than_any_window_arrives_whole(lane: Lane, tmp_path: Path) -> None:
    body = "0123456789abcdef" * 20_000
    file = tmp_path / "body"
    file.write_text(body)
    told = events(lane.stream, *lane.options, "--data-binary", f"@{file}")
    assert told == [*expected.before("POST", body), *expected.AFTER, expected.closed("eof")]


@every_lane
def test_the_header_tells_which_http_it_was(lane: Lane) -> None:
    line = opened(lane)
    assert line["http_version"] == lane.http_version
    types = [value for name, value in line["headers"] if name.lower() == "content-type"]
    assert [value.partition(";")[0] for value in types] == ["text/event-stream"]


@every_lane
def test_what_comes_before_a_gate_is_out_before_the_gate_opens(lane: Lane, ticket: str) -> None:
    first = expected.before("GET", "")
    url = f"{lane.stream}?ticket={ticket}"
    with reading(url, *lane.options) as output:
        told = b"".join(output.readline() for _ in first)
        assert lines(told) == first
        assert sse(f"{lane.base}/go?ticket={ticket}", *lane.options, "--any-type").code == 0
        assert lines(output.read()) == [*expected.AFTER, expected.closed("eof")]


@pytest.mark.parametrize("separator", ["lf", "cr", "crlf"])
@pytest.mark.parametrize("lane", ["uvicorn", "node", "nginx-node"], indirect=True)
def test_every_line_end_of_the_standard_gives_the_same_events(lane: Lane, separator: str) -> None:
    assert events(f"{lane.stream}?sep={separator}", *lane.options) == WHOLE


@pytest.mark.parametrize("separator", ["lf", "cr", "crlf"])
@pytest.mark.parametrize("lane", ["node", "node-h2c", "nginx-h2-node"], indirect=True)
def test_a_stream_that_comes_byte_by_byte_gives_the_same_events(lane: Lane, separator: str) -> None:
    assert events(f"{lane.stream}?bytes=1&sep={separator}", *lane.options) == WHOLE


@pytest.mark.parametrize("lane", ["node"], indirect=True)
def test_a_body_that_ends_with_its_connection_is_no_proven_end(lane: Lane) -> None:
    told = events(f"{lane.stream}?close=1")
    assert told == [*WHOLE[:-1], expected.closed("eof-unverified")]


@pytest.mark.parametrize("lane", [*HTTP1, *HTTP2], indirect=True)
def test_a_server_that_crashes_in_the_stream_is_told_from_one_that_ends(lane: Lane) -> None:
    done = sse(f"{lane.stream}?cut=1", *lane.options, "-o", "jsonl", "--all")
    assert lines(done.out) == [*expected.before("GET", ""), expected.closed("truncated")]
    assert done.code == 5
    assert done.talk.startswith("error: the connection was cut in the body")


def test_the_keep_alive_comments_of_sse_starlette_are_shown(town: Town, ticket: str) -> None:
    base = f"http://127.0.0.1:{town.uvicorn}"
    url = f"{base}/stream?ping=1&ticket={ticket}"
    with reading(url) as output:
        for _ in expected.before("GET", ""):
            output.readline()
        ping = json.loads(output.readline())
        assert ping["kind"] == "comment"
        assert ping["text"].startswith(" ping - ")
        sse(f"{base}/go?ticket={ticket}", "--any-type")
