"""Reading of recordings. Everything is validated; errors name the line and column."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import (
    Chunk,
    Closed,
    Ending,
    Media,
    Opened,
    Phase,
    PhaseName,
    Reconnecting,
    Signal,
)
from sse_cli.recording.format import VERSION, Header

MARK: Final = b'{"sse-recording"'
LONGEST_LINE: Final = 64 * 2**20  # bytes; a chunk that we record is a thousandth of that
LONGEST_TIME: Final = 1e9  # seconds, thirty years
BREAKS_OFF: Final = "the recording breaks off"
_START: Final = re.compile(rb'\s*\{\s*"sse-recording"')


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording. `signals` reads the lines, and raises UsageError for an invalid one."""

    header: Header
    signals: Iterator[Signal]


def is_recording(start: bytes) -> bool:
    """Return whether a file with this `start` is a recording."""
    return _START.match(start) is not None


def open_file(path: str) -> Recording:
    """Open a file as a recording. Raises UsageError if it cannot be read or is not a recording."""
    try:
        file = open(path, "rb")  # noqa: SIM115, PTH123 (closed when the signals end)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise UsageError(f"can't read {path}: {reason}", "check its permissions") from None
    return read(iter(lambda: file.read(64 * 1024), b""), path, file.close)


def read(
    pieces: Iterable[bytes], name: str, close: Callable[[], object] = lambda: None
) -> Recording:
    """Read a recording from `pieces` of bytes, split anywhere; `close` is called at the end.

    Raises UsageError if the header is missing or invalid; the signals raise it for a bad line.
    """
    reader = _Reader(name, _lines(pieces))
    try:
        header = reader.header()
    except BaseException:
        close()
        raise
    return Recording(header, reader.signals(close))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their LF; the last line may lack it."""
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for line in whole:
            pending.append(line)
            yield b"".join(pending) + b"\n"
            pending, size = [], 0
        pending.append(rest)
        size += len(rest)
        if size > LONGEST_LINE:
            break
    if last := b"".join(pending):
        yield last


class _Reader:
    """A converter of lines to signals that keeps the position for errors."""

    def __init__(self, name: str, lines: Iterator[bytes]) -> None:
        self._name = name
        self._lines = lines
        self._number = 0
        self._text = ""
        self._at = 0.0
        self._wire: tuple[int, ...] = ()  # after a chunk: the number of its read, its encoded size

    def header(self) -> Header:
        """Return the header, read from the first line."""
        value = self._next()
        if not isinstance(value, dict) or "sse-recording" not in value:
            raise UsageError(f"{self._name} is not a recording", Cause.NOT_RECORDING)
        version = value["sse-recording"]
        if isinstance(version, int) and version > VERSION:
            raise UsageError(
                f"{self._name} was made by a newer sse: version {version} of the format, "
                f"this one reads {VERSION}",
                "upgrade sse-cli",
            )
        found = self._checked(value, {"sse-recording": _is_version, **_HEADER}, "the header")
        found.pop("sse-recording")
        if request := found.get("request"):
            self._checked(request, _REQUEST, "request")
        return Header(**found)

    def signals(self, close: Callable[[], object]) -> Iterator[Signal]:
        """Yield the signals of all other lines, and a `Closed` signal if the file breaks off."""
        try:
            is_open = False
            while (value := self._next()) is not None:
                signal = self._signal(value)
                if isinstance(signal, Chunk) and not is_open:
                    raise self._bad("a chunk before the first open", 1)
                is_open = is_open or isinstance(signal, Opened)
                yield signal
                if isinstance(signal, Closed):
                    return
            where = f" inside line {self._number}" if self._text else ""
            yield Closed(
                self._at,
                Ending.TRUNCATED,
                f"{BREAKS_OFF}{where}: its writer was stopped",
                Cause.RECORDING_CUT,
            )
        finally:
            close()

    def _next(self) -> Any:
        """Return the value of the next line; None at the end, or for an unfinished last line."""
        line = next(self._lines, None)
        self._text = ""
        if line is None:
            return None
        self._number += 1
        self._text = line.decode("utf-8", "replace")
        try:
            return json.loads(line.removesuffix(b"\n"))
        except (ValueError, RecursionError) as error:
            if self._number > 1 and not line.endswith(b"\n"):
                return None
            column = error.colno if isinstance(error, json.JSONDecodeError) else 1
            what = "not valid JSON" if self._number > 1 else "not a recording"
            raise self._bad(what, column) from None

    def _signal(self, value: Any) -> Signal:
        if not isinstance(value, list) or len(value) < 3:
            raise self._bad('not [seconds, "kind", value]', 1)
        at, kind, content, *wire = value
        if not _is_time(at):
            raise self._bad("its time is not a number of seconds", 2)
        if not isinstance(kind, str) or kind not in _KINDS:
            raise self._unknown("kind of signal", kind, _KINDS)
        if len(wire) > 2 or not all(map(_is_count, wire)) or (wire and "chunk" not in kind):
            raise self._bad("more than a chunk's read and size", self._text.rfind(",") + 1)
        self._at = max(self._at, float(at))
        self._wire = tuple(wire)
        return _KINDS[kind](self, content)

    def _open(self, value: Any) -> Signal:
        found = self._checked(value, _OPEN, "open")
        found["headers"] = tuple(map(tuple, found.get("headers", ())))
        return Opened(self._at, **{"url": "", **found})

    def _phase(self, value: Any) -> Signal:
        found = self._checked(value, _PHASE, "phase")
        return Phase(self._at, **{"name": "setup", **found})

    def _chunk(self, value: Any) -> Signal:
        if not isinstance(value, str):
            raise self._bad("a chunk must be a string", self._column("chunk"))
        return Chunk(self._at, value.encode("utf-8", "surrogatepass"), *self._wire)

    def _chunk64(self, value: Any) -> Signal:
        try:
            return Chunk(self._at, base64.b64decode(value, validate=True), *self._wire)
        except (ValueError, TypeError):
            raise self._bad("a chunk64 must be base64", self._column("chunk64")) from None

    def _reconnect(self, value: Any) -> Signal:
        found = self._checked(value, _RECONNECT, "reconnect")
        found["ending"] = self._ending(found)
        return Reconnecting(self._at, **{"attempt": 2, "delay": 0.0, **found})

    def _close(self, value: Any) -> Signal:
        found = self._checked(value, _CLOSE, "close")
        found["cause"] = found.pop("hint", "")
        found["head"] = tuple(found.get("head", ()))
        found["trailers"] = tuple(map(tuple, found.get("trailers", ())))
        return Closed(self._at, **{**found, "ending": self._ending(found)})

    def _ending(self, found: Mapping[str, Any]) -> Ending:
        name = found.get("ending")
        known = [ending.value for ending in Ending]
        if name not in known:
            raise self._unknown("ending", name, known)
        return Ending(name)

    def _checked(
        self, value: Any, checks: Mapping[str, Callable[[Any], bool]], what: str
    ) -> dict[str, Any]:
        """Return `value` if it is an object with known keys and valid values, else raise."""
        if not isinstance(value, dict):
            raise self._bad(f"{what} is not an object", 1)
        for key, one in value.items():
            if key not in checks:
                raise self._unknown(f"key in {what}", key, checks)
            if not checks[key](one):
                raise self._bad(f"{key} has an invalid value", self._column(key))
        return dict(value)

    def _unknown(self, what: str, name: Any, known: Iterable[str]) -> UsageError:
        close = get_close_matches(str(name), [*known], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"expected one of: {', '.join(known)}"
        return self._bad(f"unknown {what}: {str(name)[:80]!r}", self._column(name), hint)

    def _column(self, name: Any) -> int:
        """Return the column (from 1) of a key or value in the line, 1 if it is not found."""
        found = self._text.find(json.dumps(name))
        return found + 1 if found >= 0 else 1

    def _bad(self, what: str, column: int, hint: str = "") -> UsageError:
        hint = hint or "it is not a recording made by sse, or it was edited"
        return UsageError(f"{self._name}: line {self._number}, column {column}: {what}", hint)


_KINDS: Final[dict[str, Callable[[_Reader, Any], Signal]]] = {
    "phase": _Reader._phase,
    "open": _Reader._open,
    "chunk": _Reader._chunk,
    "chunk64": _Reader._chunk64,
    "reconnect": _Reader._reconnect,
    "close": _Reader._close,
}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_version(value: Any) -> bool:
    return _is_count(value) and 1 <= value <= VERSION


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= LONGEST_TIME and math.isfinite(value)


def _is_status(value: Any) -> bool:
    return value is None or (_is_count(value) and 100 <= value <= 999)


def _is_headers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(_is_text, pair)) for pair in value
    )


_HEADER: Final = {
    "started": _is_text,
    "by": _is_text,
    "request": lambda value: value is None or isinstance(value, dict),
    "last_event_id": _is_text,
}
_REQUEST: Final = {
    "method": _is_text,
    "url": _is_text,
    "headers": _is_headers,
    "body_bytes": _is_count,
}
_OPEN: Final = {
    "url": _is_text,
    "status": _is_status,
    "reason": _is_text,
    "http_version": _is_text,
    "headers": _is_headers,
    "media": lambda value: value in get_args(Media),
    "attempt": _is_count,
}
_PHASE: Final = {"name": lambda value: value in get_args(PhaseName), "via": _is_text}
_ENDED: Final = {"ending": _is_text, "detail": _is_text}
_RECONNECT: Final = {"attempt": _is_count, "delay": _is_time, **_ENDED}
_CLOSE: Final = {
    **_ENDED,
    "hint": _is_text,
    "fatal": lambda value: isinstance(value, bool),
    "trailers": _is_headers,
    "head": lambda value: isinstance(value, list) and all(map(_is_text, value)),
}
