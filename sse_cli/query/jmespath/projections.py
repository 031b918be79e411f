"""Lists and objects of which each item is asked: items[*], items[], values.*, items[?…]."""

from __future__ import annotations

from typing import Any

from sse_cli.query.jmespath.types import Evaluate
from sse_cli.text.json_values import is_false


def every(base: Evaluate, each: Evaluate) -> Evaluate:
    """What `each` gives for the items of a list, nulls left out; null for all else."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        return [found for item in items if (found := each(item)) is not None]

    return project


def every_flat(base: Evaluate, each: Evaluate) -> Evaluate:
    """The same of a list that is flattened before: in most events there is none, or one item."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        if len(items) == 1 and (item := items[0]).__class__ is not list:
            return [] if (found := each(item)) is None else [found]
        return [found for item in _merged(items) if (found := each(item)) is not None]

    return project


def every_value(base: Evaluate, each: Evaluate) -> Evaluate:
    """The same of an object's values."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not dict:
            return None
        return [found for item in items.values() if (found := each(item)) is not None]

    return project


def every_that(base: Evaluate, each: Evaluate, condition: Evaluate) -> Evaluate:
    """The same of a list's items of which `condition` is true."""

    def project(value: Any) -> Any:
        items = base(value)
        if items.__class__ is not list:
            return None
        kept = (item for item in items if not is_false(condition(item)))
        return [found for item in kept if (found := each(item)) is not None]

    return project


def flat(base: Evaluate) -> Evaluate:
    """A list with the items of the lists in it in their place."""

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
