"""Tests that try many things: few in every run, many where there is time for it."""

from __future__ import annotations

import pytest


def count(name: str, few: int, many: int) -> pytest.MarkDecorator:
    """Run a test with `few` for its parameter `name`, and with `many` by `-m interop`."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=pytest.mark.interop)])
