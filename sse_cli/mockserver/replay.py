"""What `sse serve` is given, as scenarios with names: those that ship, recordings, and raw streams.

Rule 1: a recording plays what the server did: head, writes, waits and how it ended, each of its
connections. What the *client* did to it (a limit, Ctrl-C) is no part of that. Rule 2: a raw
stream has no times; it gets an event every `RAW_GAP` seconds. Rule 3: files are read whole and
at once, so that whatever is wrong with one is told before anything is served.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sse_cli.mockserver import scenarios
from sse_cli.mockserver.scenarios import EVENT_STREAM, Framing, Scenario, Step, Then
from sse_cli.mockserver.scenarios.chunking import by_event
from sse_cli.model import media_type
from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Chunk, Closed, Ending, Opened, Reconnecting, Signal
from sse_cli.recording import reader
from sse_cli.text import escaping, units
from sse_cli.text.redaction import MARK

RAW_GAP: Final = 0.05  # seconds between the events of a raw stream
LARGEST: Final = 256 * 2**20  # bytes of a file
NDJSON: Final = "application/x-ndjson"
SUFFIXES: Final = {".sse": EVENT_STREAM, ".ndjson": NDJSON, ".jsonl": NDJSON}
_SNIFFED: Final = 256  # bytes that tell a recording

# How the server ended it, by how the client saw it end; all else ended as HTTP should.
_ENDS: Final[dict[Ending, tuple[Framing, Then]]] = {
    Ending.EOF_UNVERIFIED: ("close", Then.CLOSE),
    Ending.TRUNCATED: ("http", Then.CLOSE),
    Ending.STALLED: ("http", Then.HOLD),
    Ending.DEADLINE: ("http", Then.HOLD),
    Ending.MALFORMED: ("http", Then.GARBLE),
}
_AS_HTTP_SHOULD: Final[tuple[Framing, Then]] = ("http", Then.END)
_CLOSED: Final[tuple[Framing, Then]] = ("none", Then.CLOSE)
_BY_SERVER: Final = {Ending.EOF, Ending.EOF_UNVERIFIED, Ending.TRUNCATED, Ending.MALFORMED}
_WITHOUT_BODY: Final = (204, 304)  # RFC 9110, 6.4.1
# The connection's own, or the server's to say; cookies are secrets that are redacted anyhow.
_NOT_REPLAYED: Final = re.compile(
    r"(?:access-control-.*|alt-svc|cache-control|connection|content-encoding|content-length"
    r"|content-type|date|keep-alive|proxy-.*|set-cookie|strict-transport-security|te|trailer"
    r"|transfer-encoding|upgrade)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SENDABLE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass
class ScenarioLibrary:
    """Scenarios by the names of their routes, and what to tell about the names and files."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, scenario: Scenario, path: str = "") -> str:
        """Take a scenario in under its name, or the first free one like it; that name."""
        name = self._free(scenario.name)
        if name != scenario.name:
            self.notes.append(f"/{name} is {escaping.compact(path)}: /{scenario.name} was taken")
        self.scenarios[name] = replace(scenario, name=name)
        return name

    def _free(self, name: str) -> str:
        tried = name
        number = 1
        while tried in self.scenarios:
            number += 1
            tried = f"{name}-{number}"
        return tried


def collect(words: Sequence[str]) -> ScenarioLibrary:
    """What `words` name: scenarios, files, folders. No words mean all scenarios that ship.

    Raises UsageError for what is none of them, can't be read, or holds no stream.
    """
    library = ScenarioLibrary()
    for word in dict.fromkeys(words or scenarios.names()):
        if word in scenarios.names():
            library.add(scenarios.load(word), word)
            continue
        for path in _files(word):
            scenario = from_file(path)
            if scenario.description.endswith(_BROKEN_OFF):
                library.notes.append(
                    f"{escaping.compact(path)} breaks off: it is served up to there"
                )
            library.add(scenario, path)
    return library


def from_file(path: str) -> Scenario:
    """A recording or a raw stream in a file. Raises UsageError."""
    start = _start(path)
    if reader.is_recording(start):
        return _recorded(path)
    return from_bytes(_stem(path), Path(path).read_bytes(), _content_type(path, start), path)


def from_bytes(name: str, body: bytes, content_type: str, origin: str = "") -> Scenario:
    """A raw stream, each event a write."""
    pieces = by_event(body, lines=content_type == NDJSON)
    steps = [(RAW_GAP if number else 0.0, piece) for number, piece in enumerate(pieces)]
    described = escaping.compact(
        f"{origin}, {units.size(len(body))}" if origin else units.size(len(body))
    )
    return Scenario.of(name, steps, description=described, content_type=content_type)


def from_signals(name: str, signals: Iterable[Signal]) -> Scenario:
    """What a server did, from what its client saw: a reply a connection."""
    replies = [_reply(name, began, part) for began, part in _connections(signals)]
    if not replies:
        raise UsageError(f"{name} holds no connection", Cause.RECORDING_EMPTY)
    return replace(replies[0], more=tuple(replies[1:]))


def _files(word: str) -> Iterator[str]:
    """The files that a word of the command line stands for."""
    try:
        if not os.path.isdir(word):  # noqa: PTH112 (a str, as it was typed)
            if not os.path.lexists(word):
                raise _unknown(word)
            yield word
            return
        names = sorted(os.listdir(word))  # noqa: PTH208
    except OSError as error:
        raise _unreadable(word, error) from None
    found = [path for name in names if _is_stream(path := str(Path(word, name)))]
    if not found:
        raise UsageError(
            f"{word} holds no streams", "it would serve .sse, .ndjson, .jsonl and recordings"
        )
    yield from found


def _unknown(word: str) -> UsageError:
    if "/" in word or Path(word).suffix:
        return UsageError(f"no such file: {word}", "sse serve alone serves what ships with sse")
    hint = scenarios.suggestion(word, scenarios.names())
    return UsageError(f"no scenario is called {word!r}, and no file or folder", hint)


def _is_stream(path: str) -> bool:
    """Whether a file in a folder is to be served."""
    if Path(path).name.startswith(".") or not Path(path).is_file():
        return False
    if Path(path).suffix.lower() in SUFFIXES:
        return True
    try:
        return reader.is_recording(_start(path))
    except UsageError:  # of no interest by its name, and not ours to read
        return False


def _start(path: str) -> bytes:
    try:
        found = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is no regular file", "name a file, or a folder of them")
        if found.st_size > LARGEST:
            raise UsageError(
                f"{path} is too large: {units.size(found.st_size)}",
                f"the limit is {units.size(LARGEST)}",
            )
        with Path(path).open("rb") as file:
            return file.read(_SNIFFED)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> UsageError:
    reason = (error.strerror or "unreadable").lower()
    return UsageError(f"can't read {path}: {reason}", "check its permissions")


def _content_type(path: str, start: bytes) -> str:
    known = SUFFIXES.get(Path(path).suffix.lower())
    return known or (NDJSON if media_type.sniff(start) == "ndjson" else EVENT_STREAM)


def route_name(text: str) -> str:
    """`text` as one segment of a URL's path."""
    return re.sub(r"[^A-Za-z0-9_~.-]+", "-", text).strip(".-") or "stream"


def _stem(path: str) -> str:
    return route_name(Path(path).stem)


_BROKEN_OFF: Final = ", breaks off"


def _recorded(path: str) -> Scenario:
    signals = [*reader.open_file(path).signals]
    made = from_signals(_stem(path), signals)
    last = signals[-1]
    size = units.size(sum(len(signal.data) for signal in signals if isinstance(signal, Chunk)))
    ended = f"ended {last.ending}" if isinstance(last, Closed) else ""
    breaks_off = isinstance(last, Closed) and last.detail.startswith(reader.BREAKS_OFF)
    told = f"{path}, recorded: {last.at:.1f} s, {size}"
    ending = _BROKEN_OFF if breaks_off else f", {ended}"
    return replace(made, description=escaping.compact(told) + ending)


def _connections(signals: Iterable[Signal]) -> Iterator[tuple[float, list[Signal]]]:
    """When each connection was begun, and its signals, the end last."""
    began = 0.0
    current: list[Signal] = []
    for signal in signals:
        current.append(signal)
        if isinstance(signal, Reconnecting | Closed):
            yield began, current
            current = []
            began = signal.at + getattr(signal, "delay", 0.0)


def _reply(name: str, began: float, signals: Sequence[Signal]) -> Scenario:
    """One connection, played by its stamps."""
    end = signals[-1]
    assert isinstance(end, Reconnecting | Closed)  # noqa: S101 (`_connections` sees to it)
    opened = next((signal for signal in signals if isinstance(signal, Opened)), None)
    if opened is None:
        return Scenario(name, "", (), framing="none", then=_ended(end, _CLOSED)[1])
    framing, then = _ended(end, _AS_HTTP_SHOULD)
    made = Scenario(
        name,
        "",
        tuple(_steps(opened, signals, end)),
        status=_status(name, opened),
        content_type=_type_of(opened),
        headers=tuple(_headers(opened)),
        framing=framing,
        then=then,
        wait=max(0.0, opened.at - began),
    )
    return replace(made, steps=()) if made.status in _WITHOUT_BODY else made


def _ended(end: Reconnecting | Closed, otherwise: tuple[Framing, Then]) -> tuple[Framing, Then]:
    """How the server ended a connection. Only the words tell a reset from a cut."""
    framing, then = _ENDS.get(end.ending, otherwise)
    return framing, Then.RESET if then is Then.CLOSE and "reset" in end.detail else then


def _steps(opened: Opened, signals: Sequence[Signal], end: Reconnecting | Closed) -> Iterator[Step]:
    at = opened.at
    size = 0
    for signal in signals:
        if isinstance(signal, Chunk):
            yield Step(max(0.0, signal.at - at), signal.data)
            at = signal.at
            size += len(signal.data)
    if isinstance(end, Closed) and end.body and not size:  # a refused reply keeps it there
        yield Step(0.0, end.body)
    if end.ending in _BY_SERVER and end.at > at:
        yield Step(end.at - at, b"")


def _status(name: str, opened: Opened) -> int:
    status = 200 if opened.status is None else opened.status
    if not 200 <= status <= 599:
        raise UsageError(f"{name}: {status} is no status of a reply", "200 to 599 are")
    return status


def _type_of(opened: Opened) -> str:
    """The reply's content type as it was; of a recorded file, by what it holds."""
    if opened.status is None:
        return NDJSON if opened.media == "ndjson" else EVENT_STREAM
    found = opened.header("content-type") or ""
    return found if _SENDABLE.fullmatch(found) else ""


def _headers(opened: Opened) -> Iterator[tuple[str, str]]:
    """Those that were the stream's own, and are no secret."""
    for name, value in opened.headers:
        is_clean = _NAME.fullmatch(name) and _SENDABLE.fullmatch(value) and MARK not in value
        if is_clean and not _NOT_REPLAYED.fullmatch(name):
            yield name, value
