"""Groups of options, declared once as NamedTuples and shared by commands.

If a command's parameter is a NamedTuple of `Annotated` fields, each field becomes an option, and
the command gets the filled tuple. (Creating a dataclass of forty fields takes eight times as long,
at each start.)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command` with a signature for Typer: the fields of its groups as keywords."""
    hints = get_type_hints(command, include_extras=True)
    hints.pop("return", None)
    groups: dict[str, Any] = {
        name: hint for name, hint in hints.items() if hasattr(hint, "_fields")
    }
    plain = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name not in groups
    ]
    options = [option for group in groups.values() for option in _options(group)]

    @functools.wraps(command)
    def call(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})
        command(**values)

    parameters = [*plain, *options]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def _options(group: Any) -> list[inspect.Parameter]:
    hints = group.__annotations__
    if any(not hasattr(hint, "__metadata__") for hint in hints.values()):  # strings (PEP 563)
        hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field],
            default=group._field_defaults.get(field, inspect.Parameter.empty),
        )
        for field in group._fields
    ]
