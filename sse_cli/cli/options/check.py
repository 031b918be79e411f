"""The options of `sse check`: expectations, and the handling of streams and reports."""

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
    """The output format of `check`."""

    TEXT = "text"
    JSON = "json"


def _show_schema(value: bool) -> None:
    if value:
        from sse_cli.check import json_schema  # noqa: PLC0415 (only for --schema)

        typer.echo(json_schema.text(), nl=False)
        raise typer.Exit


class ExpectationOptions(NamedTuple):
    """The expectations; each field is named like its option and its key in a check file."""

    status: Annotated[
        str | None, _expectation("--status", metavar="N", text="HTTP status of the reply.")
    ] = None
    ending: Annotated[
        str | None,
        _expectation(
            "--ending",
            metavar="NAME,...",
            text="Ending: done, eof, truncated, …; by default complete and without an error.",
            autocompletion=completion.ending,
        ),
    ] = None
    min_events: Annotated[
        str | None, _expectation("--min-events", metavar="N", text="At least N events.")
    ] = None
    first_event_within: Annotated[
        str | None,
        _expectation(
            "--first-event-within", metavar="TIME", text="Time limit for the first event."
        ),
    ] = None
    first_content_within: Annotated[
        str | None,
        _expectation(
            "--first-content-within", metavar="TIME", text="Time limit for the first text."
        ),
    ] = None
    max_gap: Annotated[
        str | None,
        _expectation("--max-gap", metavar="TIME", text="Longest time between two events."),
    ] = None
    total_within: Annotated[
        str | None,
        _expectation("--total-within", metavar="TIME", text="Time limit for the whole stream."),
    ] = None
    text: Annotated[
        Texts,
        _expectation("--text", metavar="REGEX", text="Matches somewhere in the answer's text."),
    ] = None
    complete: Annotated[
        bool, _expectation("--complete", text="The answer is whole, not cut short by a limit.")
    ] = False
    finish_reason: Annotated[
        str | None,
        _expectation(
            "--finish-reason",
            metavar="NAME,...",
            text="Why it finishes, or any; by default not for a failure.",
        ),
    ] = None
    tool_calls: Annotated[
        str | None,
        _expectation(
            "--tool-calls", metavar="WHAT", text="valid, the default: JSON arguments; or any."
        ),
    ] = None
    valid_json: Annotated[
        bool, _expectation("--valid-json", text="The data of every event is JSON, or [DONE].")
    ] = False
    no_ignored: Annotated[
        bool, _expectation("--no-ignored", text="A browser would drop nothing.")
    ] = False
    expect_event: Annotated[
        Texts,
        _expectation(
            "--expect-event", metavar="NAME[=N]", text="An event of this type; with N, exactly N."
        ),
    ] = None
    any: Annotated[
        Texts,
        _expectation("--any", metavar="EXPR", text="JMESPath, true of at least one event's data."),
    ] = None
    all_match: Annotated[
        Texts,
        _expectation("--all-match", metavar="EXPR", text="JMESPath, true of every event's data."),
    ] = None
    expect: Annotated[
        Texts,
        _expectation(
            "--expect", metavar="EXPR", text="JMESPath, true of the answer of tail -o json."
        ),
    ] = None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the names and values of the given expectations; a flag's value is ""."""
        for name, value in zip(self._fields, self, strict=True):
            if value is None or value is False:
                continue
            for text in value if isinstance(value, list) else [value]:
                yield name.replace("_", "-"), "" if text is True else text


class CheckOptions(NamedTuple):
    """The options for reading streams, for attempts and for reports."""

    color: COLOR = ColorChoice.AUTO
    help_all: HELP_ALL = False
    format: FORMAT = None
    max_events: Annotated[
        int | None,
        option(
            "-n", "--max-events", panel=STREAM, metavar="N", min=1, text="Judge only the first N."
        ),
    ] = None
    until: Annotated[
        str | None,
        option(
            "--until",
            panel=STREAM,
            metavar="EXPR",
            text="Stop at the first event for which EXPR is true.",
        ),
    ] = None
    only: Annotated[
        Texts,
        option(
            "--only", panel=MANY, metavar="NAME", text="Check only this stream of the .toml file."
        ),
    ] = None
    jobs: Annotated[
        int,
        option("--jobs", panel=MANY, metavar="N", min=1, max=64, text="Check N streams at a time."),
    ] = 1
    attempts: Annotated[
        int,
        option(
            "--attempts",
            panel=MANY,
            metavar="N",
            min=1,
            max=20,
            text="Try each stream at most N times.",
        ),
    ] = 1
    keep: Annotated[
        str | None,
        option(
            "--keep", panel=OUTPUT, metavar="DIR", text="Keep recordings of failed attempts in DIR."
        ),
    ] = None
    junit: Annotated[
        str | None,
        option("--junit", panel=OUTPUT, metavar="FILE", text="Write a JUnit XML report to FILE."),
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
