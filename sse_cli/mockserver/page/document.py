"""The document that lists the streams of the mock server and plays each in the browser.

Rule 1: it is a single document without other resources; its Content Security Policy forbids any
other script. Rule 2: text from files and users is escaped in the document, and the script shows the
data it receives as text. Rule 3: an `EventSource` reports only event types that have a listener, so
the document lists the types of each stream.
"""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.model.events import Message
from sse_cli.model.media_type import EVENT_STREAM, essence
from sse_cli.parser.event_stream import EventStreamParser

CONTENT_TYPE: Final = "text/html; charset=utf-8"
SEARCHED_BYTES: Final = 4 * 2**20  # of a stream, for its event types
_FOLDER: Final = Path(__file__).parent
_SECTION: Final = Template("""<section data-kind="$kind" data-types="$types">
<h2><a href="/$name">/$name</a></h2> $description
<button type="button" hidden>play</button><output></output>
<ol></ol>
</section>
""")


def render(scenarios: Mapping[str, Scenario]) -> str:
    """Return the document as HTML."""
    document = Template(_read("page.html"))
    sections = "".join(_section(name, one) for name, one in scenarios.items())
    return document.substitute(style=_read("page.css"), script=_read("page.js"), streams=sections)


@cache
def headers() -> tuple[tuple[str, str], ...]:
    """Return the headers that the document needs."""
    policy = (
        "default-src 'none'",
        "connect-src 'self'",
        f"script-src '{_hash(_read('page.js'))}'",
        f"style-src '{_hash(_read('page.css'))}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return (
        ("Content-Security-Policy", "; ".join(policy)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )


def event_types(scenario: Scenario) -> list[str]:
    """Return the types of the events in a stream, over all its connections, each once."""
    return list(dict.fromkeys(_types((scenario, *scenario.later_replies))))


def _types(replies: Iterable[Scenario]) -> Iterator[str]:
    for reply in replies:
        for event in EventStreamParser().feed(reply.body[:SEARCHED_BYTES]):
            if isinstance(event, Message):
                yield event.type


def _section(name: str, scenario: Scenario) -> str:
    is_stream = scenario.status == 200 and essence(scenario.content_type) == EVENT_STREAM
    return _SECTION.substitute(
        name=html.escape(name),
        description=html.escape(scenario.description),
        kind="event-stream" if is_stream else "other",
        types=html.escape(json.dumps(event_types(scenario) if is_stream else [])),
    )


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return the source expression of an inline element (CSP 3, 2.3.1)."""
    from hashlib import sha256  # noqa: PLC0415 (for browsers only)

    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
