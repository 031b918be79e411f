"""The same events from every third-party server, by GET and by POST."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop import expected
from tests.interop.command import events, lines, reading
from tests.interop.real_servers import Servers
from tests.interop.routes import NAMES, Route
from tests.support.program import sse

pytestmark = pytest.mark.interop

BODY = '{"say": "grüße 👋"}'
WHOLE = [*expected.before("GET", ""), *expected.AFTER, expected.closed("eof")]
HTTP1 = ["node", "nginx-node", "uvicorn", "nginx-uvicorn"]
HTTP2 = ["node-h2c", "nginx-h2-node"]

every_route = pytest.mark.parametrize("route", NAMES, indirect=True)


def opened(route: Route, *arguments: str) -> dict[str, Any]:
    """Return the first line, including the keys that vary."""
    done = sse("watch", route.stream, *route.options, "-o", "jsonl", "--all", *arguments)
    return done.objects()[0]


@every_route
def test_get_gives_the_same_events_from_each_server(route: Route) -> None:
    assert events(route.stream, *route.options) == WHOLE


@every_route
def test_post_gives_the_same_events_and_the_body_arrives_whole(route: Route) -> None:
    told = events(route.stream, *route.options, "--json", BODY)
    assert told == [*expected.before("POST", BODY), *expected.AFTER, expected.closed("eof")]


@pytest.mark.parametrize(
    "route", ["uvicorn", "node-h2c", "nginx-node", "nginx-h2-node"], indirect=True
)
def test_a_body_larger_than_any_flow_control_window_arrives_whole(
    route: Route, tmp_path: Path
) -> None:
    body = "0123456789abcdef" * 20_000
    file = tmp_path / "body"
    file.write_text(body)
    told = events(route.stream, *route.options, "--data-binary", f"@{file}")
    assert told == [*expected.before("POST", body), *expected.AFTER, expected.closed("eof")]


@every_route
def test_the_opened_line_names_the_http_version(route: Route) -> None:
    line = opened(route)
    assert line["http_version"] == route.http_version
    types = [value for name, value in line["headers"] if name.lower() == "content-type"]
    assert [value.partition(";")[0] for value in types] == ["text/event-stream"]


@every_route
def test_events_before_a_gate_are_printed_before_it_opens(route: Route, gate: str) -> None:
    first = expected.before("GET", "")
    url = f"{route.stream}?gate={gate}"
    with reading(url, *route.options) as output:
        told = b"".join(output.readline() for _ in first)
        assert lines(told) == first
        assert sse(f"{route.base}/go?gate={gate}", *route.options, "--any-type").code == 0
        assert lines(output.read()) == [*expected.AFTER, expected.closed("eof")]


@pytest.mark.parametrize("separator", ["lf", "cr", "crlf"])
@pytest.mark.parametrize("route", ["uvicorn", "node", "nginx-node"], indirect=True)
def test_every_line_end_of_the_standard_gives_the_same_events(route: Route, separator: str) -> None:
    assert events(f"{route.stream}?sep={separator}", *route.options) == WHOLE


@pytest.mark.parametrize("separator", ["lf", "cr", "crlf"])
@pytest.mark.parametrize("route", ["node", "node-h2c", "nginx-h2-node"], indirect=True)
def test_a_stream_sent_byte_by_byte_gives_the_same_events(route: Route, separator: str) -> None:
    assert events(f"{route.stream}?bytes=1&sep={separator}", *route.options) == WHOLE


@pytest.mark.parametrize("route", ["node"], indirect=True)
def test_a_body_that_ends_with_its_connection_has_an_unproven_end(route: Route) -> None:
    told = events(f"{route.stream}?close=1")
    assert told == [*WHOLE[:-1], expected.closed("eof-unverified")]


@pytest.mark.parametrize("route", [*HTTP1, *HTTP2], indirect=True)
def test_a_server_crash_in_mid_stream_differs_from_an_end(route: Route) -> None:
    done = sse(f"{route.stream}?cut=1", *route.options, "-o", "jsonl", "--all")
    assert lines(done.out) == [*expected.before("GET", ""), expected.closed("truncated")]
    assert done.code == 5
    assert done.talk.startswith(
        "error: the stream was cut in the body: RST_STREAM INTERNAL_ERROR"
        if route.http_version == "HTTP/2"
        else "error: the connection was cut in the body"
    )


@pytest.mark.parametrize("route", ["node-h2c", "node-h2"], indirect=True)
def test_a_server_that_takes_no_more_requests_ends_its_stream_first(route: Route) -> None:
    assert events(f"{route.stream}?goaway=1", *route.options) == WHOLE


def test_the_keep_alive_comments_of_sse_starlette_are_shown(servers: Servers, gate: str) -> None:
    base = f"http://127.0.0.1:{servers.uvicorn}"
    url = f"{base}/stream?ping=1&gate={gate}"
    with reading(url) as output:
        for _ in expected.before("GET", ""):
            output.readline()
        ping = json.loads(output.readline())
        assert ping["kind"] == "comment"
        assert ping["text"].startswith(" ping - ")
        sse(f"{base}/go?gate={gate}", "--any-type")
