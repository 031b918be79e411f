"""Replies of an HTTP/1.1 server, as bytes."""

from __future__ import annotations

STREAM = "Content-Type: text/event-stream"
CHUNKED = "Transfer-Encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


def head(*headers: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    """Return the head of a reply."""
    lines = [f"HTTP/{version} {status}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a reply with its length, an event stream unless `headers` give another type."""
    named = headers or (STREAM,)
    return head(*named, f"Content-Length: {len(body)}", status=status) + body


HELLO = whole(b"data: hello\n\n", STREAM, "Connection: close")
