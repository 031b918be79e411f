"""The mock server's list of streams as a page that plays each in the browser.

Rule 1: it is one document, and needs nothing from elsewhere; its policy (CSP) lets nothing else
run. Rule 2: what a file or a user supplied is escaped into the document, and the script shows
what it receives as text. Rule 3: an `EventSource` hears only the types that somebody listens
for, so the page lists those that occur in each stream.
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

KIND: Final = "text/html; charset=utf-8"
LOOKED_AT: Final = 4 * 2**20  # bytes of a stream that are searched for event types
_FOLDER: Final = Path(__file__).parent
_SECTION: Final = Template("""<section data-kind="$kind" data-types="$types">
<h2><a href="/$name">/$name</a></h2> $description
<button type="button" hidden>play</button><output></output>
<ol></ol>
</section>
""")


def render(scenarios: Mapping[str, Scenario]) -> str:
    """The document."""
    document = Template(_read("page.html"))
    sections = "".join(_section(name, one) for name, one in scenarios.items())
    return document.substitute(style=_read("page.css"), script=_read("page.js"), streams=sections)


@cache
def headers() -> tuple[tuple[str, str], ...]:
    """What a browser has to be told of the document."""
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
    """The types of the events in a stream, over all its connections, each once."""
    return list(dict.fromkeys(_types((scenario, *scenario.later_replies))))


def _types(replies: Iterable[Scenario]) -> Iterator[str]:
    for reply in replies:
        for event in EventStreamParser().feed(reply.body[:LOOKED_AT]):
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
    """A source expression for an inline element (CSP 3, 2.3.1)."""
    from hashlib import sha256  # noqa: PLC0415 (only a browser's visit needs it)

    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
