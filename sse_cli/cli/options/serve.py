"""The options of `sse serve`."""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple

from sse_cli.cli import completion
from sse_cli.cli.options.stream import option

DEFAULT_PORT: Final = 7433
WHERE: Final = "Where, and to whom"
HOW: Final = "How it plays"


def _where(*names: str, text: str, **more: Any) -> Any:
    return option(*names, panel=WHERE, text=text, **more)


def _how(*names: str, text: str, **more: Any) -> Any:
    return option(*names, panel=HOW, text=text, **more)


SPEED = Annotated[
    float, _how("--speed", metavar="N", min=0, text="2 is twice as fast, 0 without waits.")
]


class ListenOptions(NamedTuple):
    """Where it listens, and who may ask."""

    port: Annotated[
        int,
        _where("-p", "--port", metavar="N", min=0, max=65535, text="0 takes a free one."),
    ] = DEFAULT_PORT
    host: Annotated[str, _where("--host", metavar="ADDRESS", text="The address to listen on.")] = (
        "127.0.0.1"
    )
    allow_remote: Annotated[
        bool, _where("--allow-remote", text="Let --host be one that other machines reach.")
    ] = False
    cors: Annotated[
        list[str] | None,
        _where(
            "--cors",
            metavar="ORIGIN",
            text="Let pages of this origin read it; * for all. Repeatable.",
            show_default=False,
        ),
    ] = None
    journal: Annotated[
        str | None,
        _where("--journal", metavar="FILE", text="Append a JSON object for each request."),
    ] = None


class PlayOptions(NamedTuple):
    """How streams are played."""

    speed: SPEED = 1.0
    loop: Annotated[bool, _how("--loop", text="Start each stream over at its end, for ever.")] = (
        False
    )
    chunk: Annotated[
        str | None,
        _how(
            "--chunk",
            metavar="N|event|whole",
            text="Write N bytes, an event, or all at a time. Default: as it was written.",
            show_default=False,
        ),
    ] = None
    fault: Annotated[
        str | None,
        _how(
            "--fault",
            metavar="NAME",
            text="Break every reply in this way.",
            autocompletion=completion.fault,
        ),
    ] = None
    times: Annotated[
        int | None, _how("--times", metavar="N", min=1, text="Only the first N replies have it.")
    ] = None
    list_faults: Annotated[bool, _how("--list-faults", text="Show the faults there are.")] = False
