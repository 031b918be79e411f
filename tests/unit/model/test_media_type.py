"""The media type of a reply by status and content type, and why a reply is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model import media_type
from sse_cli.model.causes import Cause
from sse_cli.model.events import Media, Opened
from tests.support.aws_event_stream import event


@pytest.mark.parametrize(
    "value",
    [
        "text/event-stream",
        "Text/Event-Stream",
        "text/event-stream;charset=utf-8",
        "text/event-stream ; charset=UTF-16; x=1",
        " \ttext/event-stream ",
        "text/event-stream;",
        'text/event-stream; a="text/html, b/c"',
        'text/event-stream; a="x\\", b/c"',
        "text/html, text/event-stream",
        "text/event-stream, */*",
        "text/event-stream, nonsense",
        "text/event-stream,",
    ],
)
def test_an_event_stream_is_recognised_by_its_essence(value: str) -> None:
    assert media_type.media(200, value) == "event-stream"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        ";",
        "text",
        "text/",
        "/event-stream",
        "text/event-stream2",
        "text/event stream",
        "text/event-stream, text/html",
        "text/html; a=text/event-stream",
        'text/html; a=", text/event-stream',
        "application/json",
        "text/event-stream\u00a0",
    ],
)
def test_any_other_content_type_is_not_a_stream(value: str | None) -> None:
    assert media_type.media(200, value) == "other"


@pytest.mark.parametrize("kind", sorted(media_type.NDJSON_TYPES))
def test_ndjson_is_recognised_by_its_types(kind: str) -> None:
    assert media_type.media(200, f"{kind.upper()}; charset=utf-8") == "ndjson"


@pytest.mark.parametrize(
    ("status", "kind", "any_type", "ndjson", "expected"),
    [
        (200, "text/html", True, False, "any"),
        (200, None, True, False, "any"),
        (200, "text/event-stream", True, False, "event-stream"),
        (200, "application/vnd.amazon.eventstream", True, False, "aws-event-stream"),
        (200, "application/x-ndjson", True, False, "ndjson"),
        (200, "text/html", False, True, "ndjson"),
        (200, "text/event-stream", False, True, "ndjson"),
        (201, "text/event-stream", True, True, "other"),
        (204, "text/event-stream", False, False, "other"),
        (404, "text/event-stream", True, False, "other"),
    ],
)
def test_the_caller_may_overrule_the_type_but_not_the_status(
    status: int, kind: str | None, any_type: bool, ndjson: bool, expected: Media
) -> None:
    assert media_type.media(status, kind, any_type=any_type, ndjson=ndjson) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b'{"a":1}\n', "ndjson"),
        (b'\xef\xbb\xbf\r\n {"a":1}', "ndjson"),
        (b'[{"a":1}]\n', "ndjson"),
        (b'[\r\n  {"a":1}', "ndjson"),
        (b"[\n", "ndjson"),
        (b"[12:00:01] hello\n", "event-stream"),
        (b"[info]\n", "event-stream"),
        (b"data: {}\n", "event-stream"),
        (b": {}\n", "event-stream"),
        (b"\xef\xbb\xbfdata: x\n", "event-stream"),
        (b"", "event-stream"),
        (b'f:{"messageId":"m"}\n0:"Hello"\n', "data-stream"),
        (b'\r\n0:"Hello"', "data-stream"),
        (b'0:"Hello\n', "event-stream"),
        (b"0:7\n", "event-stream"),
        (b"10:{}\n", "event-stream"),
        (b"<html>", "other"),
        (event("a", {}), "aws-event-stream"),
        (event("a", {})[:12], "aws-event-stream"),
        (event("a", {})[:11], "event-stream"),
        (b"\0" * 12, "event-stream"),
    ],
)
def test_a_body_without_a_type_is_recognised_by_its_start(start: bytes, expected: Media) -> None:
    assert media_type.sniff(start) == expected


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("text/plain; charset=utf-8", "data-stream"),
        (None, "data-stream"),
        ("text/event-stream", "any"),
        ("application/x-ndjson", "ndjson"),
    ],
)
def test_a_data_stream_is_recognised_by_its_header(kind: str | None, media: Media) -> None:
    headers = (("X-Vercel-AI-Data-Stream", "v1"), *([("Content-Type", kind)] if kind else []))
    assert media_type.of_reply(Opened(0, "u", 200, headers=headers)) == media
    assert media_type.of_reply(Opened(0, "u", 404, headers=headers)) == "other"


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 405, 406, 415, 422, 429])
def test_a_refused_status_has_a_cause_of_its_own(status: int) -> None:
    found = media_type.refusal(Opened(0, "u", status, "Reason"))
    assert found == (f"{status} Reason", f"status-{status}")


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (304, Cause.STATUS_3XX),
        (599, Cause.STATUS_5XX),
        (299, Cause.STATUS_OTHER),
        (418, Cause.STATUS_OTHER),
        (600, Cause.STATUS_OTHER),
    ],
)
def test_any_other_status_has_the_cause_of_its_class(status: int, cause: str) -> None:
    assert media_type.refusal(Opened(0, "u", status)) == (str(status), cause)


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        (None, "302 Found without a Location"),
        ("http://", "302 Found: its Location, 'http://', leads nowhere"),
        ("ftp://h/?key=secret", "302 Found: its Location, 'ftp://h/?key=***', leads nowhere"),
    ],
)
def test_a_redirect_that_leads_nowhere_tells_its_location(
    location: str | None, detail: str
) -> None:
    headers = (("Location", location),) if location else ()
    found = media_type.refusal(Opened(0, "u", 302, "Found", headers=headers))
    assert found == (detail, Cause.STATUS_3XX)


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_requested_by_the_server_is_quoted(status: int) -> None:
    opened = Opened(0, "u", status, headers=(("Retry-After", "17"),))
    assert media_type.refusal(opened)[0] == f"{status} (Retry-After: 17)"


def test_a_long_requested_wait_is_cut_short() -> None:
    opened = Opened(0, "u", 429, headers=(("Retry-After", "1" * 60_000),))
    assert len(media_type.refusal(opened)[0]) < 100


@pytest.mark.parametrize(
    ("kind", "detail", "cause"),
    [
        ("text/html", "the reply is text/html", Cause.TYPE_HTML),
        ("application/json; x=1", "the reply is application/json", Cause.TYPE_JSON),
        ("text/plain", "the reply is text/plain", Cause.TYPE_OTHER),
        ("", "the reply has no valid Content-Type", Cause.TYPE_OTHER),
    ],
)
def test_a_refused_type_is_named_with_its_cause(kind: str, detail: str, cause: str) -> None:
    opened = Opened(0, "u", 200, "OK", headers=(("content-type", kind),))
    found = media_type.refusal(opened)
    assert found[0].startswith(detail)
    assert found[1] is cause


@given(st.text(max_size=50))
def test_no_content_type_raises_an_error(value: str) -> None:
    assert media_type.essence(value) == media_type.essence(value).strip().lower()


def test_a_long_content_type_is_read_quickly() -> None:
    assert media_type.essence('"\\' * 50_000 + "," * 50_000) == ""
