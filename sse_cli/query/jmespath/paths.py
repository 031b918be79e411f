"""Plain paths of keys and indexes, such as choices[0].delta.content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sse_cli.query.jmespath.types import Evaluate, Node


def steps_of(node: Node) -> list[str | int] | None:
    """Return the keys and indexes of a plain path, or None for any other expression."""
    kind = node["type"]
    if kind in ("field", "index"):
        return [node["value"]]
    if kind == "identity":
        return []
    if kind not in ("subexpression", "index_expression"):
        return None
    result: list[str | int] = []
    for child in node["children"]:
        steps = steps_of(child)
        if steps is None:
            return None
        result += steps
    return result


def path(steps: list[str | int]) -> Evaluate:
    """Return the function from a value to the value at the end of a path, null if missing."""
    if len(steps) == 1 and isinstance(key := steps[0], str):
        return lambda value: value.get(key) if value.__class__ is dict else None
    whole = tuple(steps)
    unrolled = _UNROLLED.get(tuple(step.__class__ for step in whole))
    if unrolled:
        return unrolled(whole)

    def walk(value: Any) -> Any:
        for step in whole:
            if value.__class__ is dict:
                value = value.get(step)
            elif value.__class__ is list and step.__class__ is int:
                value = value[step] if -len(value) <= step < len(value) else None
            else:
                return None
        return value

    return walk


def two_keys_equal(path: Sequence[Any], text: str) -> Evaluate:
    """Return the function of `data.type == 'text'`, which formats test several times per event."""
    first, second = path

    def walk(value: Any) -> bool:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                result: bool = value.get(second) == text
                return result
        return False

    return walk


def _item(path: tuple[Any, ...]) -> Evaluate:
    [index] = path
    return lambda value: (
        value[index] if value.__class__ is list and -len(value) <= index < len(value) else None
    )


def _two_keys(path: tuple[Any, ...]) -> Evaluate:
    first, second = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                return value.get(second)
        return None

    return walk


def _three_keys(path: tuple[Any, ...]) -> Evaluate:
    first, second, third = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is dict:
                value = value.get(second)
                if value.__class__ is dict:
                    return value.get(third)
        return None

    return walk


def _item_of_key_and_two_keys(path: tuple[Any, ...]) -> Evaluate:
    """Return the function of `choices[0].delta.content`, the most frequent path of all."""
    first, index, third, fourth = path

    def walk(value: Any) -> Any:
        if value.__class__ is dict:
            value = value.get(first)
            if value.__class__ is list and -len(value) <= index < len(value):
                value = value[index]
                if value.__class__ is dict:
                    value = value.get(third)
                    if value.__class__ is dict:
                        return value.get(fourth)
        return None

    return walk


# The shapes of most paths; without a loop they take half as long.
_UNROLLED: Final[dict[tuple[type, ...], Callable[[tuple[Any, ...]], Evaluate]]] = {
    (int,): _item,
    (str, str): _two_keys,
    (str, str, str): _three_keys,
    (str, int, str, str): _item_of_key_and_two_keys,
}
