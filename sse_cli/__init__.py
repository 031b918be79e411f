"""sse-cli: the terminal's DevTools for Server-Sent Events.

The public API is the parser and its events; it has no dependencies and does no I/O:

    from sse_cli import EventStreamParser

    parser = EventStreamParser()
    for event in parser.feed(chunk, at=0.42): ...  # Message | Comment | Retry | Ignored
    for event in parser.finish(): ...              # Ignored("incomplete") if an event was cut off

The packages in the order of the data flow, each of which imports only from packages before it:

    text/          escaping, redaction, units, JSON values
    model/         signals, events, rows, errors
    process/       signal handlers, crash reports, deferred imports
    parser/        bytes to events
    query/         JMESPath expressions over payloads
    analysis/      timing, ending and exit code of a run
    llm/           wire formats of AI APIs, and the answers they carry
    request/       the HTTP request, from options or a curl command
    transport/     a request to signals, over HTTP
    recording/     signals to and from a file
    sources/       a URL, a file or standard input to signals
    convert/       a recording to other formats
    run/           the engine: signals to observers
    check/         expectations for streams, and their reports
    mockserver/    a server of scenarios, with faults
    render/        tables, text and JSON
    cli/           commands and options
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes as long as starting the interpreter
if TYPE_CHECKING:
    from sse_cli.model.events import Comment, Event, Ignored, Message, Retry
    from sse_cli.parser.event_stream import EventStreamParser

__version__ = "0.1.0"

__all__ = ["Comment", "Event", "EventStreamParser", "Ignored", "Message", "Retry", "__version__"]


def __getattr__(name: str) -> object:
    """Import the parser and its events on first use (PEP 562), not to print the version."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sse_cli.model import events  # noqa: PLC0415
    from sse_cli.parser import event_stream  # noqa: PLC0415

    return getattr(event_stream if name == "EventStreamParser" else events, name)
