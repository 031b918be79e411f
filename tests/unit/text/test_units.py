"""Seconds, bytes and counts: in few columns, and monotonic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0ms"), (0.0000004, "0µs"), (0.000001, "1µs"), (0.0005, "500µs"), (0.00085, "850µs"),
        (0.000999, "999µs"), (0.0009996, "1ms"), (0.024, "24ms"), (0.9994, "999ms"),
        (0.9996, "1.00s"), (1.25, "1.25s"), (9.994, "9.99s"), (9.996, "10.0s"), (59.94, "59.9s"),
        (59.96, "1m00s"), (125, "2m05s"), (3599.4, "59m59s"), (3599.6, "1h00m"), (11220, "3h07m"),
    ],
)  # fmt: skip
def test_a_duration_is_formatted(value: float, text: str) -> None:
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000"), (0.4123, "0.412"), (812.001, "812.001"), (999.9994, "999.999"),
        (999.9996, "0:16:39"), (1000, "0:16:40"), (3725.9, "1:02:05"), (35999, "9:59:59"),
        (36000, "10h00m"), (99999, "27h46m"),
    ],
)  # fmt: skip
def test_a_time_since_the_start_is_formatted(value: float, text: str) -> None:
    assert units.clock(value) == text


@given(st.floats(0, 99 * 3600))
def test_no_duration_is_wider_than_its_column(value: float) -> None:
    assert len(units.seconds(value)) <= 6
    assert len(units.clock(value)) <= 7


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (980, "980 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (24_700, "24.1 KiB"),
        (2**20 - 1, "1.0 MiB"), (2**20, "1.0 MiB"), (3_355_443, "3.2 MiB"), (2**30, "1.0 GiB"),
        (5 * 2**40, "5.0 TiB"), (2**50, "1024.0 TiB"),
    ],
)  # fmt: skip
def test_bytes_have_a_binary_unit(count: int, text: str) -> None:
    assert units.size(count) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1204, "1,204 events")]
)
def test_a_number_agrees_with_its_noun(number: int, text: str) -> None:
    assert units.count(number, "event") == text


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([0, 0], ""),
        ([5], "█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([0.001, 10], "▁█"),
    ],
)
def test_a_sparkline_s_largest_value_is_a_full_bar(values: list[float], line: str) -> None:
    assert units.sparkline(values) == line
