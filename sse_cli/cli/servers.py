"""`sse serve` and `sse demo`: scenarios over real HTTP, to watch or to develop against."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated, Final

import typer

from sse_cli import safe, scenarios
from sse_cli.cli.opening import Wanted
from sse_cli.cli.options import OutputOptions, RecordingOptions, StreamOptions
from sse_cli.cli.watch import follow
from sse_cli.errors import UsageError
from sse_cli.render.output import is_terminal

DEFAULT_PORT: Final = 7433
# What one would ask of each scenario: the typewriter text, or the raw data.
_QUERIES: Final = {
    "openai-chat": ["text=choices[0].delta.content"],
    "openai-responses": ["delta"],
    "anthropic": ["text=delta.text || delta.thinking || delta.partial_json"],
    "gemini": ["text=candidates[0].content.parts[0].text"],
}

SPEED = Annotated[
    float, typer.Option("--speed", metavar="N", min=0, help="2 is twice as fast, 0 without waits.")
]


def serve(  # noqa: PLR0913 (Typer's: an option each)
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCENARIO]...", help="All of them by default.", show_default=False),
    ] = None,
    *,
    port: Annotated[
        int, typer.Option("-p", "--port", min=0, max=65535, help="0 takes a free one.")
    ] = DEFAULT_PORT,
    speed: SPEED = 1.0,
    fault: Annotated[
        str | None,
        typer.Option("--fault", metavar="NAME", help="Break every reply in this way."),
    ] = None,
    times: Annotated[
        int | None,
        typer.Option("--times", metavar="N", min=1, help="Only the first N replies have it."),
    ] = None,
    list_faults: Annotated[
        bool, typer.Option("--list-faults", help="Show the faults there are.")
    ] = False,
) -> None:
    """Serve scenarios on 127.0.0.1: streams as the AI APIs send them, without a key."""
    from sse_cli import faults  # noqa: PLC0415 (only servers need them)

    if list_faults:
        width = max(map(len, faults.FAULTS))
        for one in faults.FAULTS.values():
            typer.echo(f"{one.name:{width}}  {one.description}")
        return
    if times is not None and fault is None:
        raise UsageError("--times limits --fault", "sse serve --list-faults shows what there is")
    broken = faults.named(fault) if fault else None
    from sse_cli.serve import Server, serve_forever  # noqa: PLC0415 (asyncio costs 50 ms)

    loaded = {name: scenarios.load(name) for name in names or scenarios.names()}

    def ready(url: str) -> None:
        for scenario in loaded.values():
            typer.echo(f"{url}/{scenario.name}  {safe.compact(scenario.description)}")
        typer.echo("Ctrl-C ends it", err=True)
        sys.stdout.flush()

    server = Server(loaded, port=port, speed=speed, fault=broken, times=times)
    serve_forever(server, ready)


def demo(
    stream: StreamOptions,
    keeping: RecordingOptions,
    output: OutputOptions,
    name: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="sse serve lists them.")
    ] = "openai-chat",
    speed: SPEED = 1.0,
) -> None:
    """Watch a realistic AI stream, at once and offline: a server inside, a real socket between."""
    from sse_cli.serve import Server, running  # noqa: PLC0415 (asyncio costs 50 ms)

    scenario = scenarios.load(name)
    if stream.query is None and name in _QUERIES and output.output is None:
        stream = replace(stream, query=_QUERIES[name])
    with running(Server({name: scenario}, speed=speed)) as url:
        if is_terminal():
            queries = "".join(f" -q '{query}'" for query in stream.query or ())
            typer.echo(f"$ sse {url}/{name}{queries}", err=True)
        # An empty proxy: one in the environment would capture loopback, too.
        wanted = Wanted(f"{url}/{name}", [("proxy", "")], keeping=keeping)
        code = follow(wanted, stream, output)
    raise typer.Exit(code)
