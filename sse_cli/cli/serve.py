"""`sse serve` and `sse demo`: scenarios over real HTTP, for development or to watch."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sse_cli.cli import completion
from sse_cli.cli.options.serve import SPEED, ListenOptions, PlayOptions
from sse_cli.cli.options.stream import OutputOptions, RecordingOptions, StreamOptions
from sse_cli.cli.target_settings import settings_of
from sse_cli.cli.watch import follow
from sse_cli.mockserver.scenarios import bundled
from sse_cli.model.errors import UsageError
from sse_cli.process import crash_reports
from sse_cli.render.stdout import is_terminal
from sse_cli.text import escaping

if TYPE_CHECKING:
    from sse_cli.mockserver.scenario_library import ScenarioLibrary
    from sse_cli.mockserver.server import Server

# The queries of a demo: the text that a model writes.
_QUERIES: Final = {
    "openai-chat": ["text=choices[0].delta.content"],
    "openai-responses": ["delta"],
    "openai-responses-tool": ["delta"],
    "mcp": ["params.message || result.content[0].text"],
    "anthropic": ["text=delta.text || delta.thinking || delta.partial_json"],
    "gemini": ["text=candidates[0].content.parts[0].text"],
}


def serve(
    listen: ListenOptions,
    play: PlayOptions,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="Scenarios, recordings, .sse or .ndjson files, or folders of them. "
            "Default: all scenarios.",
            show_default=False,
            autocompletion=completion.scenario,
        ),
    ] = None,
) -> None:
    """Serve streams on 127.0.0.1: as the AI APIs send them, or as you recorded them."""
    if play.list_faults:
        _list_faults()
        return
    library = _library(what or [], play)
    with ExitStack() as stack:
        server = _server(library, listen, play, stack)
        _serve(server, library, listen)


def _list_faults() -> None:
    from sse_cli.mockserver.faults.registry import FAULTS  # noqa: PLC0415 (only servers need them)

    width = max(map(len, FAULTS))
    _list((f"{fault.name:{width}}", fault.description) for fault in FAULTS.values())


def _list(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and descriptions, one per line; on a terminal in two wrapped columns."""
    if not is_terminal():
        for name, text in pairs:
            typer.echo(f"{name}  {text}".rstrip())
        return
    from sse_cli.render import console  # noqa: PLC0415 (Rich costs 40 ms)

    rows = list(pairs)
    width = max((len(name) for name, _ in rows), default=0)
    lines = [console.prose(f"{name:{width}}  ", "", text) for name, text in rows]
    console.print_lines(console.make(), lines)


def _library(what: list[str], play: PlayOptions) -> ScenarioLibrary:
    """Return the scenarios to serve, chunked and repeated as the options say."""
    from sse_cli.mockserver import scenario_library  # noqa: PLC0415 (only servers need them)
    from sse_cli.mockserver.scenarios.chunking import parse_chunking, rechunk  # noqa: PLC0415

    chunking = None if play.chunk is None else parse_chunking(play.chunk)
    library = scenario_library.collect(what)
    for name, scenario in library.scenarios.items():
        chunked = scenario if chunking is None else rechunk(scenario, chunking)
        library.scenarios[name] = chunked.looped() if play.loop else chunked
    return library


def _server(
    library: ScenarioLibrary, listen: ListenOptions, play: PlayOptions, stack: ExitStack
) -> Server:
    """Return the server that the options describe; `stack` closes its request log."""
    from sse_cli.mockserver.faults.registry import find_fault  # noqa: PLC0415 (only servers need it)
    from sse_cli.mockserver.request_log import RequestLogFile  # noqa: PLC0415
    from sse_cli.mockserver.server import Server  # noqa: PLC0415 (asyncio costs 50 ms)

    if play.times is not None and play.fault is None:
        raise UsageError("--times limits --fault", "sse serve --list-faults lists the faults")
    fault = find_fault(play.fault) if play.fault else None
    log = None if listen.journal is None else stack.enter_context(RequestLogFile(listen.journal))
    return Server(
        library.scenarios,
        host=listen.host,
        port=listen.port,
        speed=play.speed,
        fault=fault,
        times=play.times,
        cors=listen.cors or (),
        remote=listen.allow_remote,
        log=log,
    )


def _serve(server: Server, library: ScenarioLibrary, listen: ListenOptions) -> None:
    """Print the URLs, and serve until a signal ends it."""
    from sse_cli.mockserver import access_control  # noqa: PLC0415 (only servers need it)
    from sse_cli.mockserver.server_thread import serve_forever  # noqa: PLC0415

    def ready(url: str) -> None:
        _list(
            (f"{url}/{name}", escaping.compact(scenario.description))
            for name, scenario in library.scenarios.items()
        )
        if not access_control.is_loopback(listen.host):
            host = escaping.compact(listen.host)
            crash_reports.say(f"warning: anyone who can reach {host} can read these streams")
        for note in library.notes:
            crash_reports.say(f"note: {note}")
        crash_reports.say(f"open {url}/ in a browser to play them; Ctrl-C stops the server")
        sys.stdout.flush()

    serve_forever(server, ready)


def demo(
    stream: StreamOptions,
    recording: RecordingOptions,
    output: OutputOptions,
    name: Annotated[
        str,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A bundled scenario; sse serve lists them.",
            autocompletion=completion.scenario,
        ),
    ] = "openai-chat",
    speed: SPEED = 1.0,
) -> None:
    """Watch a realistic AI stream, offline: from a server inside sse, over a real socket."""
    from sse_cli.mockserver.server import Server  # noqa: PLC0415 (asyncio costs 50 ms)
    from sse_cli.mockserver.server_thread import running  # noqa: PLC0415 (asyncio costs 50 ms)

    scenario = bundled.load(name)
    if stream.query is None and name in _QUERIES and output.output is None:
        stream = stream._replace(query=_QUERIES[name])
    with running(Server({name: scenario}, speed=speed)) as url:
        if is_terminal():
            queries = "".join(f" -q '{query}'" for query in stream.query or ())
            crash_reports.say(f"$ sse {url}/{name}{queries}")
        # An empty proxy overrides the environment, whose proxy would also apply to loopback.
        settings = settings_of(f"{url}/{name}", [("proxy", "")], recording=recording)
        code = follow(settings, stream, output)
    raise typer.Exit(code)
