"""The list of streams as a page: one document, no external resources, everything escaped.
`tests/interop/test_browser.py` covers its behaviour in a browser."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser

import pytest

from sse_cli.mockserver.page import document
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running

EVIL = "\"'><script>alert(1)</script>&amp;"


class Seen(HTMLParser):
    """The elements of a document, with their attributes, and the text of each element."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._last = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._last = tag

    def handle_data(self, data: str) -> None:
        self.text[self._last] = self.text.get(self._last, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def look(**streams: Scenario) -> Seen:
    seen = Seen()
    seen.feed(document.render(streams))
    return seen


def stream(body: bytes, **more: str) -> Scenario:
    return Scenario.of("x", [(0, body)], **more)  # type: ignore[arg-type]


@pytest.fixture
def base() -> Iterator[str]:
    with running(Server({"clock": bundled.load("clock")})) as url:
        yield url


def ask(base: str, method: str, accept: str) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection(base.partition("//")[2], timeout=20)) as client:
        client.request(method, "/", headers={"Accept": accept} if accept else {})
        reply = client.getresponse()
        return reply, reply.read()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("accept", ["", "*/*", "text/event-stream", "application/json"])
def test_clients_other_than_browsers_get_text(base: str, accept: str) -> None:
    reply, body = ask(base, "GET", accept)
    assert reply.getheader("Content-Type") == "text/plain; charset=utf-8"
    assert reply.getheader("Vary") == "Accept"
    assert body.startswith(b"/clock  ")


def test_a_browser_gets_a_page_whose_policy_lets_only_its_own_script_run(base: str) -> None:
    reply, body = ask(base, "GET", BROWSER)
    assert reply.getheader("Content-Type") == "text/html; charset=utf-8"
    assert reply.getheader("X-Content-Type-Options") == "nosniff"
    assert reply.getheader("Referrer-Policy") == "no-referrer"
    assert reply.getheader("Vary") == "Accept"
    policy = reply.getheader("Content-Security-Policy") or ""
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", body.decode(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_head_gets_the_head_of_the_page(base: str) -> None:
    whole, body = ask(base, "GET", BROWSER)
    bare, nothing = ask(base, "HEAD", BROWSER)
    assert nothing == b""
    assert bare.getheader("Content-Length") == whole.getheader("Content-Length") == str(len(body))


def test_the_page_has_no_external_resources() -> None:
    text = document.render({name: bundled.load(name) for name in bundled.names()})
    assert "http:" not in text
    assert "https:" not in text
    assert not re.findall(r"\b(?:src|srcset|action|@import)\b", text)
    assert all(re.fullmatch("/[a-z-]+", url) for url in re.findall(r'href="(.*?)"', text))


def test_text_from_files_is_escaped() -> None:
    body = f"event: {EVIL}\ndata: x\n\n".encode()
    seen = look(**{EVIL: stream(body, description=EVIL)})
    assert len(seen.all("script")) == 1
    (section,) = seen.all("section")
    assert json.loads(section["data-types"] or "") == [EVIL]
    assert seen.all("a") == [{"href": f"/{EVIL}"}]


def test_a_template_sign_in_a_stream_is_only_text() -> None:
    body = b"event: $name ${script}\ndata: x\n\n"
    (section,) = look(a=stream(body, description="$types $$")).all("section")
    assert json.loads(section["data-types"] or "") == ["$name ${script}"]


def test_the_types_of_all_events_are_listed_each_once() -> None:
    one = stream(b"data: 1\n\nevent: a\ndata: 2\n\nevent: a\ndata: 3\n\nevent: no-data\n\n")
    assert document.event_types(one) == ["message", "a"]
    assert document.event_types(bundled.load("clock")) == [
        "hello", "tick", "tock", "weather", "message", "haiku", "sunrise", "goodbye",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (stream(b"data: 1\n\n"), "event-stream"),
        (stream(b"{}\n", content_type="application/x-ndjson"), "other"),
        (stream(b"", content_type=""), "other"),
        (Scenario.of("x", [], status=503), "other"),
    ],
)
def test_only_event_streams_are_offered_to_event_source(made: Scenario, kind: str) -> None:
    assert [section["data-kind"] for section in look(a=made).all("section")] == [kind]
