"""Values of options: durations, sizes and statuses, and the errors for invalid ones."""

from __future__ import annotations

import pytest

from sse_cli.model.errors import UsageError
from sse_cli.request import option_values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("2s", 2), ("1m", 60), ("1h", 3600), ("1.5", 1.5), (".5", 0.5), ("0", 0)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert option_values.duration(text, "--for") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "-1", "+1", "1e3", "nan", "inf", "1 s", "1S", "٣", "1.2.3", "9" * 400, "1s\n"]
)
def test_an_invalid_duration_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(UsageError, match="expected a duration") as raised:
        option_values.duration(text, "--max-time")
    assert f"invalid --max-time {text!r}: " in raised.value.message
    assert "500ms, 2s, 1m" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("65536", 65536), ("512K", 2**19), ("16m", 2**24), ("1G", 2**30)],
)
def test_a_size_is_read_in_bytes(text: str, size: int) -> None:
    assert option_values.size(text, "--max-size") == size


@pytest.mark.parametrize(
    "text", ["", "K", "0", "0K", "-1", "1.5M", "1T", "1KB", "1 K", "٣", "9" * 19]
)
def test_an_invalid_size_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(UsageError, match="expected bytes, or 512K, 16M") as raised:
        option_values.size(text, "--max-size")
    assert f"invalid --max-size {text!r}: " in raised.value.message
    assert "--max-size 16M" in raised.value.hint


def test_statuses_are_given_one_by_one_or_as_a_class() -> None:
    assert option_values.statuses("", "--retry-on") == frozenset()
    assert option_values.statuses("429, 503,", "--retry-on") == {429, 503}
    assert option_values.statuses("5xx,404", "--retry-on") == {404, *range(500, 600)}
    assert option_values.statuses("4XX", "--retry-on") == {*range(400, 500)}


@pytest.mark.parametrize("text", ["200", "2xx", "xxx", "4x", "42", "4299", "-503", "5٣٣"])
def test_a_status_that_is_not_a_failure_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected statuses from 400 to 599") as raised:
        option_values.statuses(f"503,{text}", "--retry-on")
    assert f"invalid --retry-on {text!r}: " in raised.value.message
    assert "429,503 or 5xx" in raised.value.hint
