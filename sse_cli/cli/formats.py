"""`sse formats`: list the known wire formats, print one, or show how it reads a stream."""

from __future__ import annotations

from typing import Annotated

import typer

from sse_cli.cli import completion
from sse_cli.cli.target_settings import kind_of
from sse_cli.llm import wire_format
from sse_cli.llm.extractor import envelope_of, envelope_of_ignored, explain
from sse_cli.llm.wire_format import WireFormat
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Ignored, Message
from sse_cli.model.row import Row
from sse_cli.parser.session import Session
from sse_cli.render import console, formats_table
from sse_cli.render.stdout import Output, is_terminal
from sse_cli.sources import files
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.clock import RunClock
from sse_cli.text import escaping


def show_formats(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE.toml]",
            help="Print this format.",
            show_default=False,
            autocompletion=completion.wire_format,
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="STREAM",
            help="Show the result of each expression for each event of a file, or of - (stdin).",
        ),
    ] = None,
) -> None:
    """List the AI wire formats that `sse tail` knows, print one, or try one on a stream.

    To write your own format, start from a printed one. Pass the TOML file to
    `sse tail --format FILE.toml`, or put it in ~/.config/sse-cli/formats.
    """
    if name is None:
        if check:
            raise UsageError("--check tries one format", "sse formats NAME --check STREAM")
        _list()
        return
    wire = wire_format.named(name)
    if check:
        _check(wire, check)
    else:
        text = wire.path.read_text(encoding="utf-8")
        output = Output()
        output.write(escaping.escape(text, keep="\n\t") if is_terminal() else text)
        output.flush()


def _list() -> None:
    """Print a table to a terminal, or tab-separated lines to a pipe."""
    known = wire_format.known()
    if is_terminal():
        console.print_table(console.make(), formats_table.listing(known))
        return
    output = Output()
    for wire in known:
        output.write("\t".join(formats_table.cells(wire)) + "\n")
    output.flush()


def _check(wire: WireFormat, stream: str) -> None:
    """Print the results of the expressions, event by event."""
    reading = Reading()
    kind = kind_of(stream)
    if kind == "url":
        raise UsageError("--check reads a file or -", "record one: sse URL -o raw > stream.sse")
    signals = (
        files.from_stdin(reading, RunClock())
        if kind == "stdin"
        else files.from_file(stream, reading)
    )
    session = Session()
    screen = console.make()
    console.print_lines(screen, formats_table.heading(wire))
    for event in (event for signal in signals for event in session.feed(signal)):
        if isinstance(event, Message):
            envelope = envelope_of(Row(event))
            name = f"{event.n} {event.type}"
        elif isinstance(event, Ignored) and (ignored := envelope_of_ignored(event)):
            envelope = ignored
            name = f"{event.type} (without data)"
        else:
            continue
        lines = formats_table.checked(name, envelope["raw"], explain(wire, envelope))
        console.print_lines(screen, lines)
