"""`sse formats`: the wire formats that are known, one of them, and how it reads a stream."""

from __future__ import annotations

from typing import Annotated

import typer

from sse_cli.cli import completion
from sse_cli.cli.target import kind_of
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
from sse_cli.sources.clock import RunClock
from sse_cli.sources.media import Reading
from sse_cli.text import escaping


def show_formats(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE.toml]",
            help="Print this one.",
            show_default=False,
            autocompletion=completion.wire_format,
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="STREAM",
            help="Show what each expression gives for each event of a file, or of - (stdin).",
        ),
    ] = None,
) -> None:
    """List the AI wire formats that `sse tail` knows, print one, or try one on a stream.

    A format of your own is a TOML file: start from one that is printed, give it to
    `sse tail --format FILE.toml`, or keep it in ~/.config/sse-cli/formats.
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
    """A table for people; for a pipe, lines of cells between tabs."""
    known = wire_format.known()
    if is_terminal():
        console.print_table(console.make(), formats_table.listing(known))
        return
    output = Output()
    for wire in known:
        output.write("\t".join(formats_table.cells(wire)) + "\n")
    output.flush()


def _check(wire: WireFormat, stream: str) -> None:
    """Event by event, what the expressions gave."""
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
        elif isinstance(event, Ignored) and (found := envelope_of_ignored(event)):
            envelope = found
            name = f"{event.type} (without data)"
        else:
            continue
        lines = formats_table.checked(name, envelope["raw"], explain(wire, envelope))
        console.print_lines(screen, lines)
