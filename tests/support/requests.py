"""A request read from a raw socket, byte for byte as the client wrote it."""

from __future__ import annotations

import socket
from typing import BinaryIO, NamedTuple


class Recorded(NamedTuple):
    """One request as it came over the wire: names and values as written, in order.

    Header text is UTF-8; invalid bytes appear as surrogate escapes.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


def read_request(stream: BinaryIO, connection: socket.socket) -> Recorded | None:
    """Read a request; return None if the connection ends before its first line does.

    A client that expects "100 Continue" gets it.
    """
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        return None
    method, target, _ = _text(line).split(" ", 2)
    headers = _read_headers(stream)
    fields = {name.lower(): value.lower() for name, value in headers}
    if fields.get("expect") == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Recorded(method, target, headers, _read_body(stream, fields))


def _read_headers(stream: BinaryIO) -> list[tuple[str, str]]:
    headers = []
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        name, _, value = _text(line).partition(":")
        headers.append((name, value.strip(" \t")))
    return headers


def _read_body(stream: BinaryIO, fields: dict[str, str]) -> bytes:
    if fields.get("transfer-encoding") != "chunked":
        return stream.read(int(fields.get("content-length", "0")))
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    _read_headers(stream)  # the trailer section (RFC 9112, 7.1.2)
    return body


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
