"""The evidence for a reply whose head can't be read, from its first bytes.

h11 says which rule of HTTP was broken, not by which bytes.

Rule: a status line, a size of a chunk and the first line of another protocol are quoted. A header
is shown as far as `redaction` lets it be, and a line without a name is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sse_cli.model.causes import Cause
from sse_cli.model.events import Ending
from sse_cli.text import redaction

LINES: Final = 20  # most lines of a head that are kept for people
LONGEST: Final = 200  # bytes of each
LONGEST_QUOTE: Final = 60
LIMIT: Final = 100  # KiB of a head, httpcore's
# Patterns are compiled when a head is broken, which is rare.
_TLS_RECORD: Final = rb"[\x14-\x17]\x03[\x00-\x04]"  # RFC 8446, 5.1
_HTTP2_SETTINGS: Final = rb"(?s)\0..\x04[\0\x01]\0\0\0\0"  # RFC 9113, 6.5
_CHUNK_SIZE: Final = rb"(?P<size>[0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n"
_SWITCHES: Final = rb"HTTP/1\.[0-9] 101\b"
_UPGRADE: Final = rb"(?im)^upgrade:[ \t]*(?P<to>[!-~]{1,40})"
_NAME: Final = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+\Z"  # RFC 9110, 5.6.2
_CONTROL: Final = rb"[\x00-\x08\x0a-\x1f\x7f]"


class Explained(NamedTuple):
    """The fields of a `Closed` signal for a head that can't be read."""

    ending: Ending
    detail: str
    cause: str


def explain(start: bytes, message: str) -> Explained | None:
    """Return what the first bytes of a reply show of a broken head; None if nothing more.

    `message` is that of the library that refused it, "" if the connection ended.
    """
    if _is_http(start):
        return _broken_http(start, message)
    return _other_protocol(start) or _unknown_start(start, message)


def head_lines(start: bytes) -> tuple[str, ...]:
    """Return the head at the start of a reply in lines for people, with secrets redacted.

    Only the first line is returned of something that is not HTTP.
    """
    head = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
    first, *others = re.split(rb"\r?\n", head)[:LINES]
    if not _is_http(start):
        return (_cut(first),) if first else ()
    return (_cut(first), *map(_shown, others))


def _other_protocol(start: bytes) -> Explained | None:
    if re.match(_TLS_RECORD, start):
        return _malformed("the reply is not HTTP: it is TLS", Cause.TLS_ON_HTTP)
    if re.match(_HTTP2_SETTINGS, start):
        text = "the reply is not HTTP/1.1: it is HTTP/2, which was not asked for"
        return _malformed(text, Cause.HTTP2_ONLY)
    return None


def _unknown_start(start: bytes, message: str) -> Explained | None:
    if size := re.match(_CHUNK_SIZE, start):
        quoted = size["size"].decode()
        text = f"the size of a chunk, '{quoted}', stands where the status line should be"
        return _malformed(f"{text}: the rest of an earlier reply?")
    line = start.splitlines()[0] if start.splitlines() else b""
    if message or not line:
        return None
    return _malformed(f"the reply is not HTTP: it begins with {_quoted(line)}", Cause.NOT_HTTP)


def _broken_http(start: bytes, message: str) -> Explained | None:
    if re.match(_SWITCHES, start):
        return Explained(Ending.REFUSED, _switched(start), Cause.STATUS_101)
    if "too long" in message:
        return _malformed(f"the reply is not valid HTTP: its headers are over {LIMIT} KiB")
    lines = [shown for line in _header_lines(start) if (shown := _broken(line, message))]
    if not lines:
        return None
    return _malformed(f"the reply is not valid HTTP: {message}: {'; '.join(lines[:2])}")


def _malformed(detail: str, cause: str = Cause.MALFORMED) -> Explained:
    return Explained(Ending.MALFORMED, detail, cause)


def _is_http(start: bytes) -> bool:
    return start.startswith(b"HTTP/") or b"HTTP/".startswith(start)


def _switched(start: bytes) -> str:
    upgrade = re.search(_UPGRADE, start)
    to = upgrade["to"].decode() if upgrade else ""
    asked = f" to {to}" if to else ""
    return f"101 Switching Protocols{asked}: a WebSocket endpoint?"


def _header_lines(start: bytes) -> Iterator[bytes]:
    head = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
    yield from re.split(rb"\r?\n", head)[1:]


def _broken(line: bytes, message: str) -> str:
    """Return a line for people if h11's `message` is about it, else ""."""
    name, colon, value = line.partition(b":")
    for framing in ("Content-Length", "Transfer-Encoding"):
        if framing in message:
            return _shown(line) if name.lower() == framing.lower().encode() else ""
    if "header" not in message or not line:
        return ""
    if not colon:
        return f"a line of {len(line):,} bytes without a colon"
    if not re.match(_NAME, name):
        return f"a name that is not valid, before a value of {len(value):,} bytes"
    control = re.search(_CONTROL, value)
    return f"{_shown(line)} ({_named(control[0][0])} in its value)" if control else ""


def _named(control: int) -> str:
    return f"the control character {control:#04x}" if control else "a NUL"


def _shown(line: bytes) -> str:
    name, colon, value = line.partition(b":")
    if not colon or not re.match(_NAME, name):
        return redaction.MARK
    text = value.strip(b" \t").decode("utf-8", "replace")
    return f"{name.decode()}: {redaction.header(name.decode(), text)[:LONGEST]}"


def _cut(line: bytes) -> str:
    return line[:LONGEST].decode("utf-8", "replace")


def _quoted(line: bytes) -> str:
    text = repr(line[:LONGEST_QUOTE])[1:]
    return f"{text}…" if len(line) > LONGEST_QUOTE else text
