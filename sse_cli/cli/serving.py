"""The options of `sse serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import typer

DEFAULT_PORT: Final = 7433
WHERE: Final = "Where, and to whom"
HOW: Final = "How it plays"

SPEED = Annotated[
    float, typer.Option("--speed", metavar="N", min=0, help="2 is twice as fast, 0 without waits.")
]


@dataclass(frozen=True)
class ListenOptions:
    """Where it listens, and who may ask."""

    port: Annotated[
        int,
        typer.Option(
            "-p", "--port", min=0, max=65535, help="0 takes a free one.", rich_help_panel=WHERE
        ),
    ] = DEFAULT_PORT
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="The address to listen on.", rich_help_panel=WHERE
        ),
    ] = "127.0.0.1"
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Let --host be one that other machines reach.",
            rich_help_panel=WHERE,
        ),
    ] = False
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors",
            metavar="ORIGIN",
            help="Let pages of this origin read it; * for all. Repeatable.",
            rich_help_panel=WHERE,
            show_default=False,
        ),
    ] = None
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="Append a JSON object for each request.",
            rich_help_panel=WHERE,
        ),
    ] = None


@dataclass(frozen=True)
class PlayOptions:
    """How streams are played."""

    speed: SPEED = 1.0
    loop: Annotated[
        bool,
        typer.Option(
            "--loop", help="Start each stream over at its end, for ever.", rich_help_panel=HOW
        ),
    ] = False
    chunk: Annotated[
        str | None,
        typer.Option(
            "--chunk",
            metavar="N|event|whole",
            help="Write N bytes, an event, or all at a time. Default: as it is written.",
            rich_help_panel=HOW,
            show_default=False,
        ),
    ] = None
    fault: Annotated[
        str | None,
        typer.Option(
            "--fault", metavar="NAME", help="Break every reply in this way.", rich_help_panel=HOW
        ),
    ] = None
    times: Annotated[
        int | None,
        typer.Option(
            "--times",
            metavar="N",
            min=1,
            help="Only the first N replies have it.",
            rich_help_panel=HOW,
        ),
    ] = None
    list_faults: Annotated[
        bool,
        typer.Option("--list-faults", help="Show the faults there are.", rich_help_panel=HOW),
    ] = False
