"""The phases of a connection, as people and programs see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sse_cli.analysis.phases import Phases
from sse_cli.analysis.timing import Timing
from sse_cli.model.events import Opened, Phase, PhaseName
from sse_cli.render import phases
from sse_cli.render.footer import footer
from sse_cli.render.summary_lines import equal_once
from tests.support.program import sse
from tests.support.replies import whole
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n"

STATES: dict[PhaseName, str] = {
    "setup": "preparing…",
    "dns": "resolving…",
    "connect": "connecting…",
    "tls": "TLS…",
    "wait": "request sent, waiting 12.3s for the reply",
}


@pytest.mark.parametrize("name", STATES)
def test_the_live_line_tells_what_a_connection_is_doing(name: PhaseName) -> None:
    timing = Timing()
    timing.signal(Phase(0.7, name))
    assert footer(timing, 13.0).plain == f"13.0s  {STATES[name]}"


def timed(*signals: Phase | Opened) -> Phases:
    found = Phases()
    for one in signals:
        found.feed(one)
    return found


def test_short_steps_of_the_client_are_left_out() -> None:
    found = timed(
        Phase(0.0, "setup"),
        Phase(0.0001, "dns"),
        Phase(0.0021, "connect"),
        Phase(0.0031, "tls"),
        Phase(0.0171, "send"),
        Phase(0.0172, "wait"),
        Phase(0.4292, "head"),
        Opened(0.4293, "http://h/", 200),
    )
    shown = "  ".join(f"{label} {value}" for label, value in phases.figures(found))
    assert shown == "dns 2ms  connect 1ms  tls 14ms  wait 412ms"


def test_steps_to_a_proxy_are_named_so() -> None:
    steps = Phase(0.0, "dns", "proxy"), Phase(0.1, "connect", "proxy"), Phase(0.2, "proxy")
    found = timed(*steps, Phase(0.3, "tls"), Phase(0.4, "send"))
    labels = [label for label, _ in phases.figures(found)]
    assert labels == ["proxy dns", "proxy connect", "tunnel", "tls"]
    assert phases.state(timed(steps[0]), 1.0) == "proxy: resolving…"
    assert phases.state(timed(steps[2]), 1.0) == "asking the proxy for a tunnel…"


def test_equal_figures_are_shown_once() -> None:
    figures = [("headers", "5ms"), ("first byte", "7ms"), ("first event", "7ms")]
    assert equal_once(figures) == [("headers", "5ms"), ("first byte, event", "7ms")]


def test_a_replay_has_the_phases_of_the_run_and_they_add_up(tmp_path: Path) -> None:
    file = str(tmp_path / "a.rec")
    with Wire(whole(EVENT)) as server:
        live = json.loads(sse("tail", "-o", "json", "--record", file, server.origin).out)["timing"]
    assert json.loads(sse("tail", "-o", "json", file).out)["timing"] == live
    assert [*live["phases"]] == ["setup", "dns", "connect", "send", "wait", "head"]
    assert sum(live["phases"].values()) == pytest.approx(live["headers"], abs=1e-5)


def test_a_file_has_no_phases(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(EVENT)
    assert (
        "phases" not in json.loads(sse("tail", "-o", "json", "a.sse", cwd=tmp_path).out)["timing"]
    )


def test_the_log_and_the_summary_show_the_phases() -> None:
    with Wire(whole(EVENT)) as server:
        ran = sse("watch", "-v", "--summary", "-o", "text", server.origin)
    shown = [line for line in ran.talk.splitlines() if "wait " in line]
    assert len(shown) == 2
    assert all("dns " in line and "connect " in line for line in shown)
    assert shown[0].startswith("* ")


def test_the_log_of_a_failure_shows_how_far_it_came() -> None:
    with Wire(lambda peer: peer.reset()) as server:
        ran = sse("watch", "-v", server.origin)
    (shown,) = (line for line in ran.talk.splitlines() if line.startswith("* "))
    assert "wait" in shown


def silent(peer: Peer) -> None:
    peer.until_gone()


def test_a_deadline_before_the_reply_is_recorded_with_its_phase(tmp_path: Path) -> None:
    file = tmp_path / "a.rec"
    with Wire(silent) as server:
        sse("watch", "-m", "0.5", "--record", str(file), server.origin)
    kinds = [json.loads(line)[1:] for line in file.read_text().splitlines()[1:]]
    assert kinds[-2] == ["phase", {"name": "wait", "via": ""}]
    assert kinds[-1][0] == "close"
