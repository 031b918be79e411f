"""Projections, which evaluate an expression for each item: items[*], items[], values.*, items[?…].

Each function returns a closure. Its value is a list without nulls, or null if `base` has a value of
another type.
"""

from __future__ import annotations

from typing import Any

from sse_cli.query.jmespath.types import Evaluate
from sse_cli.text.json_values import is_false


def project_list(base: Evaluate, each: Evaluate) -> Evaluate:
    """Evaluate `each` for the items of a list."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        return [result for item in items if (result := each(item)) is not None]

    return project


def project_flattened(base: Evaluate, each: Evaluate) -> Evaluate:
    """Evaluate `each` for the items of a flattened list.

    In most events of wire formats the list has a single item, so that case comes first.
    """

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        if len(items) == 1 and (item := items[0]).__class__ is not list:
            return [] if (result := each(item)) is None else [result]
        return [result for item in _merged(items) if (result := each(item)) is not None]

    return project


def project_flattened_key(base: Evaluate, key: str) -> Evaluate:
    """Take the values of a key of the items of a flattened list."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        if len(items) == 1 and (item := items[0]).__class__ is dict:
            return [] if (result := item.get(key)) is None else [result]
        objects = (item for item in _merged(items) if item.__class__ is dict)
        return [result for item in objects if (result := item.get(key)) is not None]

    return project


def flatten_present(base: Evaluate) -> Evaluate:
    """Replace the lists in a list by their items, and drop nulls."""

    def flatten(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        if len(items) == 1 and (item := items[0]) is not None and item.__class__ is not list:
            return items  # a copy would be equal, and no value is ever changed
        return [item for item in _merged(items) if item is not None]

    return flatten


def project_values(base: Evaluate, each: Evaluate) -> Evaluate:
    """Evaluate `each` for the values of an object."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not dict:
            return None
        return [result for item in items.values() if (result := each(item)) is not None]

    return project


def project_filtered(base: Evaluate, each: Evaluate, condition: Evaluate) -> Evaluate:
    """Evaluate `each` for the items of a list for which `condition` is true."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        kept = (item for item in items if not is_false(condition(item)))
        return [result for item in kept if (result := each(item)) is not None]

    return project


def flatten_list(base: Evaluate) -> Evaluate:
    """Replace the lists in a list by their items."""

    def flatten(value: Any) -> Any:
        items = base(value)
        return _merged(items) if items.__class__ is list else None

    return flatten


def _merged(items: list[Any]) -> list[Any]:
    merged: list[Any] = []
    for item in items:
        if item.__class__ is list:
            merged += item
        else:
            merged.append(item)
    return merged
