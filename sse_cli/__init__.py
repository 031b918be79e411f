"""sse-cli: the terminal's DevTools for Server-Sent Events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sse_cli.events import Comment, Event, Ignored, Message, Retry
    from sse_cli.parser import EventStreamParser

__version__ = "0.1.0"

__all__ = ["Comment", "Event", "EventStreamParser", "Ignored", "Message", "Retry", "__version__"]


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: pytest imports this package for our plugin
    in every project (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (as the public names)

    module = import_module("sse_cli.parser" if name == "EventStreamParser" else "sse_cli.events")
    return getattr(module, name)
