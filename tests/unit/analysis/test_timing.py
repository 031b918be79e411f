"""Figures from timestamps: exact where possible, close where memory has to stay constant."""

from __future__ import annotations

import math
import random
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.analysis.timing import Gaps, Timing
from sse_cli.model.events import Chunk, Opened

GAPS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200)


def gaps_of(values: list[float]) -> Gaps:
    gaps = Gaps()
    for value in values:
        gaps.add(value)
    return gaps


def exact(values: list[float], share: float) -> float:
    """Return the smallest value that at least `share` of all values do not exceed (nearest
    rank)."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


@given(GAPS, st.sampled_from([0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_percentiles_are_right_to_within_2_5_percent(values: list[float], share: float) -> None:
    assert gaps_of(values).percentile(share) == pytest.approx(exact(values, share), rel=0.025)


@given(GAPS)
def test_count_and_longest_gap_are_exact_and_no_percentile_exceeds_it(values: list[float]) -> None:
    gaps = gaps_of(values)
    assert (gaps.count, gaps.max) == (len(values), max(values))
    assert gaps.percentile(1) <= gaps.max


def test_no_gaps_and_gaps_of_zero_give_zeros() -> None:
    assert (Gaps().percentile(0.5), Gaps().max, list(Gaps().slices())) == (0.0, 0.0, [])
    zeros = gaps_of([0.0] * 5)
    assert (zeros.percentile(0.5), zeros.percentile(1.0)) == (0.0, 0.0)


@given(st.integers(0, 3000), st.randoms(use_true_random=False))
def test_slices_are_the_longest_gaps_of_equal_runs_in_order(
    number: int, dice: random.Random
) -> None:
    values = [dice.random() for _ in range(number)]
    slices = gaps_of(values).slices()
    run = 1
    while math.ceil(len(values) / run) > 32:
        run *= 2
    assert list(slices) == [max(values[i : i + run]) for i in range(0, len(values), run)]
    assert len(slices) <= 32


@given(st.lists(st.tuples(st.sampled_from([0.0, 1e-6, 0.5, 7.0]), st.integers(1, 90)), max_size=60))
def test_gaps_of_the_same_length_count_as_if_one_by_one(runs: list[tuple[float, int]]) -> None:
    together = Gaps()
    for gap, times in runs:
        together.add(gap, times)
    one_by_one = gaps_of([gap for gap, times in runs for _ in range(times)])
    assert vars(together) == vars(one_by_one)


def size(gaps: Any) -> int:
    return sum(sys.getsizeof(value) for value in vars(gaps).values())


def test_memory_does_not_grow_with_the_number_of_gaps() -> None:
    dice = random.Random(7)
    values = [dice.lognormvariate(-4, 3) for _ in range(100_000)]
    few, many = gaps_of(values[:1000]), gaps_of(values)
    assert size(many) < 3 * size(few)
    assert len(vars(many)["_buckets"]) < 600  # from a microsecond to eleven days


def test_each_first_time_is_recorded_once() -> None:
    timing = Timing()
    assert timing.headers is timing.first_byte is timing.first_event is None
    for start in (0.0, 10.0):
        timing.signal(Opened(start + 0.1, "http://h/"))
        timing.signal(Chunk(start + 0.2, b"12345"))
        timing.arrived(start + 0.2)
    assert timing.headers == 0.1
    assert timing.first_byte == timing.first_event == 0.2
    assert (timing.messages, timing.bytes, timing.last) == (2, 10, 10.2)


def test_gaps_are_measured_from_the_previous_message_and_the_first_from_the_headers() -> None:
    timing = Timing()
    timing.signal(Opened(0.5, "http://h/"))
    assert timing.arrived(0.75) == 0.25
    assert timing.arrived(1.75) == 1.0
    assert timing.arrived(1.75) == 0.0
    # The wait for the first event is not a gap.
    assert (timing.gaps.count, timing.gaps.max) == (2, 1.0)
    assert Timing().arrived(0.75) == 0.75


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 7.0]), st.integers(1, 90)), max_size=40))
def test_messages_that_arrive_together_count_as_if_one_by_one(
    reads: list[tuple[float, int]],
) -> None:
    together, one_by_one = Timing(), Timing()
    at = 0.0
    for gap, count in reads:
        at += gap
        alone = [one_by_one.arrived(at) for _ in range(count)]
        assert together.arrived(at, count) == alone[0]
        assert alone[1:] == [0.0] * (count - 1)
    assert vars(together.gaps) == vars(one_by_one.gaps)
    assert (together.messages, together.first_event) == (
        one_by_one.messages,
        one_by_one.first_event,
    )
