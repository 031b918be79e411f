"""sse-cli: the terminal's DevTools for Server-Sent Events."""

from __future__ import annotations

from sse_cli.events import Comment, Event, Ignored, Message, Retry
from sse_cli.parser import EventStreamParser

__version__ = "0.1.0"

__all__ = ["Comment", "Event", "EventStreamParser", "Ignored", "Message", "Retry", "__version__"]
