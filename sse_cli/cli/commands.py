"""The program's commands. Only the requested one is imported and built."""

from __future__ import annotations

from typing import Annotated

import typer

from sse_cli import __version__
from sse_cli.cli.command_line import Group, StreamCommand

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
        bool, typer.Option("--debug", help="Show the traceback if sse has a bug.")
    ] = False,
) -> None:
    """Declare the options of the program itself."""


# The function and the class of each command, in the order of the help.
Group.later = {
    "watch": ("sse_cli.cli.watch:watch", StreamCommand),
    "tail": ("sse_cli.cli.tail:tail", StreamCommand),
    "check": ("sse_cli.cli.check:check", StreamCommand),
    "convert": ("sse_cli.cli.convert:convert", None),
    "demo": ("sse_cli.cli.serve:demo", None),
    "serve": ("sse_cli.cli.serve:serve", None),
    "formats": ("sse_cli.cli.formats:show_formats", None),
}
