"""The options of the commands that read a stream, except request options.

`--help` shows the common options, `--help-all` shows all.

No annotation is a string here (PEP 563), because evaluating sixty of them adds 4 ms to each start.
"""

from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from sse_cli.cli import completion

STREAM = "Stream"
OUTPUT = "Output"

Texts = list[str] | None


class Format(StrEnum):
    """The output format of `watch`."""

    TABLE = "table"
    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    RAW = "raw"


class ColorChoice(StrEnum):
    """The use of colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def show_all_help(ctx: typer.Context, value: bool) -> None:
    """Print the help with all options, for `--help-all`."""
    if value:
        for parameter in ctx.command.params:
            parameter.hidden = False  # type: ignore[attr-defined]
        typer.echo(ctx.get_help())
        raise typer.Exit


def option(*names: str, panel: str, text: str, metavar: str | None = None, **more: Any) -> Any:
    """Return an option in the style of all commands."""
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=panel, **more)


FORMAT = Annotated[
    str | None,
    option(
        "--format",
        panel=STREAM,
        metavar="NAME",
        text="Wire format, or FILE.toml; detected by default.",
        autocompletion=completion.wire_format,
    ),
]


# Options of every command.
COLOR = Annotated[
    ColorChoice,
    option("--color", panel=OUTPUT, metavar="WHEN", text="auto, always or never.", hidden=True),
]
HELP_ALL = Annotated[
    bool,
    typer.Option("--help-all", help="Show every option.", is_eager=True, callback=show_all_help),
]


class StreamOptions(NamedTuple):
    """The options that select events, and that end the stream."""

    query: Annotated[
        Texts,
        option(
            "-q",
            "--query",
            panel=STREAM,
            metavar="[NAME=]EXPR",
            text="JMESPath over the JSON data; one column each.",
        ),
    ] = None
    where: Annotated[
        str | None,
        option(
            "--where", panel=STREAM, metavar="EXPR", text="Show only events for which EXPR is true."
        ),
    ] = None
    event: Annotated[
        Texts,
        option("--event", panel=STREAM, metavar="NAME", text="Show only events of this type."),
    ] = None
    exclude: Annotated[
        Texts,
        option("--exclude", panel=STREAM, metavar="NAME", text="Hide events of this type."),
    ] = None
    max_events: Annotated[
        int | None,
        option(
            "-n",
            "--max-events",
            panel=STREAM,
            metavar="N",
            min=1,
            text="Stop after N shown events.",
        ),
    ] = None
    duration: Annotated[
        str | None,
        option("--for", panel=STREAM, metavar="TIME", text="Stop after TIME, as a success."),
    ] = None
    until: Annotated[
        str | None,
        option("--until", panel=STREAM, metavar="EXPR", text="Stop once EXPR is true."),
    ] = None


class ResumeOptions(NamedTuple):
    """The options for reconnecting and resuming, as an EventSource does."""

    reconnect: Annotated[
        bool,
        option("--reconnect", panel=STREAM, text="Reconnect when the stream ends, and resume."),
    ] = False
    max_reconnects: Annotated[
        int | None,
        option(
            "--max-reconnects",
            panel=STREAM,
            metavar="N",
            min=0,
            hidden=True,
            text="Reconnect at most N times.",
        ),
    ] = None
    last_event_id: Annotated[
        str,
        option(
            "--last-event-id",
            panel=STREAM,
            metavar="ID",
            hidden=True,
            text="Resume after the event with this ID.",
        ),
    ] = ""
    retry_delay: Annotated[
        str | None,
        option(
            "--retry-delay",
            panel=STREAM,
            metavar="TIME",
            hidden=True,
            text="Reconnection time until the server sets one (3s).",
        ),
    ] = None
    retry_on: Annotated[
        str | None,
        option(
            "--retry-on",
            panel=STREAM,
            metavar="STATUS,...",
            hidden=True,
            text="Reconnect on these statuses too: 429,503 or 5xx.",
        ),
    ] = None
    idle_timeout: Annotated[
        str | None,
        option(
            "--idle-timeout",
            panel=STREAM,
            metavar="TIME",
            text="Longest time without data (exit 6).",
        ),
    ] = None


class ReadingOptions(NamedTuple):
    """The options for reading bytes, whatever their declared type."""

    any_type: Annotated[
        bool,
        option("--any-type", panel=STREAM, hidden=True, text="Read it whatever its Content-Type."),
    ] = False
    ndjson: Annotated[
        bool,
        option("--ndjson", panel=STREAM, hidden=True, text="Read each line as a JSON message."),
    ] = False
    max_size: Annotated[
        str,
        option(
            "--max-size",
            panel=STREAM,
            metavar="SIZE",
            hidden=True,
            text="Limit of a line and an event: bytes, or 512K, 16M.",
        ),
    ] = "16M"
    speed: Annotated[
        float | None,
        option(
            "--speed",
            panel=STREAM,
            metavar="N",
            min=0,
            hidden=True,
            text="Play a recording N times as fast; 0, the default, is without waits.",
        ),
    ] = None


class RecordingOptions(NamedTuple):
    """The options for recording the stream."""

    record: Annotated[
        str | None,
        option(
            "--record", panel=OUTPUT, metavar="FILE", text="Record the stream, to show it again."
        ),
    ] = None
    force: Annotated[
        bool,
        option(
            "--force",
            panel=OUTPUT,
            hidden=True,
            text="Overwrite the file of --record; write raw bytes even to a terminal.",
        ),
    ] = False


class OutputOptions(NamedTuple):
    """The options for the output."""

    color: COLOR = ColorChoice.AUTO
    help_all: HELP_ALL = False
    output: Annotated[
        Format | None,
        option(
            "-o",
            "--output",
            panel=OUTPUT,
            metavar="FORMAT",
            text="table, text, jsonl, csv or raw. Default: table; in a pipe jsonl, text with -q.",
            show_default=False,
        ),
    ] = None
    join: Annotated[
        bool, option("-j", "--join", panel=OUTPUT, text="Print text without newlines in between.")
    ] = False
    full: Annotated[
        bool, option("--full", panel=OUTPUT, text="Wrap long data instead of cutting it.")
    ] = False
    everything: Annotated[
        bool,
        option("--all", panel=OUTPUT, text="Show comments, retries, ignored lines, lifecycle too."),
    ] = False
    summary: Annotated[
        bool | None,
        option(
            "--summary/--no-summary",
            panel=OUTPUT,
            text="Print the closing figures.",
            show_default=False,
        ),
    ] = None
