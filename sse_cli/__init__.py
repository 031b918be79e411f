"""sse-cli: the terminal's DevTools for Server-Sent Events."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes as long to import as the interpreter to start
if TYPE_CHECKING:
    from sse_cli.model.events import Comment, Event, Ignored, Message, Retry
    from sse_cli.parser.event_stream import EventStreamParser

__version__ = "0.1.0"

__all__ = ["Comment", "Event", "EventStreamParser", "Ignored", "Message", "Retry", "__version__"]


def __getattr__(name: str) -> object:
    """Load the parser and its events when they are first asked for (PEP 562): the version is told
    without them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sse_cli.model import events  # noqa: PLC0415
    from sse_cli.parser import event_stream  # noqa: PLC0415

    return getattr(event_stream if name == "EventStreamParser" else events, name)
