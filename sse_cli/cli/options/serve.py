"""The options of `sse serve`."""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple

from sse_cli.cli import completion
from sse_cli.cli.options.stream import option

DEFAULT_PORT: Final = 7433
LISTEN: Final = "Address and access"
PLAY: Final = "Playback"


def _listen(*names: str, text: str, **more: Any) -> Any:
    return option(*names, panel=LISTEN, text=text, **more)


def _play(*names: str, text: str, **more: Any) -> Any:
    return option(*names, panel=PLAY, text=text, **more)


SPEED = Annotated[
    float,
    _play(
        "--speed",
        metavar="N",
        min=0,
        text="Speed of the streams: 2 is twice as fast, 0 is without waits.",
    ),
]


class ListenOptions(NamedTuple):
    """The address that the server listens on, and the access to it."""

    port: Annotated[
        int,
        _listen(
            "-p", "--port", metavar="N", min=0, max=65535, text="The port; 0 picks a free one."
        ),
    ] = DEFAULT_PORT
    host: Annotated[str, _listen("--host", metavar="ADDRESS", text="The address to listen on.")] = (
        "127.0.0.1"
    )
    allow_remote: Annotated[
        bool, _listen("--allow-remote", text="Allow a --host that other machines can reach.")
    ] = False
    cors: Annotated[
        list[str] | None,
        _listen(
            "--cors",
            metavar="ORIGIN",
            text="Let pages of this origin read the streams; * for all. Repeatable.",
            show_default=False,
        ),
    ] = None
    journal: Annotated[
        str | None,
        _listen("--journal", metavar="FILE", text="Append a JSON object for each request to FILE."),
    ] = None


class PlayOptions(NamedTuple):
    """The playback of the streams."""

    speed: SPEED = 1.0
    loop: Annotated[bool, _play("--loop", text="Repeat each stream forever.")] = False
    chunk: Annotated[
        str | None,
        _play(
            "--chunk",
            metavar="N|event|whole",
            text="Write N bytes, one event, or everything at a time. Default: the original writes.",
            show_default=False,
        ),
    ] = None
    fault: Annotated[
        str | None,
        _play(
            "--fault",
            metavar="NAME",
            text="Break every reply in this way; --list-faults lists the names.",
            autocompletion=completion.fault,
        ),
    ] = None
    times: Annotated[
        int | None, _play("--times", metavar="N", min=1, text="Break only the first N replies.")
    ] = None
    list_faults: Annotated[bool, _play("--list-faults", text="List the faults.")] = False
