"""The program's commands."""

from __future__ import annotations

from typing import Annotated

import typer

from sse_cli import __version__
from sse_cli.cli.convert import convert
from sse_cli.cli.declare import expanded
from sse_cli.cli.formats import show_formats
from sse_cli.cli.parsing import Group, StreamCommand
from sse_cli.cli.servers import demo, serve
from sse_cli.cli.tail import tail
from sse_cli.cli.watch import watch

app = typer.Typer(
    name="sse",
    cls=Group,
    help="The terminal's DevTools for Server-Sent Events. sse URL is short for sse watch URL; "
    "a pasted curl command works too: sse curl -N https://…",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"sse-cli {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("-V", "--version", help="Show the version.", is_eager=True, callback=_version),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a bug of ours.")
    ] = False,
) -> None:
    """Declared for the options of the program itself."""


app.command("watch", cls=StreamCommand)(expanded(watch))
app.command("tail", cls=StreamCommand)(expanded(tail))
app.command("convert")(expanded(convert))
app.command("demo")(expanded(demo))
app.command("serve")(expanded(serve))
app.command("formats")(expanded(show_formats))
