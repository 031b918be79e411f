"""Every option of the commands that read a stream. Request options are curl's, by its names.

`--help` shows the options of every day, `--help-all` the rest too. The values of request
options are read from the command line in the order typed (`parsing.py`), for `-d` and its kin
are joined in that order; here they are only declared.

No annotation is a string here (PEP 563): sixty of them to evaluate take 4 ms of each start.
"""

from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from sse_cli.cli import completion

STREAM = "Stream"
OUTPUT = "Output"

Texts = list[str] | None


class Format(StrEnum):
    """What `watch` writes."""

    TABLE = "table"
    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    RAW = "raw"


class ColorChoice(StrEnum):
    """When colours are used."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def show_all_help(ctx: typer.Context, value: bool) -> None:
    """`--help-all`: the help with nothing left out."""
    if value:
        for parameter in ctx.command.params:
            parameter.hidden = False  # type: ignore[attr-defined]
        typer.echo(ctx.get_help())
        raise typer.Exit


def option(*names: str, panel: str, text: str, metavar: str | None = None, **more: Any) -> Any:
    """An option as every command declares it."""
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=panel, **more)


FORMAT = Annotated[
    str | None,
    option(
        "--format",
        panel=STREAM,
        metavar="NAME",
        text="Wire format, or FILE.toml; else detected.",
        autocompletion=completion.wire_format,
    ),
]


# How every command speaks.
COLOR = Annotated[
    ColorChoice,
    option("--color", panel=OUTPUT, metavar="WHEN", text="auto, always or never.", hidden=True),
]
HELP_ALL = Annotated[
    bool,
    typer.Option("--help-all", help="Show every option.", is_eager=True, callback=show_all_help),
]


class StreamOptions(NamedTuple):
    """What to take from the stream, and when to stop."""

    query: Annotated[
        Texts,
        option(
            "-q",
            "--query",
            panel=STREAM,
            metavar="[NAME=]EXPR",
            text="JMESPath over the JSON data; a column each.",
        ),
    ] = None
    where: Annotated[
        str | None,
        option("--where", panel=STREAM, metavar="EXPR", text="Only events where EXPR is true."),
    ] = None
    event: Annotated[
        Texts,
        option("--event", panel=STREAM, metavar="NAME", text="Only events of this type."),
    ] = None
    exclude: Annotated[
        Texts,
        option("--exclude", panel=STREAM, metavar="NAME", text="All but events of this type."),
    ] = None
    max_events: Annotated[
        int | None,
        option("-n", "--max-events", panel=STREAM, metavar="N", min=1, text="Stop after N shown."),
    ] = None
    duration: Annotated[
        str | None,
        option("--for", panel=STREAM, metavar="TIME", text="Stop after that long: a success."),
    ] = None
    until: Annotated[
        str | None,
        option("--until", panel=STREAM, metavar="EXPR", text="Stop once EXPR is true."),
    ] = None


class ResumeOptions(NamedTuple):
    """Whether and when a stream is opened again, as an EventSource does."""

    reconnect: Annotated[
        bool,
        option("--reconnect", panel=STREAM, text="Open it again when it ends, and resume."),
    ] = False
    max_reconnects: Annotated[
        int | None,
        option(
            "--max-reconnects", panel=STREAM, metavar="N", min=0, hidden=True, text="At most N."
        ),
    ] = None
    last_event_id: Annotated[
        str,
        option(
            "--last-event-id",
            panel=STREAM,
            metavar="ID",
            hidden=True,
            text="Begin after this event.",
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
            text="Reconnect on these statuses, too: 429,503 or 5xx.",
        ),
    ] = None
    idle_timeout: Annotated[
        str | None,
        option("--idle-timeout", panel=STREAM, metavar="TIME", text="Longest silence (exit 6)."),
    ] = None


class ReadingOptions(NamedTuple):
    """How bytes are read, whatever they are said to be."""

    any_type: Annotated[
        bool,
        option("--any-type", panel=STREAM, hidden=True, text="Read it whatever its Content-Type."),
    ] = False
    ndjson: Annotated[
        bool, option("--ndjson", panel=STREAM, hidden=True, text="Each line is a JSON message.")
    ] = False
    max_size: Annotated[
        str,
        option(
            "--max-size",
            panel=STREAM,
            metavar="SIZE",
            hidden=True,
            text="Largest line and event, in bytes, K or M.",
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
            text="Play a recording at N times its pace; 0, the default, at once.",
        ),
    ] = None


class RecordingOptions(NamedTuple):
    """Whether the stream is kept."""

    record: Annotated[
        str | None,
        option("--record", panel=OUTPUT, metavar="FILE", text="Keep the stream, to show it again."),
    ] = None
    force: Annotated[
        bool,
        option(
            "--force",
            panel=OUTPUT,
            hidden=True,
            text="Overwrite the file of --record; raw bytes even to a terminal.",
        ),
    ] = False


class OutputOptions(NamedTuple):
    """What to show, and how."""

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
        bool, option("-j", "--join", panel=OUTPUT, text="Text without newlines in between.")
    ] = False
    full: Annotated[
        bool, option("--full", panel=OUTPUT, text="Wrap long data instead of cutting it.")
    ] = False
    everything: Annotated[
        bool,
        option("--all", panel=OUTPUT, text="Comments, retries, ignored lines, lifecycle too."),
    ] = False
    summary: Annotated[
        bool | None,
        option(
            "--summary/--no-summary", panel=OUTPUT, text="The closing figures.", show_default=False
        ),
    ] = None
