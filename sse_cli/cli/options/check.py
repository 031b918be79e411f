"""The options of `sse check`: what is expected, and what happens to the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from sse_cli.cli import completion
from sse_cli.cli.options.stream import (
    COLOR,
    FORMAT,
    HELP_ALL,
    OUTPUT,
    STREAM,
    ColorChoice,
    Texts,
    option,
)

EXPECTATIONS = "Expectations"
MANY = "Many streams"


def _expectation(*names: str, text: str, metavar: str | None = None, **more: Any) -> Any:
    more |= {"panel": EXPECTATIONS, "show_default": False}
    return option(*names, text=text, metavar=metavar, **more)


class CheckFormat(StrEnum):
    """What `check` writes."""

    TEXT = "text"
    JSON = "json"


def _show_schema(value: bool) -> None:
    if value:
        from sse_cli.check import json_schema  # noqa: PLC0415 (for those who ask for it)

        typer.echo(json_schema.text(), nl=False)
        raise typer.Exit


class ExpectationOptions(NamedTuple):
    """What is expected; each field is named after its option, and after its key in a file."""

    status: Annotated[
        str | None, _expectation("--status", metavar="N", text="The reply's HTTP status.")
    ] = None
    ending: Annotated[
        str | None,
        _expectation(
            "--ending",
            metavar="NAME,...",
            text="How it ends: done, eof, truncated, …; by default whole and without an error.",
            autocompletion=completion.ending,
        ),
    ] = None
    min_events: Annotated[
        str | None, _expectation("--min-events", metavar="N", text="At least N events.")
    ] = None
    first_event_within: Annotated[
        str | None,
        _expectation("--first-event-within", metavar="TIME", text="Time to the first event."),
    ] = None
    first_content_within: Annotated[
        str | None,
        _expectation("--first-content-within", metavar="TIME", text="Time to the first text."),
    ] = None
    max_gap: Annotated[
        str | None,
        _expectation("--max-gap", metavar="TIME", text="Longest time between two events."),
    ] = None
    total_within: Annotated[
        str | None, _expectation("--total-within", metavar="TIME", text="Time for it all.")
    ] = None
    text: Annotated[
        Texts, _expectation("--text", metavar="REGEX", text="Found in the answer's text.")
    ] = None
    valid_json: Annotated[
        bool, _expectation("--valid-json", text="The data of every event is JSON, or [DONE].")
    ] = False
    no_ignored: Annotated[
        bool, _expectation("--no-ignored", text="Nothing that a browser would drop.")
    ] = False
    expect_event: Annotated[
        Texts,
        _expectation("--expect-event", metavar="NAME[=N]", text="One event of a type, or just N."),
    ] = None
    any: Annotated[
        Texts, _expectation("--any", metavar="EXPR", text="JMESPath, true of any event's data.")
    ] = None
    all_match: Annotated[
        Texts, _expectation("--all-match", metavar="EXPR", text="The same, of every event's.")
    ] = None
    expect: Annotated[
        Texts,
        _expectation(
            "--expect", metavar="EXPR", text="JMESPath, true of the answer of tail -o json."
        ),
    ] = None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names and values of what was asked for; a flag's value is ""."""
        for name, value in zip(self._fields, self, strict=True):
            if value is None or value is False:
                continue
            for text in value if isinstance(value, list) else [value]:
                yield name.replace("_", "-"), "" if text is True else text


class CheckOptions(NamedTuple):
    """What to read of the stream, how often, and where the verdict goes."""

    color: COLOR = ColorChoice.AUTO
    help_all: HELP_ALL = False
    format: FORMAT = None
    max_events: Annotated[
        int | None,
        option(
            "-n", "--max-events", panel=STREAM, metavar="N", min=1, text="Judge the first N only."
        ),
    ] = None
    until: Annotated[
        str | None,
        option("--until", panel=STREAM, metavar="EXPR", text="Judge up to where EXPR is true."),
    ] = None
    only: Annotated[
        Texts,
        option("--only", panel=MANY, metavar="NAME", text="Only this stream of the .toml file."),
    ] = None
    jobs: Annotated[
        int,
        option("--jobs", panel=MANY, metavar="N", min=1, max=64, text="So many at a time."),
    ] = 1
    attempts: Annotated[
        int,
        option(
            "--attempts", panel=MANY, metavar="N", min=1, max=20, text="Try each N times at most."
        ),
    ] = 1
    keep: Annotated[
        str | None,
        option("--keep", panel=OUTPUT, metavar="DIR", text="Leave recordings of what fails there."),
    ] = None
    junit: Annotated[
        str | None,
        option("--junit", panel=OUTPUT, metavar="FILE", text="Write a JUnit XML report there."),
    ] = None
    output: Annotated[
        CheckFormat,
        option("-o", "--output", panel=OUTPUT, metavar="FORMAT", text="text or json."),
    ] = CheckFormat.TEXT
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Print the JSON Schema of .toml files.",
            is_eager=True,
            callback=_show_schema,
            rich_help_panel=MANY,
        ),
    ] = False
