"""`sse convert FILE`: convert a recording or a raw stream to another form."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from sse_cli.cli import watch_output as outputs
from sse_cli.cli.options.stream import Format, OutputOptions
from sse_cli.convert.event_stream import Bodies
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Resume
from sse_cli.parser.session import Session
from sse_cli.recording import writer
from sse_cli.recording.reader import Recording
from sse_cli.render.stdout import Output, is_terminal
from sse_cli.run.measurements import Measurements
from sse_cli.run.stream_run import StreamRun
from sse_cli.sources import files
from sse_cli.sources.body_reading import Reading
from sse_cli.sources.clock import RunClock
from sse_cli.text import json_values


class Form(StrEnum):
    """The form to convert a recording to."""

    SSE = "sse"
    JSONL = "jsonl"
    HAR = "har"
    CASSETTE = "cassette"


FILE = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="Recording, raw stream, or - for stdin.", show_default=False
    ),
]
TO = Annotated[
    Form,
    typer.Option(
        "--to",
        metavar="FORM",
        help="sse (raw event stream), jsonl (events), har (HTTP archive) or cassette (recording).",
        show_default=False,
    ),
]
FORCE = Annotated[bool, typer.Option("--force", help="Write raw bytes even to a terminal.")]
NDJSON = Annotated[bool, typer.Option("--ndjson", help="Read each line of FILE as a JSON message.")]


def convert(file: FILE, *, to: TO, force: FORCE = False, ndjson: NDJSON = False) -> None:
    """Convert a recording to an event stream, JSON Lines or HAR, or a raw stream to a recording.

    sse convert failing.rec --to har > failing.har
    """
    if "://" in file:
        raise UsageError("convert reads a file", f"record one first: sse {file} --record FILE")
    if to is Form.SSE and is_terminal() and not force:
        raise UsageError(
            "--to sse would let the server write to your terminal unescaped",
            "send it to a file or a pipe, or add --force",
        )
    recording = files.recorded(file, Reading(ndjson=ndjson))
    session = Session(resume=Resume(recording.header.last_event_id))
    _FORMS[to](recording, session)


def _raw(recording: Recording, session: Session) -> None:
    output, bodies = Output(), Bodies()
    for signal in recording.signals:
        output.write_bytes(bodies.feed(signal, session.feed(signal)))
    output.flush()


def _json_lines(recording: Recording, session: Session) -> None:
    """Print the lines of `sse watch FILE -o jsonl --all`."""
    view = outputs.make(Format.JSONL, OutputOptions(everything=True), [])
    observers = [*Measurements(session).observers(), view]
    StreamRun(session, RunClock(), observers).read(recording.signals)


def _archive(recording: Recording, session: Session) -> None:
    from sse_cli.convert import har  # noqa: PLC0415 (only for this form)

    output = Output()
    output.write(
        json_values.lay_out(har.archive(recording.header, recording.signals, session)) + "\n"
    )
    output.flush()


def _cassette(recording: Recording, _session: Session) -> None:
    output = Output()
    output.write_bytes(writer.first_line(recording.header))
    for signal in recording.signals:
        output.write_bytes(writer.line_of(signal))
    output.flush()


_FORMS: Final = {
    Form.SSE: _raw,
    Form.JSONL: _json_lines,
    Form.HAR: _archive,
    Form.CASSETTE: _cassette,
}
