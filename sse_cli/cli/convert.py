"""`sse convert FILE`: a recording, or a raw stream, in another form."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

import typer

from sse_cli.cli import views
from sse_cli.cli.options.stream import Format, OutputOptions
from sse_cli.model.errors import UsageError
from sse_cli.model.events import (
    Chunk,
    Closed,
    Event,
    Ignored,
    Message,
    Opened,
    Reconnecting,
    Resume,
    Signal,
)
from sse_cli.parser.session import Session
from sse_cli.recording import reader, writer
from sse_cli.render.stdout import Output, is_terminal
from sse_cli.run.open_target import max_size
from sse_cli.run.stream_run import Run
from sse_cli.sources import files
from sse_cli.text import json_values

BOM: Final = b"\xef\xbb\xbf"


class Form(StrEnum):
    """What a recording is turned into."""

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
FORCE = Annotated[bool, typer.Option("--force", help="Raw bytes even to a terminal.")]
NDJSON = Annotated[bool, typer.Option("--ndjson", help="Each line of FILE is a JSON message.")]


def convert(file: FILE, *, to: TO, force: FORCE = False, ndjson: NDJSON = False) -> None:
    """Turn a recording into an event stream, JSON Lines or HAR; or a raw stream into a recording.

    sse convert failing.rec --to har > failing.har
    """
    if "://" in file:
        raise UsageError("convert reads a file", f"record one first: sse {file} --record FILE")
    if to is Form.SSE and is_terminal() and not force:
        raise UsageError(
            "--to sse would let the server write to your terminal unescaped",
            "send it to a file or a pipe, or add --force",
        )
    found = files.recorded(file, files.Reading(ndjson=ndjson))
    session = Session(max_size=max_size("16M"), resume=Resume(found.header.last_event_id))
    _FORMS[to](found, session)


def _raw(found: reader.Recording, session: Session) -> None:
    output, bodies = Output(), Bodies()
    for signal in found.signals:
        output.write_bytes(bodies.feed(signal, session.feed(signal)))
    output.flush()


class Bodies:
    """The bodies of all connections as one event stream that has the same events.

    What a cut left unfinished is left out where another connection follows, as a client drops
    it, and so is a byte order mark that would be in the middle.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._written = 0  # bytes of this connection's body, those left out included
        self._is_stream = False
        self._is_first = True

    def feed(self, signal: Signal, events: Iterable[Event]) -> bytes:
        """What can be written for sure; `events` are those that follow from `signal`."""
        if isinstance(signal, Opened):
            self._is_stream = signal.media != "other"
        elif isinstance(signal, Chunk):
            self._pending += signal.data if self._is_stream else b""
            ends = [one.offset + one.size for one in events if isinstance(one, Message)]
            return self._up_to(ends[-1]) if ends else b""
        elif isinstance(signal, Reconnecting):
            cuts = [one.offset for one in events if isinstance(one, Ignored) and _is_cut(one)]
            said = self._up_to(cuts[0]) if cuts else self._rest()
            self._pending.clear()
            self._written, self._is_first = 0, False
            return said
        return self._rest() if isinstance(signal, Closed) else b""

    def _rest(self) -> bytes:
        return self._up_to(self._written + len(self._pending))

    def _up_to(self, offset: int) -> bytes:
        said = bytes(self._pending[: offset - self._written])
        del self._pending[: offset - self._written]
        is_start, self._written = self._written == 0, offset
        return said.removeprefix(BOM) if is_start and not self._is_first else said


def _is_cut(event: Ignored) -> bool:
    return event.reason == "incomplete"


def _json_lines(found: reader.Recording, session: Session) -> None:
    """What `sse watch FILE -o jsonl --all` prints."""
    view = views.make(Format.JSONL, OutputOptions(everything=True), [])
    Run(session, files.RunClock()).over(found.signals, view)


def _archive(found: reader.Recording, session: Session) -> None:
    from sse_cli.convert import har  # noqa: PLC0415 (only what is asked for)

    output = Output()
    output.write(json_values.lay_out(har.archive(found.header, found.signals, session)) + "\n")
    output.flush()


def _cassette(found: reader.Recording, _session: Session) -> None:
    output = Output()
    output.write_bytes(writer.first_line(found.header))
    for signal in found.signals:
        output.write_bytes(writer.line_of(signal))
    output.flush()


_FORMS: Final = {
    Form.SSE: _raw,
    Form.JSONL: _json_lines,
    Form.HAR: _archive,
    Form.CASSETTE: _cassette,
}
