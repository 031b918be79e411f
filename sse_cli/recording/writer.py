"""Writing of recordings: one line per signal, one write per line."""

from __future__ import annotations

import base64
import json
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

import sse_cli
from sse_cli.model.causes import Cause
from sse_cli.model.errors import OutputError, UsageError
from sse_cli.model.events import Chunk, Opened, Phase, Reconnecting, Signal
from sse_cli.model.observer import Observer
from sse_cli.recording.format import VERSION, Header
from sse_cli.request.model import Request
from sse_cli.text import redaction


def header_of(request: Request | None = None, last_event_id: str = "") -> Header:
    """Return the header of a run that begins now, without secrets."""
    started = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    summary = None
    if request is not None:
        summary = {
            "method": request.method,
            "url": redaction.url(request.url),
            "headers": [list(pair) for pair in redaction.headers(request.headers)],
            "body_bytes": len(request.body or b""),
        }
    return Header(started, f"sse-cli {sse_cli.__version__}", summary, last_event_id)


def first_line(header: Header) -> bytes:
    """Return the line of a header."""
    line: dict[str, Any] = {
        "sse-recording": VERSION,
        "started": header.started,
        "by": header.by,
    }
    if header.request is not None:
        line["request"] = dict(header.request)
    if header.last_event_id:
        line["last_event_id"] = header.last_event_id
    return _line(line)


def line_of(signal: Signal) -> bytes:
    """Return the line of a signal, without secrets."""
    if isinstance(signal, Chunk):
        return _line([signal.at, *_chunk_value(signal)])
    if isinstance(signal, Opened):
        return _line([signal.at, "open", _open_value(signal)])
    if isinstance(signal, Phase):
        return _line([signal.at, "phase", {"name": signal.name, "via": signal.via}])
    ended: dict[str, Any] = {"ending": signal.ending.value, "detail": signal.detail}
    if isinstance(signal, Reconnecting):
        value = {"attempt": signal.attempt, "delay": signal.delay, **ended}
        return _line([signal.at, "reconnect", value])
    # The key has its name from the first version, where it held the advice itself.
    value = {**ended, "hint": signal.cause, "fatal": signal.fatal}
    if signal.trailers:
        value["trailers"] = [list(pair) for pair in redaction.headers(signal.trailers)]
    if signal.head:
        value["head"] = list(signal.head)
    return _line([signal.at, "close", value])


def _chunk_value(chunk: Chunk) -> tuple[str | int, ...]:
    """Return the values after the time; the last two only where they are known."""
    wire = (chunk.read, chunk.encoded) if chunk.encoded else (chunk.read,) if chunk.read else ()
    try:
        return "chunk", chunk.data.decode(), *wire
    except UnicodeDecodeError:
        return "chunk64", base64.b64encode(chunk.data).decode(), *wire


def _open_value(opened: Opened) -> dict[str, Any]:
    is_file = opened.status is None
    return {
        "url": opened.url if is_file else redaction.url(opened.url),
        "status": opened.status,
        "reason": opened.reason,
        "http_version": opened.http_version,
        "headers": [list(pair) for pair in redaction.headers(opened.headers)],
        "media": opened.media,
        "attempt": opened.attempt,
    }


def _line(value: Any) -> bytes:
    """Return a line of JSON; in ASCII, because people may view a recording in a terminal."""
    return (json.dumps(value, separators=(",", ":")) + "\n").encode()


class Recorder(Observer):
    """An observer that writes a recording to `path` (mode 0600), each signal immediately.

    An existing file is overwritten only with `force`. A file without any signal is removed at the
    end. Raises OutputError if writing fails.
    """

    def __init__(self, path: str, header: Header, *, force: bool = False) -> None:
        self.path = path
        self._header = header
        self._force = force
        self._descriptor = -1
        self._is_empty = True

    def start(self) -> None:
        """Create the file and write the header. Raises UsageError if the file cannot be created."""
        self._descriptor = _create(self.path, force=self._force)
        self._write(first_line(self._header))

    def signal(self, signal: Signal) -> None:
        """Write a signal. A file of phases alone is empty: no connection was made or failed."""
        self._is_empty = self._is_empty and isinstance(signal, Phase)
        self._write(line_of(signal))

    def close(self) -> None:
        """Close the file; remove it if it holds no signal."""
        if self._descriptor < 0:
            return
        is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        os.close(self._descriptor)
        if self._is_empty and is_file:
            with suppress(OSError):
                os.unlink(self.path)  # noqa: PTH108 (a str, as it was opened)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(
                f"can't write the recording {self.path}: {reason}",
                "the part written so far can be replayed",
            ) from None


def _create(path: str, *, force: bool) -> int:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)  # with `force`, the file may have existed with other modes
    except FileExistsError:
        raise UsageError(f"{path} already exists", Cause.FILE_EXISTS) from None
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UsageError(f"can't record to {path}: {reason}", "name another file") from None
    return descriptor
