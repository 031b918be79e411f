"""Chromium's `EventSource` receives from `sse serve` what our own parser says is in the stream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sse_cli.mockserver.faults.registry import FAULTS
from sse_cli.mockserver.page import document
from sse_cli.mockserver.request_log import Exchange
from sse_cli.mockserver.scenarios import bundled
from sse_cli.mockserver.scenarios.chunking import rechunk
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import FaultInjection, Server
from sse_cli.mockserver.server_thread import running
from tests.interop.browser import visit
from tests.interop.streams import Told, cases, formats, parsed, shipped

pytestmark = pytest.mark.interop

# Reads each stream to the end of its connection, a few at a time: a browser opens at most six.
LISTEN = """async (plan) => {
  const heard = {};
  const queue = Object.entries(plan);
  const hear = (name, types) => new Promise((resolve) => {
    const events = [];
    const source = new EventSource("/" + name);
    for (const type of new Set(["message", ...types]))
      source.addEventListener(type, (event) => {
        if (event instanceof MessageEvent)
          events.push([event.type, event.data, event.lastEventId]);
      });
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) return;
      source.close();
      resolve(events);
    });
  });
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift())
      heard[next[0]] = await hear(...next);
  };
  await Promise.all([1, 2, 3, 4].map(work));
  return heard;
}"""


def hear(streams: Mapping[str, Scenario], folder: Path) -> dict[str, Told]:
    """Return the messages that the browser receives."""
    plan = {name: document.event_types(one) for name, one in streams.items()}
    heard, _ = visit(streams, LISTEN, plan, folder)
    assert isinstance(heard, dict)
    return heard


def test_the_browser_receives_every_scenario_as_our_parser_reads_it(tmp_path: Path) -> None:
    streams = shipped()
    heard = hear(streams, tmp_path)
    assert heard == {name: parsed(one) for name, one in streams.items()}
    assert all(heard.values())


@pytest.mark.parametrize("cut", [None, 1, 3])
def test_the_browser_receives_every_case_of_the_corpus_as_our_parser_reads_it(
    cut: int | None, tmp_path: Path
) -> None:
    streams = {name: rechunk(one, cut) if cut else one for name, one in cases().items()}
    heard = hear(streams, tmp_path)
    wrong = {
        name: (parsed(one), heard.get(name), one.body[:200])
        for name, one in streams.items()
        if heard.get(name) != parsed(one)
    }
    assert wrong == {}
    assert sum(map(bool, heard.values())) > 150  # The other cases dispatch nothing.


def test_the_browser_receives_every_recorded_wire_format_as_our_parser_reads_it(
    tmp_path: Path,
) -> None:
    streams = formats()
    assert hear(streams, tmp_path) == {name: parsed(one) for name, one in streams.items()}


RECONNECT = """(plan) => new Promise((resolve) => {
  const ids = [];
  const source = new EventSource("/stream");
  source.onmessage = (event) => ids.push(event.lastEventId);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(ids); };
})"""


def test_a_disconnected_browser_resumes_and_is_told_when_to_stop(tmp_path: Path) -> None:
    steps = [(0.0, b"retry: 10\nid: %d\ndata: %d\n\n" % (n, n)) for n in range(1, 7)]
    streams = {"stream": Scenario.of("stream", steps)}
    cut = FaultInjection(FAULTS["cut-in-chunk"], 1)
    ids, exchanges = visit(streams, RECONNECT, None, tmp_path, stream=cut)
    assert ids == [*"123456"]
    asked = [one.last_event_id for one in exchanges if one.route == "stream"]
    assert asked == [None, b"3", b"6"]


READ = """async (plan) => {
  const read = {};
  for (const [name, url] of Object.entries(plan)) {
    const headers = {"X-API-Key": "key", "Content-Type": "application/json"};
    const asked = fetch(url, {method: "POST", headers, body: "{}"});
    read[name] = await asked.then((reply) => reply.text(), () => "refused");
    read[name + " by EventSource"] = await new Promise((resolve) => {
      const source = new EventSource(url);
      const end = (event) => { source.close(); resolve(event.data ?? "refused"); };
      source.onmessage = source.onerror = end;
    });
  }
  return read;
}"""


def test_a_page_of_another_origin_needs_cors_to_read(tmp_path: Path) -> None:
    one = {"one": Scenario.of("one", [(0, b"data: hi\n\n")])}
    exchanges: list[Exchange] = []
    listed = Server(one, cors=["*"], exchanges=exchanges)
    with running(listed) as allowed, running(Server(one)) as closed:
        plan = {"allowed": f"{allowed}/one", "closed": f"{closed}/one"}
        read, _ = visit({}, READ, plan, tmp_path)
    assert read == {
        "allowed": "data: hi\n\n",
        "allowed by EventSource": "hi",
        "closed": "refused",
        "closed by EventSource": "refused",
    }
    assert [one.method for one in exchanges] == ["OPTIONS", "POST", "GET"]  # preflight first


PLAY = """async (plan) => {
  const other = window.open("/", "_blank");
  await new Promise((resolve) => other.addEventListener("load", resolve));
  const shown = {};
  for (const section of other.document.querySelectorAll("section")) {
    const name = section.querySelector("a").textContent.slice(1);
    if (!plan.includes(name)) continue;
    const output = section.querySelector("output");
    const over = new Promise((resolve) => new MutationObserver(() => {
      if (output.textContent.includes(", ")) resolve();
    }).observe(output, {childList: true}));
    section.querySelector("button").click();
    await over;
    const rows = [...section.querySelectorAll("li")];
    shown[name] = {
      state: output.textContent,
      rows: rows.map((row) => [...row.children].map((part) => part.textContent)),
      text: section.querySelector("h2").nextSibling.textContent.trim(),
    };
  }
  return {shown, scripts: other.ran ?? null, images: other.document.images.length};
}"""


def test_the_page_plays_each_stream_and_shows_it_all_as_text(tmp_path: Path) -> None:
    evil = "<img src=x onerror=ran=1><script>ran=1</script>"
    body = f"event: <b>odd</b>\nid: <i>\ndata: {evil}\n\nevent: error\ndata: told\n\ndata: x\n\n"
    streams = {
        "evil": Scenario.of("evil", [(0, body.encode())], description=evil),
        "lines": Scenario.of("lines", [(0, b'{"a":1}\n2')], content_type="application/x-ndjson"),
        "clock": bundled.load("clock"),
    }
    told, exchanges = visit(streams, PLAY, [*streams], tmp_path)
    assert (told["scripts"], told["images"]) == (None, 0)
    shown: dict[str, Any] = told["shown"]
    assert shown["evil"]["text"] == evil
    assert shown["evil"]["rows"] == [
        ["<b>odd</b>", " <i>", f" {evil}"],
        ["error", " <i>", " told"],
        ["message", " <i>", " x"],
    ]
    assert shown["evil"]["state"] == "3 events, the connection ended"
    assert shown["lines"]["rows"] == [["", "", ' {"a":1}'], ["", "", " 2"]]
    assert shown["lines"]["state"] == "2 events, 200 OK"
    expected = [
        [kind, f" {id_}" if id_ else "", f" {data}"] for kind, data, id_ in parsed(streams["clock"])
    ]
    assert shown["clock"]["rows"] == expected
    known = {*streams, "run", "plan", "report", None}
    assert {one.route for one in exchanges} <= known
