"""The benchmarks work: they are listed, run, and judge a bar. No test looks at the measured values,
which depend on the machine and its load.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import corpora, expressions, measure, parsing
from tests.benchmarks.measure import OURS, Benchmark


def test_every_benchmark_is_listed_with_its_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(benchmarks.BENCHMARKS)
    assert all("≤" in line or "≥" in line for line in lines)


def test_a_quick_run_measures_checks_answers_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    assert benchmarks.main(["--quick", "--only", "expression", "--json", str(file)]) == 0
    found = json.loads(file.read_text("utf-8"))
    assert [one["name"] for one in found] == [*expressions.EXPRESSIONS]
    assert all(one["samples"][OURS] for one in found)
    assert "3 comparisons" in capsys.readouterr().out


def test_an_unknown_benchmark_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["--only", "nothing of the kind"]) == 2
    assert "--list" in capsys.readouterr().out


def test_ratios_compare_medians_and_a_bar_is_met_or_missed() -> None:
    samples = {OURS: [1.0, 2.0, 9.0], "peer": [4.0, 4.0, 4.0]}
    bars = (measure.faster("peer", 2), measure.faster("peer", 3), measure.at_most("peer"))
    one = Benchmark("g", "n", bars, lambda _setting, _names: samples)
    found = measure.findings(one, samples)
    assert [finding.value for finding in found] == [2.0, 2.0, 0.5]
    assert [finding.met for finding in found] == [True, False, None]


def test_a_bar_whose_peer_is_missing_is_left_out() -> None:
    one = Benchmark("g", "n", (measure.faster("peer", 2),), lambda _setting, _names: {})
    assert measure.findings(one, {OURS: [1.0]}) == []


def test_runs_alternate_and_each_round_begins_with_another_one() -> None:
    order: list[str] = []
    runs = {name: lambda name=name: order.append(name) or 0.0 for name in "abc"}  # type: ignore[func-returns-value]
    measure.interleaved(runs, 3)
    assert "".join(order) == "abcbcacab"


def test_a_corpus_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    bodies = set()
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        bodies.add(corpora.of_size(folder, corpora.spec_rich, 200_000).read_bytes())
    assert len(bodies) == 1


def test_the_spec_rich_corpus_has_the_features_of_the_standard(tmp_path: Path) -> None:
    body = corpora.of_size(tmp_path, corpora.spec_rich, 200_000).read_bytes()
    assert all(line in body for line in (b"\r\n", b"\n: keep-alive", b"\nid: ", b"\nretry: "))
    messages = [one for one in parsing.ours([body]) if getattr(one, "data", "")]
    assert max(len(one.data) for one in messages) >= 65536
    assert any("\n" in one.data for one in messages[:10])
