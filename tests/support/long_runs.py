"""Tests with many repetitions: few in every run, many with `-m interop`."""

from __future__ import annotations

import pytest


def count(name: str, few: int, many: int) -> pytest.MarkDecorator:
    """Run a test with `few` for its parameter `name`, and with `many` under `-m interop`."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=pytest.mark.interop)])
